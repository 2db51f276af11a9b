import Distribution
import JSON
import Kube
import Observability
import Planning
import Stores
import TestSupport
import TestTraits
import Testing

@Suite("A Secret that the agent updates", .tags(.concurrent))
struct SecretUpdateTests {
    private struct Fixture {
        let server: APIServer
        let namespace: String
        let requests: NotedRequests
        let log = LineRecorder()
        let store: KubernetesSecretStore

        init(_ server: APIServer, _ namespace: String, as client: (any KubeTransport)? = nil) {
            (self.server, self.namespace) = (server, namespace)
            requests = NotedRequests(client ?? server.client)
            store = KubernetesSecretStore(client: requests, managedBy: "me", logger: log.logger)
        }

        /// The methods of the requests so far.
        var methods: [Request.Method] { requests.all.map(\.method) }

        func patch(_ metadata: JSONValue) async throws {
            try await server.client.patch(
                .secrets, namespace: namespace, name: "target", ["metadata": metadata])
        }

        func stored() async throws -> JSONValue {
            try await server.client.get(JSONValue.self, .secrets, namespace: namespace, name: "target")
        }

        func update(to data: [String: [UInt8]]) async throws -> ObservedTarget {
            let key = ObjectKey(namespace: namespace, name: "target")
            let observed = try #require(try await store.observe(key))
            let desired = try desiredTarget(namespace, data, generation: "generation-2")
            guard case .update(let target, let patch) = Plan(desired: desired, observed: observed, managedBy: "me")
            else {
                Issue.record("the plan is no update")
                return observed
            }
            return try await store.update(target, patch)
        }
    }

    private func fixture() async throws -> Fixture {
        let server = try await APIServer.shared()
        return Fixture(server, try await server.namespace())
    }

    private static let reference: JSONValue = [
        "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "6ba7b810-9dad-11d1-80b4-00c04fd430c9",
        "blockOwnerDeletion": false,
    ]

    @Test("is sent as a whole, with the labels, annotations and owners of others")
    func whole() async throws {
        let fixture = try await fixture()
        _ = try await fixture.store.create(try desiredTarget(fixture.namespace, ["a": [1], "b": [2], "c": [3]]))
        let others: JSONValue = [
            "labels": ["theirs": "label"], "annotations": ["theirs": "a \"quoted\" <ä>\n"],
            "ownerReferences": [Self.reference],
        ]
        try await fixture.patch(others)
        let before = try await fixture.stored()
        let updated = try await fixture.update(to: ["a": [1], "b": [20]])
        #expect(fixture.methods == [.post, .get, .put])
        #expect(
            updated.digests == (try desiredTarget(fixture.namespace, ["a": [1], "b": [20]])).data.mapValues(\.digest))
        #expect(try await fixture.store.observe(updated.key) == updated)
        let after = try await fixture.stored()
        #expect(after["metadata"]?["labels"]?["theirs"] == "label")
        #expect(after["metadata"]?["annotations"]?["theirs"] == "a \"quoted\" <ä>\n")
        for field in ["uid", "creationTimestamp", "ownerReferences", "labels"] {
            #expect(after["metadata"]?[field] == before["metadata"]?[field])
        }
    }

    @Test(
        "is patched if the agent does not know all of it",
        arguments: [
            ["finalizers": ["example.com/theirs"]], ["generateName": "target-"],
            ["annotations": [WellKnownKeys.lastApplied: "{}"]],
        ] as [JSONValue])
    func patched(_ metadata: JSONValue) async throws {
        let fixture = try await fixture()
        _ = try await fixture.store.create(try desiredTarget(fixture.namespace, ["a": [1]]))
        try await fixture.patch(metadata)
        let stored = try await fixture.stored()
        let (field, value) = try #require(metadata.object?.first)
        try #require(stored["metadata"]?[field] != nil)
        _ = try await fixture.update(to: ["a": [2]])
        #expect(fixture.methods == [.post, .get, .patch])
        let after = try await fixture.stored()
        for (key, entry) in value.object ?? [:] { #expect(after["metadata"]?[field]?[key] == entry) }
        if value.object == nil { #expect(after["metadata"]?[field] == value) }
        try await fixture.patch(["finalizers": nil])
    }

    @Test("is patched, also later, if the role lacks the verb update, and the log says so once")
    func role() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let user = "bob"
        try await server.allow(user, ["get", "create", "patch"], .secrets, in: namespace)
        let client = try server.client(.named(user))
        defer { client.shutdown() }
        let fixture = Fixture(server, namespace, as: client)
        _ = try await fixture.store.create(try desiredTarget(namespace, ["a": [1]]))
        for byte in 2...4 as ClosedRange<UInt8> {
            let updated = try await fixture.update(to: ["a": [byte]])
            #expect(updated.digests == (try desiredTarget(namespace, ["a": [byte]])).data.mapValues(\.digest))
        }
        #expect(fixture.methods == [.post, .get, .put, .patch, .get, .patch, .get, .patch])
        #expect(fixture.log.count("secrets are patched") == 1)
    }

    @Test("reports the refusal if the role allows neither, and later updates are tried again")
    func refused() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let user = "bob"
        try await server.allow(user, ["get", "create"], .secrets, in: namespace)
        let client = try server.client(.named(user))
        defer { client.shutdown() }
        let fixture = Fixture(server, namespace, as: client)
        _ = try await fixture.store.create(try desiredTarget(namespace, ["a": [1]]))
        let error = await #expect(throws: StoreError.self) { _ = try await fixture.update(to: ["a": [2]]) }
        guard case .forbidden(let text) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("cannot patch resource"))
        try await server.allow(user, ["update"], .secrets, in: namespace)
        _ = try await fixture.update(to: ["a": [2]])
        #expect(fixture.methods.suffix(2) == [.get, .put])
        #expect(fixture.log.count("secrets are patched") == 0)
    }
}
