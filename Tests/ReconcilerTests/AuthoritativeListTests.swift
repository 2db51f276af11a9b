import Distribution
import DistributionSupport
import TestSupport
import TestTraits
import Testing

@testable import Stores

@Suite("A list overrides cached state", .endsIfHung)
struct AuthoritativeListTests {
    /// In both cases the state goes back, because etcd was restored.
    @Test("of targets, even if its versions are older: older content is replaced")
    func targets() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let backup = try #require(await bench.secret("t"))
            await bench.mount(["a": "2"], "generation-2")
            try await bench.runUntilIdle()
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("2")])
            await bench.store.restore(backup)
            await bench.controller.targets(.all, .replace([backup]))
            #expect(await eventually { await bench.secret("t")?.digests == ["a": bench.digest("2")] })
            try await bench.runUntilIdle()
            #expect(await bench.store.calls.count { $0 == "observe t" } == 0)
        }
    }

    @Test("of distributions, even if its versions are older: the stored spec and status count")
    func distributions() async throws {
        let bench = Bench()
        let backup = await bench.store.put(try bench.distribution(from: ["a"]))
        try await bench.working {
            try await bench.tellAll()
            await bench.mount(["a": "1", "b": "2"], "generation-1")
            try await bench.runUntilIdle()
            let amended = await bench.store.put(try bench.distribution(generation: 2, from: ["b"]))
            await bench.controller.distributions(.all, .upsert(amended))
            try await bench.runUntilIdle()
            #expect(await bench.secret("t")?.digests == ["b": bench.digest("2")])
            for _ in 0..<3 {
                await bench.store.restore(backup)
                let written = await bench.store.statuses.count
                await bench.controller.distributions(.all, .replace([backup]))
                // Each time at once: the earlier write was lost, so this is no repetition.
                #expect(await eventually { await bench.store.statuses.count > written })
                try await bench.runUntilIdle()
                #expect(await bench.secret("t")?.digests == ["a": bench.digest("1")])
                #expect(await bench.store.distributions[bench.key("d")]?.status.ready?.reason == "Synced")
            }
        }
    }

    @Test("while watch events that are older than our own write do not")
    func events() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let old = try #require(await bench.secret("t"))
            await bench.mount(["a": "2"], "generation-2")
            try await bench.runUntilIdle()
            await bench.controller.targets(.all, .upsert(old))
            try await bench.runUntilIdle()
            #expect(await bench.store.calls.count { $0 == "update t" } == 1)
        }
    }

    @Test("a read overrides cached state too: after a restore, one conflict is enough before the next list")
    func read() async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let backup = try #require(await bench.secret("t"))
            for round in 2...3 {
                await bench.mount(["a": "\(round)"], "generation-\(round)")
                try await bench.runUntilIdle()
            }
            await bench.store.restore(backup)
            for round in 4...5 {
                await bench.mount(["a": "\(round)"], "generation-\(round)")
                try await bench.runUntilIdle()
            }
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("5")])
            #expect(await bench.store.calls.count { $0 == "observe t" } == 1)
        }
    }

    @Test("and before that list, nothing is written for a distribution that was lost or changed meanwhile")
    func confirmation() async throws {
        let bench = Bench()
        for name in ["lost", "kept", "amended"] {
            await bench.store.put(try bench.distribution(name, target: name, uid: name))
        }
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            let backup = try #require(await bench.secret("kept"))
            await bench.store.remove(bench.key("lost"))
            await bench.store.put(try bench.distribution("amended", target: "amended", uid: "amended", from: ["b"]))
            await bench.controller.resync(.all)
            await bench.controller.targets(.all, .replace([backup]))
            for name in ["lost", "amended"] { await bench.store.lose(bench.key(name)) }
            await bench.mount(["a": "2", "b": "2"], "generation-2")
            #expect(await eventually { await bench.secret("amended")?.digests == ["b": bench.digest("2")] })
            #expect(await eventually { await bench.secret("kept")?.digests == ["a": bench.digest("2")] })
            #expect(await eventually { await bench.store.calls.count { $0 == "current lost" } > 1 })
            // After the next list, no more reads are needed.
            try await bench.tell(.distributions)
            try await bench.runUntilIdle()
            #expect(await bench.store.calls.count { $0 == "create lost" } == 1)
            #expect(await bench.store.calls.count { $0 == "create amended" } == 2)
            let asked = await bench.store.calls.count { $0.hasPrefix("current") }
            await bench.mount(["a": "3", "b": "3"], "generation-3")
            try await bench.runUntilIdle()
            #expect(await bench.store.calls.count { $0.hasPrefix("current") } == asked)
        }
    }
}

@Suite("When Secrets cannot be listed", .endsIfHung)
struct UnlistedTests {
    private let away = StoreError.unavailable("cannot list secrets: status 500", retryAfter: nil)

    @Test("for long, whatever the error, no status stays Synced, at first and later; a list restores them")
    func stale() async throws {
        let store = FakeStore()
        let first = Bench(on: store)
        await store.put(try first.distribution())
        try await first.working {
            try await first.tellAll()
            try await first.runUntilIdle()
        }
        let bench = Bench(on: store) { $0.staleAfter = .zero }
        try await bench.working {
            try await bench.tell(.distributions)
            await bench.mount()
            await bench.controller.targetsFailed(.all, away)
            var ready = try await bench.eventuallyReady("WriteFailed")
            #expect(ready?.message.contains("have not been listable since 2") == true)
            #expect(ready?.message.contains("status 500") == true)
            #expect(await store.calls.count { $0 == "create t" } == 1)
            try await bench.tell(.targets)
            _ = try await bench.eventuallyReady("Synced")
            // All is known now. What can be written is written, but the status does not say that it is in sync.
            await bench.controller.targetsFailed(.all, away)
            ready = try await bench.eventuallyReady("WriteFailed")
            #expect(ready?.message.hasPrefix("Secret t was in sync when last read, but the Secrets") == true)
            await bench.mount(["a": "2"], "generation-2")
            #expect(await eventually { await bench.secret("t")?.digests == ["a": bench.digest("2")] })
            try await bench.runUntilIdle()
            #expect(await store.lastStatus?.status.ready?.reason == "WriteFailed")
            await bench.controller.targetsRecovered(.all)
            _ = try await bench.eventuallyReady("Synced")
        }
    }

    @Test("nor distributions, statuses that can be written do not stay Synced")
    func nothingListed() async throws {
        let bench = Bench { $0.staleAfter = .zero }
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            _ = try await bench.eventuallyReady("Synced")
            await bench.controller.distributionsFailed(.all, away)
            await bench.controller.targetsFailed(.all, away)
            let ready = try await bench.eventuallyReady("WriteFailed")
            #expect(ready?.message.hasPrefix("Secret t was in sync when last read, but the Secrets") == true)
            try await bench.tell(.distributions)
            try await bench.tell(.targets)
            _ = try await bench.eventuallyReady("Synced")
        }
    }

    @Test("as a whole, each is read by name: existing ones are updated, and unreadable ones report the reason")
    func byName() async throws {
        let store = FakeStore()
        let first = Bench(on: store)
        for name in ["good", "bad"] { await store.put(try first.distribution(name, target: name, uid: name)) }
        try await first.working {
            try await first.tellAll()
            try await first.runUntilIdle()
        }
        let bench = Bench(on: store)
        try await bench.working {
            try await bench.tell(.distributions)
            await bench.mount(["a": "2"], "generation-2")
            #expect(await bench.controller.namespacesToList(of: .all) == ["web"])
            await store.makeUnreadable(bench.key("bad"))
            await bench.controller.targetsFailed(.all, away)
            await bench.controller.targets(.all, inParts: [:], because: away)
            #expect(await eventually { await bench.secret("good")?.digests == ["a": bench.digest("2")] })
            #expect(await eventually { bench.controller.probes.hasStarted })
            #expect(
                await eventually {
                    await store.distributions[bench.key("bad")]?.status.ready?.message == "It cannot be decrypted."
                })
            #expect(
                await eventually {
                    await store.distributions[bench.key("good")]?.status.ready?.message.contains("noticed late") == true
                })
            #expect(await bench.secret("bad")?.digests == ["a": bench.digest("1")])
            #expect(await store.calls.count { $0 == "create bad" || $0 == "create good" } == 2)
        }
    }

    @Test("nor distributions, writes wait for current distributions; after long, the cached ones are used")
    func unconfirmed() async throws {
        for (staleAfter, writes) in [(Duration.seconds(900), false), (.zero, true)] {
            let bench = Bench { $0.staleAfter = staleAfter }
            await bench.store.put(try bench.distribution())
            try await bench.working {
                try await bench.tellAll()
                try await bench.runUntilIdle()
                await bench.controller.distributionsFailed(.all, away)
                await bench.store.fail(.current, Array(repeating: away, count: 3))
                await bench.mount(["a": "2"], "generation-2")
                #expect(await eventually { await bench.secret("t")?.digests == ["a": bench.digest("2")] })
                #expect(await bench.store.calls.count { $0 == "current t" || $0 == "current d" } == (writes ? 1 : 4))
            }
        }
    }

    @Test("in one of several scopes because of the role, the others are served and the agent is ready")
    func refusedScope() async throws {
        let log = LineRecorder()
        let bench = Bench(logger: log.logger) { $0.scopes = [.namespace("gone"), .namespace("web")] }
        await bench.store.put(try bench.distribution())
        let web = Scope.namespace("web")
        try await bench.working {
            await bench.mount()
            await bench.controller.distributionsFailed(.namespace("gone"), .forbidden("no role in gone"))
            await bench.controller.targetsFailed(.namespace("gone"), .forbidden("no role in gone"))
            await bench.controller.distributions(web, .replace(try await bench.store.list(web)))
            #expect(await !bench.controller.unreadiness.isEmpty)
            await bench.controller.targets(web, .replace([]))
            #expect(await bench.controller.unreadiness.isEmpty)
            #expect(await eventually { bench.controller.probes.hasStarted })
            #expect(await bench.secret("t") != nil)
            #expect(
                await bench.controller.overview().notes == [
                    "the distributions of namespace gone cannot be listed: no role in gone",
                    "the Secrets of namespace gone cannot be listed: no role in gone",
                ])
            #expect(log.count("scope is skipped") == 1)
            await bench.controller.distributionsFailed(web, .forbidden("no role in web"))
            #expect(await bench.controller.unreadiness.isEmpty)
            for scope in [Scope.namespace("gone")] {
                await bench.controller.distributions(scope, .replace([]))
                await bench.controller.targets(scope, .replace([]))
            }
            #expect(log.count("scope is served again") == 1)
        }
    }

    @Test("in any scope because of the role, the agent is not ready")
    func allRefused() async throws {
        let bench = Bench { $0.scopes = [.namespace("gone"), .namespace("web")] }
        await bench.mount()
        for namespace in ["gone", "web"] {
            await bench.controller.distributionsFailed(.namespace(namespace), .forbidden("no role"))
        }
        #expect(
            await bench.controller.unreadiness.contains(
                "the distributions of namespace web cannot be listed: no role"))
        #expect(!bench.controller.probes.hasStarted)
    }
}
