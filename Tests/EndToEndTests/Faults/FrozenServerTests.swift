import TestSupport
import Testing

@Suite("A server that is frozen for a minute")
struct FrozenServerTests {
    /// Stopped with SIGSTOP: the kernel still acknowledges what is sent to the server.
    @Test("gets rotations and edits of that minute when it continues")
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
                // A second rotation after 40 s, when the first writes have timed out.
                try? await Task.sleep(for: .seconds(40))
                try volume.write(["a": "3", "b": "1"])
                try? await Task.sleep(for: .seconds(20))
                world.server.resume()
                try await world.expect("rotated", ["a": "3"])
                try await world.expect("rotated", .synced)
                #expect(try await world.secret("steady")?.version == steady)
                // The watches work.
                try await world.create(world.distribution("late", [("a", "a")]))
                try await world.expect("late", ["a": "3"])
            }
        }
    }
}
