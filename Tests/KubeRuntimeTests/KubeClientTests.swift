import JSON
import Kube
import TestSupport
import TestTraits
import Testing

@Suite(.tags(.concurrent, .unsafeMemory), .endsIfHung)
struct KubeClientTests {
    @Test func `a Secret with binary data is created, read, patched and deleted`() async throws {
        let server = try await APIServer.shared()
        let client = server.client
        let namespace = try await server.namespace()
        let created = try await client.create(
            .secrets, namespace: namespace, secret("a", ["k": "/wD+", "old": "AA=="]))
        let patch: JSONValue = [
            "metadata": ["resourceVersion": .string(created.resourceVersion ?? "")],
            "data": ["k": "AQID", "old": nil],
        ]
        let patched = try await client.patch(.secrets, namespace: namespace, name: "a", patch)
        #expect(patched.uid == created.uid)
        #expect(patched.resourceVersion != created.resourceVersion)
        let read = try await client.get(JSONValue.self, .secrets, namespace: namespace, name: "a")
        #expect(read["data"] == ["k": "AQID"])
        let manager = read["metadata"]?["managedFields"]?.array?.first?["manager"]
        #expect(manager?.string == "secrets-distributor")
        try await client.delete(
            .secrets, namespace: namespace, name: "a", uid: patched.uid, resourceVersion: patched.resourceVersion)
        let gone = await failure { () throws(KubeError) in
            try await client.get(MetadataOnly.self, .secrets, namespace: namespace, name: "a")
        }
        #expect(gone == .notFound(message: "secrets \"a\" not found"))
    }

    @Test func `an object that already exists and one that has changed cause different errors`() async throws {
        let server = try await APIServer.shared()
        let client = server.client
        let namespace = try await server.namespace()
        let first = try await client.create(.secrets, namespace: namespace, secret("a"))
        let again = await failure { () throws(KubeError) in
            try await client.create(.secrets, namespace: namespace, secret("a"))
        }
        guard case .alreadyExists = again else {
            Issue.record("\(String(describing: again))")
            return
        }
        try await client.patch(.secrets, namespace: namespace, name: "a", ["data": ["k": "AA=="]])
        let stale: JSONValue = [
            "metadata": ["resourceVersion": .string(first.resourceVersion ?? "")], "data": ["k": "AQ=="],
        ]
        let late = await failure { () throws(KubeError) in
            try await client.patch(.secrets, namespace: namespace, name: "a", stale)
        }
        guard case .conflict = late else {
            Issue.record("\(String(describing: late))")
            return
        }
        let other = await failure { () throws(KubeError) in
            try await client.delete(.secrets, namespace: namespace, name: "a", uid: "another")
        }
        guard case .conflict = other else {
            Issue.record("\(String(describing: other))")
            return
        }
    }

    @Test func `the error for an invalid Secret names the fields and none of their values`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let error = await failure { () throws(KubeError) in
            try await server.client.create(.secrets, namespace: namespace, secret("a", ["not/a key": "c2VjcmV0"]))
        }
        #expect(error == .invalid(status: 422, fields: ["?: FieldValueInvalid"]))
    }

    @Test func `a list is split into pages of one version, and can select by label`() async throws {
        let server = try await APIServer.shared()
        let client = server.client
        let namespace = try await server.namespace()
        for index in 0..<5 {
            let labels: [String: JSONValue] = ["parity": index.isMultiple(of: 2) ? "even" : "odd"]
            try await client.create(.secrets, namespace: namespace, secret("s\(index)", labels: labels))
        }
        var names: [String] = []
        var token: String?
        var versions: Set<String> = []
        repeat {
            let page = try await client.list(
                MetadataOnly.self, .secrets, namespace: namespace, limit: 2, continue: token)
            names += page.items.map(\.metadata.name)
            versions.insert(page.metadata.resourceVersion)
            token = page.nextPage
            #expect(page.items.count <= 2)
        } while token != nil
        #expect(names == ["s0", "s1", "s2", "s3", "s4"])
        #expect(versions.count == 1)
        let odd = try await client.list(
            MetadataOnly.self, .secrets, namespace: namespace, labelSelector: "parity in (odd),other!=x")
        #expect(odd.items.map(\.metadata.name) == ["s1", "s3"])
    }

    @Test func `requests share one HTTP 2 connection`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let client = try server.client(.admin)
        defer { client.shutdown() }
        try await withThrowingTaskGroup { group in
            for index in 0..<40 {
                group.addTask {
                    try await client.create(.secrets, namespace: namespace, secret("s\(index)"))
                }
            }
            try await group.waitForAll()
        }
        #expect(client.connections == 1)
        #expect(client.http2Responses == 40)
    }

    @Test func `a large Secret is sent and received completely`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let value = String(repeating: "AAECAwQF", count: 120_000)
        try await server.client.create(.secrets, namespace: namespace, secret("large", ["k": .string(value)]))
        let page = try await server.client.list(JSONValue.self, .secrets, namespace: namespace)
        // Not with #expect on the values: its message would be a megabyte.
        let isWhole = page.items.first?["data"]?["k"]?.string == value
        #expect(isWhole)
    }

    @Test func `a namespace that is being deleted rejects new objects`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        // No controller runs here, so the namespace stays in this state.
        try await server.client.delete(.namespaces, name: namespace, uid: nil)
        let error = await failure { () throws(KubeError) in
            try await server.client.create(.secrets, namespace: namespace, secret("a"))
        }
        #expect(error == .namespaceTerminating)
    }
}
