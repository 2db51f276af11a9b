import Glibc
import TestSupport
import Testing

@Suite("An agent that is killed")
struct ClusterKillTests {
    @Test("between any two writes leaves no mixed content, and the next agent completes the update")
    func anywhere() async throws {
        let world = try await World()
        let names = (0..<40).map { "killed-\($0)" }
        let files = { (generation: Int) in
            Dictionary(uniqueKeysWithValues: (["a", "b"] + names).map { ($0, "\(generation)") })
        }
        let volume = try AtomicVolume(world.mount)
        try volume.write(files(0))
        for name in names { try await world.create(world.distribution(name, [("a", "a"), ("b", "b"), (name, "own")])) }
        try await world.witnessed { witness in
            for generation in 1...8 {
                let program = try await Binary(["run"], environment: try environment(world))
                #expect(await eventually { program.errors.contains("mount read") })
                try volume.write(files(generation))
                // Kills before the first write, between any two writes, and after the last.
                let point = Int.random(in: 0...names.count)
                _ = await eventually { Self.written(program) >= point }
                program.signal(SIGKILL)
                #expect(await program.ended().status == 128 + SIGKILL)
            }
            let last = try await Binary(["sync"], environment: try environment(world)).ended()
            #expect(last.status == 0)
            for name in names { try await world.expect(name, ["a": "8", "b": "8", "own": "8"]) }
            for (name, states) in witness.all {
                #expect(states.allSatisfy { Set($0.values).count == 1 && $0.count == 3 }, "mixed content in \(name)")
                let generations = states.compactMap { $0["a"].flatMap { Int($0) } }
                #expect(generations == generations.sorted())
            }
        }
    }

    private static func written(_ program: Binary) -> Int {
        program.errors.split(separator: "\n").count { $0.contains("secret created") || $0.contains("secret updated") }
    }

    private func environment(_ world: World) throws -> [String: String] {
        [
            "SECRETS_PATH": world.mount, "MANAGED_BY": world.namespace, "WATCH_NAMESPACES": world.namespace,
            "KUBECONFIG": try world.server.kubeconfig(), "DEBOUNCE_QUIET": "10ms", "MAX_IN_FLIGHT": "2",
            "LOG_LEVEL": "debug",
        ]
    }
}
