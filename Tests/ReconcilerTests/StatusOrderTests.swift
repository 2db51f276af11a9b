import KubeRuntime
import Stores
import TestSupport
import TestTraits
import Testing

/// Secrets are written before the statuses about them.
@Suite("Statuses", .tags(.concurrent)) struct StatusOrderTests {
    @Test func `wait until the due Secrets have been written`() async throws {
        let bench = Bench(maxInFlight: 2)
        for number in 1...5 { await bench.store.put(try bench.distribution("d\(number)", target: "t\(number)")) }
        try await bench.tellAll()
        try await bench.working { try await bench.runUntilIdle() }
        let calls = await bench.store.calls
        #expect(calls.count == 10)
        // The last two Secrets may be in flight when the first status is written.
        let first = try #require(calls.firstIndex { $0.hasPrefix("status") })
        #expect(first >= 4, "\(calls)")
        #expect(await bench.store.statuses.count == 5)
    }

    @Test func `about a failure that passed before it was reported are not written`() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        await bench.store.fail(.create, [.rejected("no")])
        await bench.store.fail(.status, [.forbidden("no")])
        try await bench.working {
            try await bench.tellAll()
            // The Secret too: a rejection may be temporary.
            #expect(await eventually { await bench.waiting == 2 })
            await bench.controller.compareAll()
            try await bench.runUntilIdle()
        }
        #expect(await bench.store.calls == ["create t", "status d", "create t", "status d"])
        #expect(await bench.store.statuses.map(\.status.ready?.reason) == ["Synced"])
    }

    @Test func `that are written late still have the time of the content's change`() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        await bench.store.fail(.status, [.forbidden("no")])
        try await bench.working {
            try await bench.tellAll()
            #expect(await eventually { await bench.waiting == 1 })
            // Another comparison: nothing is written, and the status is still due.
            await bench.controller.compareAll()
            try await bench.runUntilIdle()
        }
        #expect(await bench.store.calls == ["create t", "status d", "status d"])
        #expect(await bench.store.lastStatus?.status.lastUpdated != nil)
    }

    @Test(
        "of a distribution without a target are retried as often as others, in a single pass",
        arguments: [StoreError.unavailable("away", retryAfter: nil), .forbidden("no")])
    func nameless(error: StoreError) async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution(target: ""))
        await bench.store.fail(.status, Array(repeating: error, count: 1000))
        try await bench.tellAll()
        await bench.controller.work(tries: 2)
        #expect(await bench.store.calls.count <= 2)
        #expect(bench.faults.lines.count == 1)
    }

    @Test func `of an earlier term are not written in the next one`() async throws {
        let leadership = Leadership()
        let bench = Bench(leadership: leadership)
        leadership.lead(until: .now + .seconds(600))
        await bench.store.put(try bench.distribution())
        await bench.store.fail(.create, [.rejected("no")])
        await bench.store.hold()
        try await bench.working {
            try await bench.tellAll()
            try await bench.waitForWrites(1)
            leadership.follow()
            await bench.controller.stopLeading()
            await bench.store.release()
            #expect(await eventually { await bench.controller.outcomes[bench.key("d")]?.reason == .writeFailed })
            await bench.store.hold()
            leadership.lead(until: .now + .seconds(600))
            await bench.controller.lead()
            // The Secret is being written, and the status was processed.
            #expect(await eventually { await bench.isBusy(with: 1) })
            await bench.store.release()
            try await bench.runUntilIdle()
        }
        #expect(await bench.store.statuses.map(\.status.ready?.reason) == ["Synced"])
    }

    /// The watch reports the edit before the response to the status arrives.
    @Test func `about an edit are written although an equal one is in flight`() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        await bench.store.holdAnswers()
        try await bench.working {
            try await bench.tellAll()
            #expect(await eventually { await bench.store.statuses.count == 1 })
            var amended = try bench.distribution(generation: 2, spec: ["metadata": ["labels": ["team": "web"]]])
            amended.status = try #require(await bench.store.lastStatus).status
            await bench.controller.distributions(.all, .upsert(await bench.store.put(amended)))
            #expect(await eventually { await bench.secret("t")?.labels["team"] == "web" })
            await bench.store.release()
            #expect(await eventually { await bench.store.lastStatus?.status.observedGeneration == 2 })
        }
    }

    /// In a single pass no event reports the result.
    @Test func `that have become wrong are followed by the correct one`() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            await bench.store.holdAnswers()
            await bench.store.fail(.update, [.rejected("no")])
            await bench.mount(["a": "2"], "generation-2")
            #expect(await eventually { await bench.store.lastStatus?.status.ready?.reason == "WriteFailed" })
            await bench.mount(["a": "1"], "generation-3")
            #expect(await eventually { await bench.controller.outcomes[bench.key("d")]?.reason == .synced })
            await bench.store.release()
            #expect(await eventually { await bench.store.lastStatus?.status.ready?.reason == "Synced" })
        }
    }
}
