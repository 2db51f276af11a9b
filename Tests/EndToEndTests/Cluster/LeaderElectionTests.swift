import FoundationEssentials
import Glibc
import JSON
import Kube
import KubeConfig
import KubeRuntime
import TestSupport
import TestTraits
import Testing

/// Agents as separate processes, on one API server, with a Lease. Serialized, because they depend on time.
@Suite("With leader election", .serialized, .endsIfHung)
struct LeaderElectionTests {
    /// Long enough that an agent on a busy machine does not lose its lease.
    private let duration: Duration = .seconds(10)

    /// Runs `body` with an agent, which has ended when this returns.
    private func withAgent(
        _ world: World, mount: String? = nil, lease: Duration? = nil, podUID: String = "", port: Int? = nil,
        _ body: (Binary) async throws -> Void
    ) async throws {
        let seconds = (lease ?? duration).components.seconds
        let agent = try await Binary(
            ["run"],
            environment: [
                "SECRETS_PATH": mount ?? world.mount, "MANAGED_BY": world.namespace,
                "WATCH_NAMESPACES": world.namespace, "DEBOUNCE_QUIET": "20ms",
                "KUBECONFIG": try world.server.kubeconfig(namespace: world.namespace), "LEADER_ELECTION": "true",
                "LEASE_NAME": "lease", "LEASE_DURATION": "\(seconds)s", "LEASE_RENEW_DEADLINE": "\(seconds * 2 / 3)s",
                "LEASE_RETRY_PERIOD": "200ms", "POD_UID": podUID,
                "LISTEN_ADDRESS": port.map { "127.0.0.1:\($0)" } ?? "",
            ])
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(agent))
        } catch {
            result = .failure(error)
        }
        agent.signal(SIGKILL)
        _ = await agent.ended()
        try result.get()
    }

    /// Waits until the agent has logged `text`.
    private func expect(
        _ agent: Binary, _ message: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let isSo = await eventually { agent.errors.contains("\"\(message)\"") }
        try #require(isSo, "\(message): \(agent.errors)", sourceLocation: sourceLocation)
    }

    private func lease(_ world: World) async throws -> Lease {
        try await world.client.get(Lease.self, .leases, namespace: world.namespace, name: "lease")
    }

    @Test("one of two agents writes; SIGTERM releases the lease, and the other takes over at once")
    func handover() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        // Longer than any wait: without the release, no agent takes over.
        let duration: Duration = .longestWait * 2
        let seen = try await world.witnessed { witness in
            try await withAgent(world, lease: duration) { leader in
                try await expect(leader, "leadership acquired")
                try await world.expect("app", ["a": "1"])
                try await withAgent(world, lease: duration) { follower in
                    try await expect(follower, "another agent leads")
                    try volume.write(["a": "2"])
                    try await world.expect("app", ["a": "2"])
                    try await world.expect("app", .synced)
                    try await expect(follower, "mount changed")
                    #expect(!follower.errors.contains("\"secret "))

                    leader.signal(SIGTERM)
                    try await expect(follower, "leadership acquired")
                    try await expect(leader, "leadership released")
                    try volume.write(["a": "3"])
                    try await world.expect("app", ["a": "3"])
                    #expect(try await lease(world).spec.transitions >= 1)
                    #expect(await eventually { witness.states("app").last?["a"] == "3" })
                }
            }
            return witness.states("app").compactMap { $0["a"] }
        }
        // Each value was written once, by the leader at that time.
        #expect(seen == ["1", "2", "3"])
    }

    @Test("when the leader is killed, the other takes over after the lease has expired")
    func killed() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        try await withAgent(world) { leader in
            try await world.expect("app", ["a": "1"])
            try await withAgent(world) { follower in
                try await expect(follower, "another agent leads")
                let renewed = ContinuousClock.now
                leader.signal(SIGKILL)
                try volume.write(["a": "2"])
                try await expect(follower, "leadership acquired")
                // The renewal may be older by one period, plus the delay of a busy machine.
                #expect(ContinuousClock.now - renewed > duration / 2)
                try await world.expect("app", ["a": "2"])
            }
        }
    }

    private func hasStarted(_ port: Int) async -> Bool {
        guard let configuration = ClusterConfiguration(server: "http://127.0.0.1:\(port)"),
            let client = try? KubeClient(configuration: configuration, logger: .none, attempts: 1)
        else { return false }
        defer { client.shutdown() }
        return await eventually { (try? await client.send(.get(path: "/startupz"))) != nil }
    }

    @Test("a restarted container of the leader's pod does not wait for the Lease to expire, and its pod is ready")
    func restartedLeader() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        // Longer than any wait.
        let lease: Duration = .longestWait * 2
        let port = LoopbackPort.reserve()
        try await withAgent(world, lease: lease, podUID: "pod-1", port: port) { _ in
            try await world.expect("app", ["a": "1"])
        }
        let killed = ContinuousClock.now
        // Pending changes keep it from counting as a ready follower.
        try volume.write(["a": "2"])
        try await withAgent(world, lease: lease, podUID: "pod-1", port: port) { agent in
            #expect(await hasStarted(port))
            print("the start took \(ContinuousClock.now - killed)")
            try await expect(agent, "leadership acquired")
            try await world.expect("app", ["a": "2"])
        }
        // A pod with the same name on another node, and one that does not know its own UID, wait.
        for uid in ["pod-2", ""] {
            try await withAgent(world, lease: lease, podUID: uid) { agent in
                try await expect(agent, "another agent leads")
            }
        }
    }

    @Test("a restarted agent with nothing to write waits for no other agent, alive or dead")
    func restartedFollower() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        try await world.create(world.distribution("broken", [("missing", "a")]))
        let lease: Duration = .longestWait * 2
        let port = LoopbackPort.reserve()
        try await withAgent(world, lease: lease) { _ in
            try await world.expect("app", ["a": "1"])
            try await world.expect("broken", .sourceNotFound)
        }
        // The leader is dead, and its Lease has not expired.
        try await withAgent(world, lease: lease, port: port) { agent in
            #expect(await hasStarted(port))
            #expect(!agent.errors.contains("\"leadership acquired\""))
        }
        // An agent with changes to write waits for the Lease.
        try volume.write(["a": "2"])
        try await withAgent(world, lease: lease, port: port) { agent in
            try await expect(agent, "ready")
            try await expect(agent, "another agent leads")
            #expect(!agent.errors.contains("\"first pass done\""))
        }
    }

    /// Both mounts have the same time, so that only the lease keeps the two agents apart.
    @Test("a leader that was stopped until its lease expired writes nothing with its old state when it continues")
    func stopped() async throws {
        let world = try await World()
        let other = try AtomicVolume(world.directory("mount-2"), firstNumber: 100)
        try AtomicVolume(world.mount).write(["a": "old"])
        try other.write(["a": "old"])
        try await world.create(world.distribution("app", [("a", "a")]))
        let seen = try await world.witnessed { witness in
            try await withAgent(world) { leader in
                try await world.expect("app", ["a": "old"])
                try await world.expect("app", .synced)
                try await withAgent(world, mount: other.path) { follower in
                    try await expect(follower, "another agent leads")
                    leader.signal(SIGSTOP)
                    try await expect(follower, "leadership acquired")
                    try other.write(["a": "new"])
                    try await world.expect("app", ["a": "new"])
                    // The continued leader's watch reports this at once; it looks like drift.
                    leader.signal(SIGCONT)
                    try await expect(leader, "leadership lost")
                    try await expect(leader, "another agent leads")
                    try other.write(["a": "newer"])
                    #expect(await eventually { witness.states("app").last?["a"] == "newer" })
                }
            }
            return witness.states("app").compactMap { $0["a"] }
        }
        #expect(seen == ["old", "new", "newer"])
    }

    @Test("a deleted lease is recreated by the leader, which stays leader")
    func removed() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        // Longer than any wait: even on a busy machine the leader does not miss its renewal.
        try await withAgent(world, lease: .longestWait * 2) { leader in
            try await world.expect("app", ["a": "1"])
            let first = try await lease(world)
            try await world.client.delete(.leases, namespace: world.namespace, name: "lease", uid: nil)
            #expect(
                await eventually { (try? await lease(world)).map { $0.metadata.uid != first.metadata.uid } ?? false })
            #expect(try await lease(world).spec.holder == first.spec.holder)
            try volume.write(["a": "2"])
            try await world.expect("app", ["a": "2"])
            #expect(!leader.errors.contains("\"leadership lost\""))
        }
    }

    @Test("a lease of another client, as client-go writes it, is respected, and only the holder's fields change")
    func foreign() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        try await world.client.create(
            .leases, namespace: world.namespace,
            [
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": ["name": "lease", "labels": ["theirs": "kept"]],
                "spec": [
                    "holderIdentity": "theirs_1", "leaseDurationSeconds": 3, "leaseTransitions": 4,
                    // Hours ahead of the agent's clock.
                    "acquireTime": "2099-01-01T00:00:00.000000Z", "renewTime": "2099-01-01T00:00:00.000000Z",
                ],
            ])
        try await withAgent(world) { agent in
            try await expect(agent, "another agent leads")
            #expect(agent.errors.contains("\"theirs_1\""))
            let start = ContinuousClock.now
            try await expect(agent, "leadership acquired")
            #expect(ContinuousClock.now - start > .seconds(1))
            try await world.expect("app", ["a": "1"])
            let lease = try await lease(world)
            #expect(lease.spec.transitions == 5)
            #expect(lease.spec.durationSeconds == 10)
            #expect(lease.metadata.labels == ["theirs": "kept"])
            // One of their agents takes the lease by force, as after a restored backup.
            let taken = ContinuousClock.now
            try await world.client.patch(
                .leases, namespace: world.namespace, name: "lease", ["spec": ["holderIdentity": "theirs_2"]])
            try await expect(agent, "leadership lost")
            try volume.write(["a": "2"])
            try await expect(agent, "mount changed")
            // By its own last renewal, the agent could still write for some seconds.
            let isWritten = try await happens(within: .seconds(1)) {
                try await world.secret("app")?.data?["a"] == Data([UInt8(ascii: "2")])
            }
            #expect(!isWritten || ContinuousClock.now - taken > duration)
            try await world.expect("app", ["a": "2"])
        }
    }

    @Test("a lease is not released while a write hangs that may still be applied", .endsIfHung)
    func hangingWrite() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        let transport = HangingWrites(world.client)
        try await world.withAgent(over: transport) {
            $0.leaderElection = true
            $0.lease.name = "lease"
        } _: {
            #expect(await eventually { transport.writes == 1 })
        }
        #expect(world.logs.count("stopped") == 1)
        #expect(try await !lease(world).spec.holder.isEmpty)
    }

    @Test("a missing role is reported and retried; the role of the example grants exactly what is needed")
    func forbidden() async throws {
        let world = try await World()
        let user = "carol"
        try await world.server.allow(
            user, ["get", "list", "watch", "create", "patch", "delete"], .secrets, in: world.namespace)
        try await world.server.allow(
            user, ["get", "list", "watch", "patch"], .secretsDistributions, in: world.namespace)
        try AtomicVolume(world.mount).write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        try await world.withAgent(as: .named(user)) {
            $0.leaderElection = true
            $0.lease.name = "secrets-distributor"
            $0.lease.policy.retryPeriod = .milliseconds(200)
        } _: {
            let needs = "get, create and patch on leases of coordination.k8s.io in namespace \(world.namespace)"
            #expect(await eventually { world.logs.count(needs) == 1 })
            let here: JSONValue = ["metadata": ["namespace": .string(world.namespace)]]
            let group = "rbac.authorization.k8s.io"
            let manifests = try World.manifests("sidecar-example/leader-election/role.yaml")
            try await world.client.create(
                Resource(group: group, plural: "roles"), namespace: world.namespace, manifests[0].merging(here))
            try await world.client.create(
                Resource(group: group, plural: "rolebindings"), namespace: world.namespace,
                manifests[1].merging(here).merging([
                    "subjects": [["kind": "User", "name": .string(user), "apiGroup": .string(group)]]
                ]))
            try await world.expect("app", ["a": "1"])
            // Retries are not logged one by one.
            #expect(world.logs.count("leader election failed") <= 3)
        }
        #expect(world.logs.count("leadership released") == 1)
        let lease = try await world.client.get(
            Lease.self, .leases, namespace: world.namespace, name: "secrets-distributor")
        #expect(lease.spec.holder.isEmpty && lease.spec.durationSeconds == 1)
    }
}
