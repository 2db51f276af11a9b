import Glibc
import TestSupport
import Testing

@Suite("When the API server is down", .serialized)
struct OutageTests {
    @Test("a rotation and an edit meanwhile reach their Secrets when it is back, also after a compaction")
    func outage() async throws {
        let server = try await APIServer.start()
        do {
            try await server.install(definition: try World.manifest("sidecar-example/crd.yaml"))
            try await outage(on: server)
        } catch {
            await server.end()
            throw error
        }
        await server.end()
    }

    /// A write hangs, because none of its bytes reach the server.
    @Test("SIGTERM waits a limited time for writes in flight and ends with 0; a second signal ends the program at once")
    func signals() async throws {
        let server = try await APIServer.start()
        do {
            try await server.install(definition: try World.manifest("sidecar-example/crd.yaml"))
            try await signals(on: server)
        } catch {
            server.resume()
            await server.end()
            throw error
        }
        await server.end()
    }

    private func signals(on server: APIServer) async throws {
        let world = try await World(on: server)
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "0"])
        try await world.create(world.distribution("hung", [("a", "a")]))
        for (round, signals) in [[SIGTERM], [SIGTERM, SIGINT]].enumerated() {
            let proxy = try FaultyProxy(to: server.port)
            defer { proxy.stop() }
            let program = try await Binary(
                ["run"],
                environment: [
                    "SECRETS_PATH": world.mount, "MANAGED_BY": world.namespace, "WATCH_NAMESPACES": world.namespace,
                    "KUBECONFIG": try server.kubeconfig(through: "127.0.0.1:\(proxy.port)"), "DEBOUNCE_QUIET": "10ms",
                ])
            try await world.expect("hung", ["a": "\(round)"])
            #expect(await eventually { program.errors.contains("first pass done") })
            proxy.set(.toServer, .hold)
            try volume.write(["a": "\(round + 1)"])
            // More than the frames of the connection itself: without a write in flight, the first signal would end the
            // program.
            #expect(await eventually { proxy.heldBytes > 300 })
            let start = ContinuousClock.now
            for signal in signals {
                program.signal(signal)
                #expect(await eventually { program.errors.contains("stopping") })
            }
            let ended = await program.ended()
            #expect(ended.status == (signals.count == 1 ? 0 : 128 + SIGINT))
            // The time that the first signal allows (`Agent.grace`), not a measure of speed: the write would hang for
            // 30 s.
            #expect(ContinuousClock.now - start < .seconds(28))
        }
    }

    private func outage(on server: APIServer) async throws {
        let world = try await World(on: server)
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1", "b": "1"])
        try await world.create(world.distribution("rotated", [("a", "a")]))
        try await world.create(world.distribution("steady", [("b", "b")]))
        try await world.withAgent {
            try await world.expect("rotated", ["a": "1"])
            try await world.expect("steady", .synced)
            let steady = try await world.secret("steady")?.version

            await server.stop()
            try volume.write(["a": "2", "b": "1"])
            #expect(await eventually { world.logs.count("mount changed") == 1 })
            #expect(await eventually { world.logs.count("distribution held back") > 0 })
            try await server.restart()
            // The state of all watches has expired.
            try await server.compact()
            // The longer the server takes to start, the longer the agent's retry delays are, including those of its
            // watches.
            try await world.expect("rotated", ["a": "2"])
            try await world.expect("rotated", .synced)

            try await world.create(world.distribution("late", [("a", "a")]))
            try await world.expect("late", ["a": "2"])
            #expect(try await world.secret("steady")?.version == steady)
        }
    }
}
