import Glibc
import TestSupport
import Testing

@Suite("A wall clock that jumps")
struct ClockJumpTests {
    /// Only CLOCK_REALTIME jumps, as when a time server or an administrator sets it.
    @Test("by hours and years in both directions delays nothing and causes no busy loop")
    func jumps() async throws {
        let world = try LocalWorld()
        var volume = try AtomicVolume(world.mount)
        try world.distribute("one", "a")
        try volume.write(["a": "0"])
        let clock = world.root("clock")
        try set(clock, to: 0)
        let source = World.path("Tests/Tools/jumping-clock.c")
        try await Command.run(["clang", "-shared", "-fPIC", "-Wall", "-Werror", "-o", world.root("clock.so"), source])
        let program = try await world.start([
            "LD_PRELOAD": world.root("clock.so"), "CLOCK_OFFSET_FILE": clock, "RESYNC_INTERVAL": "1s",
        ])
        await world.expect("one", ["a": "0"], program)
        let hour: Int64 = 3600
        for (number, jump) in [5 * hour, -7 * hour, 26_000 * hour, -260_000 * hour, 1].enumerated() {
            try set(clock, to: jump)
            let before = program.ticks
            // The agent notices the changes by an event, by comparing what it has written, and by polling alone: a
            // mount that was replaced.
            try volume.write(["a": "\(number).1"])
            await world.expect("one", ["a": "\(number).1"], program)
            unlink(world.manifest("one"))
            await world.expect("one", ["a": "\(number).1"], program)
            let next = world.root("next")
            let other = try AtomicVolume(next, firstNumber: 10 * number + 10)
            try other.write(["a": "\(number).2"])
            try rename(world.mount, to: world.root("old-\(number)"))
            try rename(next, to: world.mount)
            await world.expect("one", ["a": "\(number).2"], program)
            volume = try AtomicVolume(world.mount, firstNumber: 10 * number + 15)
            try await Task.sleep(for: .seconds(1))
            // A busy loop uses 100 ticks a second.
            #expect(program.ticks - before < 90, "after \(jump)")
            #expect(program.logged("\"time\":\"\(year(jump))-") > 0)
        }
        await program.stop()
    }

    private func set(_ clock: String, to seconds: Int64) throws {
        // Write in place, because the program has mapped the file.
        let file = open(clock, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        try require("open", clock, file)
        defer { close(file) }
        let count = withUnsafeBytes(of: seconds) { pwrite(file, $0.baseAddress, $0.count, 0) }
        try require("pwrite", clock, Int32(count))
    }

    private func year(_ jump: Int64) -> Int32 {
        var time = time(nil) + Int(jump)
        var fields = tm()
        gmtime_r(&time, &fields)
        return fields.tm_year + 1900
    }
}
