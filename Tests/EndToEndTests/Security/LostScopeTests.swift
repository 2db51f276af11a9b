import Admin
import Kube
import Stores
import TestSupport
import TestTraits
import Testing

/// `WATCH_NAMESPACES` with roles in each namespace.
@Suite("A namespace that the agent may not read", .endsIfHung)
struct LostScopeTests {
    // frank: no other test gives him roles, and he has none for all namespaces.
    private static let roles = Resource(group: "rbac.authorization.k8s.io", plural: "rolebindings")

    private func allow(_ user: String, in world: World) async throws {
        for resource in [Resource.secrets, .secretsDistributions] {
            try await world.server.allow(
                user, ["get", "list", "watch", "create", "patch", "delete"], resource, in: world.namespace)
        }
    }

    @Test("because it does not exist delays no other namespace, is reported, and is served when it exists")
    func missing() async throws {
        let world = try await World()
        let late = "late-\(world.namespace)"
        try AtomicVolume(world.mount).write(["a": "A"])
        try await world.create(world.distribution("app", [("a", "a")]))
        try await allow("frank", in: world)
        try await world.withAgent(as: .named("frank")) {
            $0.watchNamespaces = [late, world.namespace]
            $0.listenAddress = ListenAddress(host: "127.0.0.1", port: 0)
        } _: {
            try await world.expect("app", .synced)
            #expect(await eventually { world.logs.count("first pass done") == 1 })
            #expect(await eventually { world.logs.count("scope is skipped") == 1 })
            let port = try #require(
                world.logs.lines.first { $0.contains("admin endpoint listens") }
                    .flatMap { $0.split(separator: ":").last.flatMap { Int($0) } })
            let get = { (target: String) in try #require(await RawClient.get(target, port: port)) }
            #expect(try await get("/startupz").hasPrefix("HTTP/1.1 200 "))
            let ready = try await get("/readyz?verbose")
            #expect(ready.hasPrefix("HTTP/1.1 200 "))
            let note = "ok, but the distributions of namespace \(late) cannot be listed"
            #expect(ready.contains("[+]distributions in namespace \(late) \(note)"), "\(ready)")
            let accessible = { (namespace: String, value: Int) in
                try await get("/metrics").contains(
                    "secrets_distributor_scope_accessible{namespace=\"\(namespace)\",resource=\"secretsdistributions\"}"
                        + " \(value)\n")
            }
            #expect(try await accessible(late, 0))
            #expect(try await eventually { try await accessible(world.namespace, 1) })

            try await world.client.create(
                .namespaces, ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(late)]])
            for resource in [Resource.secrets, .secretsDistributions] {
                try await world.server.allow("frank", ["*"], resource, in: late)
            }
            try await world.client.create(
                .secretsDistributions, namespace: late,
                world.distribution("app", [("a", "a")]).merging(["metadata": ["namespace": .string(late)]]))
            #expect(
                try await eventually {
                    let secrets = try await world.client.list(LiveSecret.self, .secrets, namespace: late).items
                    return secrets.contains { $0.metadata.name == "app" }
                })
            #expect(world.logs.count("scope is served again") == 1)
            #expect(try await eventually { try await accessible(late, 1) })
        }
    }

    @Test("any more loses no Secret, and the other namespaces are served")
    func lost() async throws {
        let world = try await World()
        let other = try await World(on: world.server)
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "A"])
        for world in [world, other] {
            try await world.create(world.distribution("app", [("a", "a")], policy: .delete))
            try await allow("frank", in: world)
        }
        try await world.withAgent(as: .named("frank")) {
            $0.watchNamespaces = [world.namespace, other.namespace]
            $0.resyncInterval = .seconds(3)
        } _: {
            try await world.expect("app", .synced)
            try await other.expect("app", .synced)
            let bindings = try await world.client.list(MetadataOnly.self, Self.roles, namespace: other.namespace).items
            for binding in bindings {
                try await world.client.delete(
                    Self.roles, namespace: other.namespace, name: binding.metadata.name, uid: nil)
            }
            #expect(await eventually { world.logs.count("watch failed") >= 2 })
            try volume.write(["a": "B"])
            try await world.expect("app", ["a": "B"])
            try await world.expect("app", .synced)
            #expect(try await other.secret("app")?.texts == ["a": "A"])
            try await allow("frank", in: other)
            try await other.expect("app", ["a": "B"])
        }
    }

    @Test("is an error of a single pass, which serves the other namespaces; if it is the only one, the pass fails")
    func pass() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "A"])
        try await world.create(world.distribution("app", [("a", "a")]))
        try await allow("frank", in: world)
        let result = try await world.sync(as: .named("frank")) { $0.watchNamespaces = ["not-there", world.namespace] }
        try await world.expect("app", ["a": "A"])
        #expect(result.outcomes.values.map(\.reason) == [.synced])
        #expect(result.faults.count == 1 && result.faults.first?.contains("namespace not-there") == true)
        await #expect(throws: StoreError.self) {
            _ = try await world.sync(as: .named("frank")) { $0.watchNamespaces = ["not-there"] }
        }
    }
}
