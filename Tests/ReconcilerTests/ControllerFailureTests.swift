import DistributionSupport
import Stores
import TestSupport
import TestTraits
import Testing

@Suite("The controller, when something fails,", .tags(.concurrent), .endsIfHung)
struct ControllerFailureTests {
    @Test("a write to an unavailable server is retried, and the status reports it until it succeeds")
    func unavailable() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        await bench.store.fail(.create, [.unavailable("the server sleeps", retryAfter: nil)])
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            #expect(await bench.secret("t") != nil)
            let statuses = await bench.store.statuses.map(\.status)
            #expect(statuses.map(\.ready?.reason) == ["WriteFailed", "Synced"])
            #expect(statuses.first?.ready?.message == "The server sleeps.")
        }
    }

    @Test("the outcome of a write whose response was lost is read, and the write is not repeated")
    func lostAnswers() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution(policy: .delete))
        for operation in [FakeStore.Operation.create, .status] { await bench.store.loseAnswer(to: operation) }
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            #expect(await bench.store.calls == ["create t", "observe t", "status d", "current d"])
            // It counts as new content.
            #expect(await bench.store.lastStatus?.status.lastUpdated?.isEmpty == false)
            await bench.store.loseAnswer(to: .update)
            await bench.mount(["a": "2"], "generation-2")
            try #require(await eventually { await bench.store.calls.contains("update t") })
            try await bench.runUntilIdle()
            #expect(await bench.store.calls.suffix(3) == ["update t", "observe t", "status d"])
        }
    }

    @Test("a write with an unknown outcome is not looked up before the time that the server asks for")
    func unknownOutcomeWithWait() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        await bench.store.fail(.create, [.unknownOutcome("lost", retryAfter: .seconds(1))])
        // Only a lower bound: a busy machine takes longer.
        let start = ContinuousClock.now
        try await bench.working {
            try await bench.tellAll()
            try #require(await eventually { await bench.store.calls.contains("observe t") })
            #expect(ContinuousClock.now - start >= .seconds(1))
        }
    }

    @Test("a write with an unknown outcome is looked up before each retry")
    func unknownOutcome() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        let lost = StoreError.unknownOutcome("lost", retryAfter: nil)
        await bench.store.fail(.create, [lost, lost, lost, lost])
        await bench.store.fail(.observe, [.unavailable("away", retryAfter: nil)])
        try await bench.working {
            try await bench.tellAll()
            try #require(await eventually { await bench.secret("t") != nil })
            try await bench.runUntilIdle()
            let calls = await bench.store.calls.filter { !$0.hasPrefix("status") }
            #expect(
                calls == [
                    "create t", "observe t", "observe t", "create t", "observe t", "create t", "observe t", "create t",
                    "observe t", "observe t", "create t",
                ])
        }
    }

    @Test(
        "a rejection by admission is retried after a minute, whatever its code",
        arguments: [
            StoreError.forbidden("no"), .rejected("no"),
        ])
    func refused(error: StoreError) async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        await bench.store.fail(.create, [error])
        await bench.store.fail(.status, [error])
        try await bench.working {
            try await bench.tellAll()
            // The Secret, and the status.
            try #require(await eventually { await bench.waiting == 2 })
            #expect(await bench.rests)
        }
    }

    @Test("a Secret that the server asked to write later is not written sooner, whatever happens meanwhile")
    func retryAfter() async throws {
        let bench = Bench()
        var distribution = try bench.distribution()
        await bench.store.put(distribution)
        await bench.store.fail(.create, [.unavailable("later", retryAfter: .seconds(600))])
        try await bench.working {
            try await bench.tellAll()
            _ = try await bench.eventuallyReady("WriteFailed")
            await bench.controller.compareAll()
            await bench.mount(["a": "2"], "generation-2")
            distribution.forceSync = "now"
            distribution = await bench.store.put(distribution)
            await bench.controller.distributions(.all, .upsert(distribution))
            // A target that is processed after it.
            let mark = await bench.store.put(try bench.distribution("mark", target: "mark", uid: "two"))
            await bench.controller.distributions(.all, .upsert(mark))
            #expect(await eventually { await bench.secret("mark") != nil })
            #expect(await bench.store.calls.count { $0 == "create t" } == 1)
        }
    }

    @Test("the watch event of our own status does not shorten the wait of its Secret")
    func statusEcho() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        await bench.store.fail(.create, [.rejected("no")])
        try await bench.working {
            try await bench.tellAll()
            _ = try await bench.eventuallyReady("WriteFailed")
            let told = try #require(await bench.store.lastStatus)
            await bench.controller.distributions(.all, .upsert(told))
            // A target that is processed after it.
            let mark = await bench.store.put(try bench.distribution("mark", target: "mark", uid: "two"))
            await bench.controller.distributions(.all, .upsert(mark))
            #expect(await eventually { await bench.secret("mark") != nil })
            #expect(await bench.store.calls.count { $0 == "create t" } == 1)
        }
    }

    @Test("after each conflict the Secret is read again, and the write is not lost", arguments: [1, 2, 3, 4])
    func conflicts(count: Int) async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            await bench.store.fail(.update, Array(repeating: .changed("somebody else writes too"), count: count))
            await bench.mount(["a": "2"], "generation-2")
            try await bench.runUntilIdle()
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("2")])
            #expect(await bench.store.calls.count { $0 == "observe t" } == count)
            #expect(await bench.store.statuses.last?.status.ready?.reason == "Synced")
        }
    }

    @Test("an unknown Secret of ours is synced, not created")
    func unheardOf() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            var edited = try #require(await bench.secret("t"))
            edited.digests = ["a": bench.digest("0")]
            await bench.store.put(edited)
            await bench.controller.targets(.all, .delete(edited))
            try await bench.runUntilIdle()
            #expect(await bench.secret("t")?.uid == edited.uid)
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("1")])
        }
    }

    @Test("targets that cannot be listed are not changed, and the status gives the reason until they can be")
    func targetsCannotBeListed() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            await bench.mount()
            try await bench.tell(.distributions)
            await bench.controller.targetsFailed(.all, .forbidden("secrets may not be listed"))
            #expect(try await bench.eventuallyReady("WriteFailed")?.message == "Secrets may not be listed.")
            #expect(await bench.store.calls == ["status d"])
            try await bench.tell(.targets)
            #expect(try await bench.eventuallyReady("Synced") != nil)
        }
    }

    @Test("targets that can be listed but not watched are written, and the status says that changes are noticed late")
    func targetsCannotBeWatched() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            await bench.controller.targetsFailed(.all, .forbidden("secrets may not be watched"))
            try await bench.runUntilIdle()
            let ready = await bench.store.lastStatus?.status.ready
            #expect(ready?.reason == "Synced")
            #expect(ready?.message.contains("noticed late: secrets may not be watched.") == true)
            // The watch delivers events again.
            await bench.controller.targets(.all, .upsert(try #require(await bench.secret("t"))))
            try await bench.runUntilIdle()
            #expect(await bench.store.lastStatus?.status.ready?.message.contains("late") == false)
        }
    }
}
