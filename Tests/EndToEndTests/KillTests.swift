import Glibc
import LinuxIO
import TestSupport
import Testing

@Suite("Killed at any moment")
struct KillTests {
    /// The moments come from a seed, the argument.
    @Test(
        "the program leaves whole Secrets of one generation, and clears up at its next start",
        arguments: [UInt64(20_261_121)])
    func anyMoment(seed: UInt64) async throws {
        let world = try LocalWorld()
        let volume = try AtomicVolume(world.mount)
        let names = (0..<8).map { "secret-\($0)" }
        for name in names { try world.distribute(name, "tls.crt", "tls.key") }
        // Long enough that a write is more than a moment.
        func pair(_ number: Int) -> [String: String] {
            [
                "tls.crt": String(repeating: "certificate \(number)\n", count: 4000),
                "tls.key": String(repeating: "key \(number)\n", count: 4000),
            ]
        }
        var random = Moments(state: seed)
        var kills = (none: 0, some: 0, leftovers: 0)
        try volume.write(pair(0))
        for number in 1...20 {
            // What the last one left undone is brought in line at the start.
            let program = try await world.start(["DEBOUNCE_QUIET": "0ms"])
            for name in names { await world.expect(name, pair(number - 1), program) }
            #expect(listed(world) == names.map { "\($0).yaml" }, "round \(number) of seed \(seed)")
            let before = inodes(world, names)
            // After so many writes, and a moment that is shorter than a write.
            let (writes, moment) = (Int(random.next(below: 8)), random.next(below: 2000))
            try volume.write(pair(number))
            // On a thread that does nothing else: the next write is some milliseconds away.
            await OwnedThread.value(name: "kill") { [self] in
                let end = ContinuousClock.now + .seconds(20)
                while zip(before, inodes(world, names)).count(where: { $0 != $1 }) < writes, ContinuousClock.now < end {
                }
                usleep(moment)
                program.signal(SIGKILL)
            }
            #expect(await program.ended().status == 128 + SIGKILL)

            let contents = names.map { world.secret($0) }
            for content in contents {
                #expect(content == pair(number - 1) || content == pair(number), "round \(number) of seed \(seed)")
            }
            let isNew = contents.count { $0 == pair(number) }
            if isNew == 0 { kills.none += 1 } else if isNew < names.count { kills.some += 1 }
            if listed(world).count > names.count { kills.leftovers += 1 }
        }
        let last = try await world.start()
        for name in names { await world.expect(name, pair(20), last) }
        #expect(listed(world) == names.map { "\($0).yaml" })
        await last.stop()
        print(
            "killed before the first write: \(kills.none), between two: \(kills.some), within one: \(kills.leftovers)")
    }

    private func listed(_ world: LocalWorld) -> [String] { names(in: world.output + "/web").sorted() }

    /// A file that was replaced is another file.
    private func inodes(_ world: LocalWorld, _ names: [String]) -> [ino_t] {
        names.map { name in
            var status = stat()
            stat(world.manifest(name), &status)
            return status.st_ino
        }
    }
}

/// A linear congruential generator (Knuth's MMIX): the same moments for the same seed.
private struct Moments {
    var state: UInt64

    mutating func next(below limit: UInt32) -> UInt32 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt32(truncatingIfNeeded: state >> 33) % limit
    }
}
