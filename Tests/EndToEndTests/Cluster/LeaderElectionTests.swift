import FoundationEssentials
import Glibc
import JSON
import Kube
import KubeConfig
import KubeRuntime
import TestSupport
import TestTraits
import Testing

/// Agents as processes of their own, on one API server, with a Lease. Serialized: they are timed.
@Suite("With leader election", .serialized, .endsIfHung)
struct LeaderElectionTests {
    /// Long enough that a busy machine does not lose it by chance.
    private let duration: Duration = .seconds(10)

    /// Runs `body` with an agent; it is gone afterwards.
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

    /// Waits until the agent has said it.
    private func expect(
        _ agent: Binary, _ message: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let isSo = await eventually { agent.errors.contains("\"\(message)\"") }
        try #require(isSo, "\(message): \(agent.errors)", sourceLocation: sourceLocation)
    }

    private func lease(_ world: World) async throws -> Lease {
        try await world.client.get(Lease.self, .leases, namespace: world.namespace, name: "lease")
    }

    @Test("one of two writes; SIGTERM gives the lease back, and the other takes over at once")
    func handover() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        // Longer than anything is waited for: without the release nobody takes over.
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
        // Each value was written once, by whoever led.
        #expect(seen == ["1", "2", "3"])
    }

    @Test("when the leader is killed the other waits as long as the lease says, and takes over")
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
                // It may have been renewed up to a period, and what a busy machine takes for it, earlier.
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

    @Test("a leader's container that is started again waits for no Lease to end, and its pod is ready")
    func restartedLeader() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        // Longer than anything is waited for.
        let lease: Duration = .longestWait * 2
        let port = LoopbackPort.reserve()
        try await withAgent(world, lease: lease, podUID: "pod-1", port: port) { _ in
            try await world.expect("app", ["a": "1"])
        }
        let killed = ContinuousClock.now
        // What it would write keeps it from passing as one that follows.
        try volume.write(["a": "2"])
        try await withAgent(world, lease: lease, podUID: "pod-1", port: port) { agent in
            #expect(await hasStarted(port))
            print("the start took \(ContinuousClock.now - killed)")
            try await expect(agent, "leadership acquired")
            try await world.expect("app", ["a": "2"])
        }
        // A pod of the same name on another node, and one that does not know its own UID, wait.
        for uid in ["pod-2", ""] {
            try await withAgent(world, lease: lease, podUID: uid) { agent in
                try await expect(agent, "another agent leads")
            }
        }
    }

    @Test("an agent that is started again waits for no other, alive or dead, where there is nothing to write")
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
        // The leader is dead, and its Lease lasts.
        try await withAgent(world, lease: lease, port: port) { agent in
            #expect(await hasStarted(port))
            #expect(!agent.errors.contains("\"leadership acquired\""))
        }
        // What nobody has written yet is waited for.
        try volume.write(["a": "2"])
        try await withAgent(world, lease: lease, port: port) { agent in
            try await expect(agent, "ready")
            try await expect(agent, "another agent leads")
            #expect(!agent.errors.contains("\"first pass done\""))
        }
    }

    /// Both mounts say that they were written at one time, so that nothing but the lease keeps the two apart.
    @Test("a leader that was stopped past the end writes nothing when it goes on, though all that it knows is old")
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
                    // Its watch brings it that at once: drift, as it seems.
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

    @Test("a lease that somebody removes is made again by who leads, who goes on")
    func removed() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        // Longer than anything is waited for: no busy machine makes the leader miss its renewal.
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

    @Test("another client's lease, as client-go writes it, is waited for, and kept but for what says who leads")
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
                    // Hours ahead of our clock.
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
            // One of theirs takes it by force, as after a restored backup.
            let taken = ContinuousClock.now
            try await world.client.patch(
                .leases, namespace: world.namespace, name: "lease", ["spec": ["holderIdentity": "theirs_2"]])
            try await expect(agent, "leadership lost")
            try volume.write(["a": "2"])
            try await expect(agent, "mount changed")
            // Its own last renewal would have let it write for some seconds more.
            let isWritten = try await happens(within: .seconds(1)) {
                try await world.secret("app")?.data?["a"] == Data([UInt8(ascii: "2")])
            }
            #expect(!isWritten || ContinuousClock.now - taken > duration)
            try await world.expect("app", ["a": "2"])
        }
    }

    @Test("a lease is not given back while a write hangs that may still be carried out", .endsIfHung)
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

    @Test("a missing role is named and waited for; the example's gives just what is needed")
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
            // Said once, however often it was tried.
            #expect(world.logs.count("leader election failed") <= 3)
        }
        #expect(world.logs.count("leadership released") == 1)
        let lease = try await world.client.get(
            Lease.self, .leases, namespace: world.namespace, name: "secrets-distributor")
        #expect(lease.spec.holder.isEmpty && lease.spec.durationSeconds == 1)
    }
}
