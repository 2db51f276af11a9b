import Glibc
import Kube
import KubeRuntime
import Stores
import TestSupport
import TestTraits
import Testing

@Suite("With leader election", .tags(.concurrent), .endsIfHung)
struct LeadershipTests {
    private let leadership = Leadership()

    private var later: ContinuousClock.Instant { .now + .seconds(600) }

    /// A test can only wait for a while to see that something does not happen: here longer than an agent without
    /// election currently needs for it on this machine.
    private func neverIdle(_ bench: Bench) async throws -> Bool {
        let other = Bench()
        await other.store.put(try other.distribution())
        try await other.working {
            try await other.tellAll()
            try await other.runUntilIdle()
        }
        return await !happens(within: .milliseconds(300)) { bench.controller.isIdle }
    }

    @Test("a follower writes nothing and keeps its state; a new leader writes what is due, and no more")
    func follower() async throws {
        let bench = Bench(leadership: leadership)
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            await bench.mount(["a": "2"], "generation-2")
            #expect(try await neverIdle(bench))
            #expect(await bench.store.calls.isEmpty)
            leadership.lead(until: later)
            await bench.controller.lead()
            try await bench.runUntilIdle()
            #expect(await bench.store.calls == ["create t", "status d"])
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("2")])
        }
    }

    @Test("an agent that becomes leader again compares everything, including changes without an event")
    func comparesAll() async throws {
        let bench = Bench(leadership: leadership)
        leadership.lead(until: later)
        await bench.store.put(try bench.distribution())
        // Retried after a minute, or when something changes.
        await bench.store.fail(.create, [.rejected("no")])
        try await bench.working {
            try await bench.tellAll()
            // The requeue is pending, and no status is still to be written.
            try #require(await eventually { await (bench.waiting, bench.rests) == (1, true) })
            #expect(await bench.secret("t") == nil)
            leadership.follow()
            leadership.lead(until: later)
            await bench.controller.lead()
            try #require(await eventually { await bench.secret("t") != nil })
        }
    }

    @Test("nothing starts after the end of the term, even if the loss was not reported yet")
    func end() async throws {
        let bench = Bench(leadership: leadership)
        await bench.store.put(try bench.distribution())
        leadership.lead(until: .now)
        try await bench.working {
            await bench.controller.lead()
            try await bench.tellAll()
            #expect(try await neverIdle(bench))
            #expect(await bench.store.calls.isEmpty)
        }
    }

    @Test("a follower with a pending retry sleeps")
    func sleeps() async {
        await #expect(processExitsWith: .success) {
            let leadership = Leadership()
            let bench = Bench(leadership: leadership)
            leadership.lead(until: .now + .seconds(600))
            await bench.store.put(try bench.distribution())
            await bench.store.fail(.create, [.unavailable("no", retryAfter: nil)])
            try await bench.working {
                try await bench.tellAll()
                try #require(await eventually { await bench.store.calls.contains("status d") })
                leadership.follow()
                // Longer than the delay of the first retry.
                try await Task.sleep(for: .seconds(1))
                // Nothing is to happen, so only a span of time shows it; the processor time does not depend on the machine's
                // load.
                let before = clock()
                try await Task.sleep(for: .seconds(1))
                #expect(Double(clock() - before) / Double(CLOCKS_PER_SEC) < 0.2)
            }
        }
    }

    @Test("a write that failed without leadership is retried")
    func error() {
        let error = StoreError(KubeError(Operation(.patch, resource: "secrets"), .transport(.notLeading)))
        #expect(error == .unavailable("cannot patch secrets: this agent does not lead", retryAfter: nil))
    }
}
