import TestSupport
import Testing

/// The proxy holds the bytes of a write until long after the agent has lost the connection and reconnected.
@Suite("A slow write of an old generation is not applied after a newer one")
struct OvertakenWriteTests {
    /// So large that the write is distinct from all other data on the connection.
    private static let size = 20_000

    private static func value(_ generation: Int) -> String { "\(generation)" + String(repeating: ".", count: size) }

    @Test("a superseded update is rejected")
    func update() async throws {
        try await overtaken("update") { world, volume in
            try volume.write(["a": Self.value(1)])
            try await world.create(world.distribution("slow", [("a", "a")]))
            return { try await world.expect("slow", .synced) }
        }
    }

    @Test("a superseded create is rejected")
    func create() async throws {
        try await overtaken("create") { world, volume in
            try volume.write(["other": "1"])
            try await world.create(world.distribution("slow", [("a", "a")]))
            return { try await world.expect("slow", .sourceNotFound) }
        }
    }

    @Test("an update of an agent that has ended is rejected after an update of its successor")
    func successor() async throws {
        let world = try await World()
        let proxy = try FaultyProxy(to: world.server.port)
        defer { proxy.stop() }
        let client = try world.client(through: proxy)
        defer { client.shutdown() }
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": Self.value(1)])
        try await world.create(world.distribution("slow", [("a", "a")]))
        try await world.witnessed { witness in
            try await world.withAgent(over: client) {
                try await world.expect("slow", .synced)
                proxy.set(.toServer, .hold)
                try volume.write(["a": Self.value(2)])
                await isHeld(proxy)
                proxy.isRefusing = true
                proxy.abandonHeld()
            }
            try volume.write(["a": Self.value(3)])
            try await World(sharing: world).withAgent {
                try await world.expect("slow", ["a": Self.value(3)])
            }
            try await landed(proxy, "update", world, witness)
        }
    }

    /// - Parameter prepare: brings the agent to the point where its next write is the one to hold; returns a function
    ///   that waits until that write has arrived at the proxy.
    private func overtaken(
        _ verb: String, _ prepare: (World, AtomicVolume) async throws -> () async throws -> Void
    ) async throws {
        let world = try await World()
        let proxy = try FaultyProxy(to: world.server.port)
        defer { proxy.stop() }
        let client = try world.client(through: proxy)
        defer { client.shutdown() }
        let volume = try AtomicVolume(world.mount)
        let isReady = try await prepare(world, volume)
        try await world.witnessed { witness in
            try await world.withAgent(over: client) {
                try await isReady()
                proxy.set(.toServer, .hold)
                try volume.write(["a": Self.value(2)])
                await isHeld(proxy)
                // The agent notices the broken connection and opens a new one, which is not held.
                proxy.abandonHeld()
                try await world.expect("slow", ["a": Self.value(2)])
                try volume.write(["a": Self.value(3)])
                try await world.expect("slow", ["a": Self.value(3)])
                try await landed(proxy, verb, world, witness)
            }
        }
    }

    private func isHeld(_ proxy: FaultyProxy) async {
        var before = 0
        let isHeld = await eventually {
            defer { before = proxy.heldBytes }
            try? await Task.sleep(for: .milliseconds(50))
            return proxy.heldBytes > Self.size && proxy.heldBytes == before
        }
        #expect(isHeld)
    }

    /// Releases the old write and checks its result.
    private func landed(_ proxy: FaultyProxy, _ verb: String, _ world: World, _ witness: SecretStateRecorder)
        async throws
    {
        let version = try await world.secret("slow")?.version
        proxy.release()
        let isRefused = try await eventually {
            try world.server.codes(of: verb, in: world.namespace).contains(409)
        }
        #expect(isRefused)
        #expect(try await world.secret("slow")?.version == version)
        let generations = witness.states("slow").compactMap { $0["a"]?.first }
        #expect(generations == generations.sorted())
        #expect(generations.last == "3")
    }
}
