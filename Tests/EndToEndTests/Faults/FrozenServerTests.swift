import TestSupport
import Testing

@Suite("A server that is frozen for a minute")
struct FrozenServerTests {
    /// SIGSTOP: the kernel goes on acknowledging what is sent to it.
    @Test("gets what was rotated and amended meanwhile once it goes on")
    func frozen() async throws {
        try await withServer { world in
            let volume = try AtomicVolume(world.mount)
            try volume.write(["a": "1", "b": "1"])
            try await world.create(world.distribution("rotated", [("a", "a")]))
            try await world.create(world.distribution("steady", [("b", "b")]))
            try await world.withAgent {
                try await world.expect("rotated", .synced)
                try await world.expect("steady", .synced)
                let steady = try await world.secret("steady")?.version
                world.server.pause()
                try volume.write(["a": "2", "b": "1"])
                // Half of the time later, when writes have already run out of theirs.
                try? await Task.sleep(for: .seconds(40))
                try volume.write(["a": "3", "b": "1"])
                try? await Task.sleep(for: .seconds(20))
                world.server.resume()
                try await world.expect("rotated", ["a": "3"])
                try await world.expect("rotated", .synced)
                #expect(try await world.secret("steady")?.version == steady)
                // The watches are alive.
                try await world.create(world.distribution("late", [("a", "a")]))
                try await world.expect("late", ["a": "3"])
            }
        }
    }
}
