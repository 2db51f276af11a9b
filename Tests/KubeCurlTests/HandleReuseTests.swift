import JSON
import Kube
import TestSupport
import TestTraits
import Testing

/// An easy handle serves one request after another while others are in flight.
@Suite("Requests of different kinds, many at once", .tags(.concurrent, .unsafeMemory), .endsIfHung)
struct HandleReuseTests {
    @Test("do not affect each other")
    func mixed() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let client = try server.client(.admin)
        defer { client.shutdown() }
        try await withThrowingTaskGroup { group in
            for worker in 0..<8 {
                group.addTask {
                    for round in 0..<10 {
                        let (name, value) = ("s-\(worker)", "\(worker)-\(round)")
                        let create = Request.create(.secrets, namespace: namespace, secret(name))
                        #expect(try await client.send(create).status == 201)
                        let patch = Request.mergePatch(
                            .secrets, namespace: namespace, name: name, ["metadata": ["labels": ["v": .string(value)]]])
                        #expect(try await client.send(patch).status == 200)
                        let found = try await client.get(
                            MetadataOnly.self, .secrets, namespace: namespace, name: name)
                        #expect(found.metadata.name == name && found.metadata.labels == ["v": value])
                        // With a body, which has the precondition, and then without one.
                        if round.isMultiple(of: 2) {
                            try await client.delete(
                                .secrets, namespace: namespace, name: name, uid: found.metadata.uid)
                        } else {
                            try await client.delete(.secrets, namespace: namespace, name: name, uid: nil)
                        }
                        let error = await failure { () throws(KubeError) in
                            try await client.get(MetadataOnly.self, .secrets, namespace: namespace, name: name)
                        }
                        #expect(error == .notFound(message: "secrets \"\(name)\" not found"))
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
