import Glibc
import LinuxIO
import TestSupport
import Testing

@Suite("Killed at any moment")
struct ProcessKillTests {
    /// The moments come from a seed, which is the argument.
    @Test(
        "the program leaves complete Secrets of one generation, and removes leftovers at its next start",
        arguments: [UInt64(20_261_121)])
    func anyMoment(seed: UInt64) async throws {
        let world = try LocalWorld()
        let volume = try AtomicVolume(world.mount)
        let names = (0..<8).map { "secret-\($0)" }
        for name in names { try world.distribute(name, "tls.crt", "tls.key") }
        // So large that a write takes some time, and always of the same length.
        func pair(_ number: Int) -> [String: String] {
            [
                "tls.crt": String(repeating: "certificate \(100 + number)\n", count: 4_000),
                "tls.key": String(repeating: "key \(100 + number)\n", count: 4_000),
            ]
        }
        var random = Moments(state: seed)
        var kills = (none: 0, some: 0, leftovers: 0)
        try volume.write(pair(0))
        for number in 1...16 {
            // The start completes what the last process left undone.
            let program = try await world.start(["DEBOUNCE_QUIET": "0ms"])
            for name in names { await world.expect(name, pair(number - 1), program) }
            #expect(listed(world) == names.map { "\($0).yaml" }, "round \(number) of seed \(seed)")
            let (sizes, before) = (sizes(world), times(world, names))
            // After a number of writes, or during one, after a delay that is shorter than a write.
            let (isWithin, writes) = (random.next(below: 2) == 0, Int(random.next(below: 8)))
            let moment = random.next(below: isWithin ? 70 : 2000)
            try volume.write(pair(number))
            // On a separate thread.
            await OwnedThread.value(name: "kill") { [self] in
                let end = ContinuousClock.now + .longestWait
                var isDue = false
                while !isDue, ContinuousClock.now < end {
                    isDue =
                        isWithin
                        ? self.sizes(world) != sizes
                        : zip(before, times(world, names)).count { $0 != $1 } >= writes
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
        for name in names { await world.expect(name, pair(16), last) }
        #expect(listed(world) == names.map { "\($0).yaml" })
        await last.stop()
        print(
            "killed before the first write: \(kills.none), between two: \(kills.some), within one: \(kills.leftovers)")
    }

    private func listed(_ world: LocalWorld) -> [String] { names(in: world.output + "/web").sorted() }

    /// The sizes of all files, including leftovers; they differ while a write is in progress.
    private func sizes(_ world: LocalWorld) -> [String: Int] {
        var sizes: [String: Int] = [:]
        for name in names(in: world.output + "/web") {
            var status = stat()
            stat("\(world.output)/web/\(name)", &status)
            sizes[name] = Int(status.st_size)
        }
        return sizes
    }

    /// The time of the last write of each manifest, in nanoseconds.
    private func times(_ world: LocalWorld, _ names: [String]) -> [Int] {
        names.map { name in
            var status = stat()
            stat(world.manifest(name), &status)
            return status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
        }
    }
}

/// A linear congruential generator (Knuth's MMIX): the same seed gives the same moments.
private struct Moments {
    var state: UInt64

    mutating func next(below limit: UInt32) -> UInt32 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt32(truncatingIfNeeded: state >> 33) % limit
    }
}
