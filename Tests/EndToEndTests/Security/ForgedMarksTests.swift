import Distribution
import FoundationEssentials
import JSON
import TestSupport
import TestTraits
import Testing

/// A tenant that may write Secrets in its own namespace gives them all the marks of another namespace's target.
@Suite("Forged labels and annotations", .endsIfHung)
struct ForgedMarksTests {
    @Test("that name another namespace's distribution and target have no effect, and the tenant keeps its Secret")
    func otherNamespace() async throws {
        let victim = try await World()
        let tenant = try await World()
        let volume = try AtomicVolume(victim.mount)
        try volume.write(["a": "1"])
        let uid = try #require(try await victim.create(victim.distribution("app", [("a", "a")], policy: .delete)).uid)
        let key = ObjectKey(namespace: victim.namespace, name: "app")
        let forged = { (name: String) -> JSONValue in
            [
                "metadata": [
                    "name": .string(name), "labels": [WellKnownKeys.managedByLabel: .string(victim.namespace)],
                    "annotations": [
                        WellKnownKeys.managedBy: .string(victim.namespace),
                        WellKnownKeys.distribution: .string(key.description),
                        WellKnownKeys.target: .string(WellKnownKeys.target(key, of: uid)),
                        WellKnownKeys.mountGeneration: "..2999_01_01_00_00_00.1",
                    ],
                    "ownerReferences": [
                        [
                            "apiVersion": .string(WellKnownKeys.apiVersion), "kind": .string(WellKnownKeys.kind),
                            "name": "app",
                            "uid": .string(uid),
                        ]
                    ],
                ],
                "data": ["a": "Zm9yZ2Vk"],
            ]
        }
        try await victim.withAgent {
            $0.watchNamespaces = [victim.namespace, tenant.namespace]
            $0.resyncInterval = .seconds(1)
        } _: {
            try await victim.expect("app", ["a": "1"])
            for name in ["app", "other"] {
                try await tenant.client.create(.secrets, namespace: tenant.namespace, forged(name))
            }
            try volume.write(["a": "2"])
            try await victim.expect("app", ["a": "2"])
            try await victim.expect("app", .synced)
            // Drift, a removal and a recreation.
            try await tenant.patchSecret("other", ["data": ["a": "b3RoZXI="]])
            try await tenant.client.delete(.secrets, namespace: tenant.namespace, name: "app", uid: nil)
            try await tenant.client.create(.secrets, namespace: tenant.namespace, forged("app"))
            try volume.write(["a": "3"])
            try await victim.expect("app", ["a": "3"])
            try await victim.delete("app")
            #expect(try await eventually { try await victim.secret("app") == nil })
            // Two more lists.
            let lists = { try tenant.server.served(in: tenant.namespace).count { $0.verb == "list" } }
            let before = try lists()
            #expect(try await eventually { try lists() >= before + 4 })
        }
        #expect(try await tenant.secret("app")?.data == ["a": Data("forged".utf8)])
        #expect(try await tenant.secret("other")?.data == ["a": Data("other".utf8)])
        let writes = try tenant.server.served(in: tenant.namespace).filter {
            $0.objectRef?.resource == "secrets" && !["get", "list", "watch"].contains($0.verb)
        }
        // The tenant's own writes above.
        #expect(writes.map(\.verb) == ["create", "create", "patch", "delete", "create"])
    }
}
