import Glibc
import TestSupport
import Testing

@Suite("Packets that are dropped silently", .enabled { try await NetworkPair.isPossible() })
struct SilentNetworkTests {
    /// The program notices after at most 45 s; the kernel alone would notice after a quarter of an hour (tcp(7),
    /// `tcp_retries2`). The value lies between, with time for a busy machine.
    private static let noticed: Duration = .seconds(180)

    @Test("while the connection is idle are noticed; a rotation meanwhile succeeds when packets pass again")
    func idle() async throws {
        try await cutOff { world, program, pair, volume in
            let begin = ContinuousClock.now
            #expect(await eventually { program.errors.contains("watch failed") })
            #expect(ContinuousClock.now - begin < Self.noticed)
            try volume.write(["a": "2"])
            #expect(await eventually { program.errors.contains("mount changed") })
        }
    }

    @Test("while a write is in flight are noticed, and the write succeeds when packets pass again")
    func writing() async throws {
        try await cutOff { world, program, pair, volume in
            let begin = ContinuousClock.now
            try volume.write(["a": "2"])
            let isNoticed = await eventually { program.errors.contains("write got no response") }
            #expect(isNoticed)
            #expect(ContinuousClock.now - begin < Self.noticed)
        }
    }

    /// - Parameter body: runs when packets are dropped, and must cause Secret `silent` to become 2.
    private func cutOff(
        _ body: (World, Binary, NetworkPair, AtomicVolume) async throws -> Void
    ) async throws {
        let world = try await World()
        let pair = try await NetworkPair.make()
        let proxy = try FaultyProxy(to: world.server.port, listener: await pair.listener())
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("silent", [("a", "a")]))
        let program = try await Binary(
            ["run"],
            environment: [
                "SECRETS_PATH": world.mount, "MANAGED_BY": world.namespace, "WATCH_NAMESPACES": world.namespace,
                "KUBECONFIG": try world.server.kubeconfig(through: "\(NetworkPair.address):\(proxy.port)"),
                "DEBOUNCE_QUIET": "10ms", "LOG_LEVEL": "debug",
            ], wrapper: pair.enterNear)
        do {
            try await world.expect("silent", .synced)
            try await pair.drop()
            try await body(world, program, pair, volume)
            try await world.expect("silent", ["a": "1"])
            try await pair.restore()
            try await world.expect("silent", ["a": "2"])
            // The watches work.
            try await world.create(world.distribution("late", [("a", "a")]))
            try await world.expect("late", ["a": "2"])
        } catch {
            Issue.record(error)
        }
        program.signal(SIGTERM)
        #expect(await program.ended().status == 0)
        proxy.stop()
        await pair.end()
    }
}
