import Distribution
import Planning
import Stores
import TestSupport
import TestTraits
import Testing

/// Another agent that has seen an edit of a distribution already writes its Secret.
@Suite("What another agent writes for an edit that this agent has not seen yet", .tags(.concurrent), .endsIfHung)
struct UnseenEditTests {
    @Test("is not undone, also if an older event arrives while the distribution is read")
    func event() async throws {
        for isOlderEvent in [false, true] {
            let bench = Bench()
            await bench.store.put(try bench.distribution())
            try await bench.working {
                try await begin(bench)
                let older = await bench.store.put(try bench.distribution())
                let written = try await follow(edit(bench), of: "1", on: bench)
                if isOlderEvent { await bench.store.holdReads() }
                await bench.controller.targets(.all, .upsert(written))
                if isOlderEvent {
                    try #require(await eventually { await bench.store.heldReads == 1 })
                    await bench.controller.distributions(.all, .upsert(older))
                    await bench.store.release()
                }
                try await expectEditIsSeen(bench)
                #expect(await bench.secret("t") == written)
                #expect(await bench.store.calls.count { $0 == "current d" } == 1)
            }
        }
    }

    @Test("is not undone when a list shows it")
    func list() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await begin(bench)
            let written = try await follow(edit(bench), of: "1", on: bench)
            try await bench.tell(.targets)
            try await expectEditIsSeen(bench)
            #expect(await bench.secret("t") == written)
        }
    }

    @Test("is read from a response that does not replace a distribution that was created during the request")
    func recreated() async throws {
        let bench = Bench()
        let old = await bench.store.put(try bench.distribution())
        try await bench.working {
            try await begin(bench)
            var target = try #require(await bench.secret("t"))
            target.digests = [:]
            await bench.store.holdReads()
            await bench.controller.targets(.all, .upsert(await bench.store.put(target)))
            try #require(await eventually { await bench.store.heldReads == 1 })
            await bench.controller.distributions(.all, .delete(old))
            let new = try bench.distribution(uid: "another", from: ["b"])
            await bench.controller.distributions(.all, .upsert(await bench.store.put(new)))
            await bench.store.release()
            try #require(await eventually { await bench.secret("t")?.digests == ["b": bench.digest("2")] })
        }
    }

    @Test("is not undone after a conflict")
    func conflict() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await begin(bench)
            let written = try await follow(edit(bench), of: "3", on: bench, from: "generation-2")
            // The agent's own write is for a version that is no longer the current one.
            await bench.mount(["a": "3", "b": "2"], "generation-2")
            try await expectEditIsSeen(bench)
            #expect(await bench.secret("t") == written)
        }
    }

    @Test(
        "cannot be told from drift if the distribution cannot be read: it is undone while the distribution is watched")
    func unreadableDistribution() async throws {
        for (error, tries) in [
            (StoreError.rejected("unreadable"), 1), (.forbidden("not allowed"), 1),
            (.unavailable("overloaded", retryAfter: nil), 4),
        ] {
            let bench = Bench()
            await bench.store.put(try bench.distribution())
            try await bench.working {
                try await begin(bench)
                // More than there are tries within the test's time limit.
                await bench.store.fail(.current, Array(repeating: error, count: 1000))
                var target = try #require(await bench.secret("t"))
                target.digests = [:]
                await bench.controller.targets(.all, .upsert(await bench.store.put(target)))
                try #require(await eventually { await bench.secret("t")?.digests["a"] != nil })
                #expect(await bench.store.calls.count { $0 == "current d" } == tries)
            }
        }
    }

    private func begin(_ bench: Bench) async throws {
        try await bench.tell(.distributions)
        try await bench.tell(.targets)
        await bench.mount(["a": "1", "b": "2"])
        try await bench.runUntilIdle()
    }

    private func edit(_ bench: Bench) throws -> SecretsDistribution {
        try bench.distribution(generation: 2, from: ["a", "b"])
    }

    /// Stores the edit, and the Secret as the other agent writes it, without events.
    private func follow(
        _ edit: SecretsDistribution, of content: String, on bench: Bench, from generation: String = "generation-1"
    ) async throws -> ObservedTarget {
        await bench.store.put(edit)
        var target = try #require(await bench.secret("t"))
        target.digests = ["a": bench.digest(content), "b": bench.digest("2")]
        target.annotations[WellKnownKeys.mountGeneration] = generation
        return await bench.store.put(target)
    }

    /// The status of the new generation shows that the edit was read, without an event.
    private func expectEditIsSeen(_ bench: Bench) async throws {
        try #require(await eventually { await bench.store.lastStatus?.status.observedGeneration == 2 })
        try await bench.runUntilIdle()
    }
}
