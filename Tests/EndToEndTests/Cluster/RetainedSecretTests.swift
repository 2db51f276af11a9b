import JSON
import Kube
import TestSupport
import TestTraits
import Testing

@Suite("Secrets that must not be deleted", .endsIfHung)
struct RetainedSecretTests {
    private func delete(_ world: World, _ name: String, propagation: String) async throws {
        var request = Request.delete(.secretsDistributions, namespace: world.namespace, name: name, uid: nil)
        let options: JSONValue = [
            "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": .string(propagation),
        ]
        request.body = options.encoded()
        _ = try await world.client.send(request)
    }

    /// Does what the garbage collector does at the end: this server has none.
    private func removeFinalizers(_ world: World, _ name: String) async throws {
        try await world.patch(name, ["metadata": ["finalizers": nil]])
    }

    /// Creates a distribution and waits for it: when it is in sync, the agent has also seen the ones before it.
    private func mark(_ world: World, _ name: String) async throws {
        try await world.create(world.distribution(name, [("a", "a")]))
        try await world.expect(name, .synced)
    }

    private func working(_ body: (World) async throws -> Void) async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")], policy: .delete))
        try await world.withAgent {
            try await world.expect("app", .synced)
            try await body(world)
        }
    }

    @Test("kubectl delete --cascade=orphan leaves the Secret, without our reference")
    func orphan() async throws {
        try await working { world in
            try await delete(world, "app", propagation: "Orphan")
            #expect(
                try await eventually {
                    let secret = try await world.secret("app")
                    return secret != nil && secret?.metadata.ownerReferences?.isEmpty ?? true
                })
            try await removeFinalizers(world, "app")
            try await mark(world, "after")
            #expect(try await world.secret("app") != nil)
        }
        let world = try await World()
        #expect(try await world.secret("app") == nil)
    }

    @Test("another finalizer keeps the Secret until the distribution is gone")
    func finalizer() async throws {
        try await working { world in
            try await world.patch("app", ["metadata": ["finalizers": ["example.org/held"]]])
            try await world.delete("app")
            try await mark(world, "meanwhile")
            #expect(try await world.secret("app")?.metadata.ownerReferences?.count == 1)
            try await removeFinalizers(world, "app")
            #expect(try await eventually { try await world.secret("app") == nil })
        }
    }

    @Test("a copy that a person made stays, whatever was replaced in it", arguments: [false, true])
    func copy(isReplacedEverywhere: Bool) async throws {
        try await working { world in
            let secret = try await world.client.get(
                JSONValue.self, .secrets, namespace: world.namespace, name: "app")
            let metadata = try #require(secret["metadata"])
            var annotations = metadata["annotations"]?.object ?? [:]
            if isReplacedEverywhere {
                annotations = annotations.mapValues { value in
                    guard let text = value.string else { return value }
                    return .string(text.hasSuffix("/app") ? "\(text)-backup" : text)
                }
            }
            let copy: JSONValue = [
                "apiVersion": "v1", "kind": "Secret", "data": secret["data"] ?? [:],
                "metadata": [
                    "name": "app-backup", "labels": metadata["labels"] ?? [:], "annotations": .object(annotations),
                    "ownerReferences": metadata["ownerReferences"] ?? [],
                ],
            ]
            try await world.client.create(.secrets, namespace: world.namespace, copy)
            try await mark(world, "after")
            try await world.patch("app", ["spec": ["name": "renamed"]])
            // The original is removed, and the copy stays.
            try await world.expect("renamed", ["a": "1"])
            #expect(try await eventually { try await world.secret("app") == nil })
            #expect(try await world.secret("app-backup") != nil)
        }
    }
}
