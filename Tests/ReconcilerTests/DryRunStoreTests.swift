import Distribution
import DistributionSupport
import Kube
import TestSupport
import Testing

@testable import Planning
@testable import Reconciler
@testable import Stores

@Suite("A dry run")
struct DryRunStoreTests {
    private let logs = LineRecorder()

    /// A controller on a dry run over the fake store of a bench.
    private struct Stage: Sendable {
        let bench: Bench
        let recorder: ChangeRecorder
        let secrets: DryRunSecretStore

        init(_ logs: LineRecorder) {
            let store = FakeStore()
            recorder = ChangeRecorder(logger: logs.logger)
            secrets = DryRunSecretStore(store, managedBy: "me", recorder: recorder)
            bench = Bench(on: store, dryRun: (secrets, recorder), logger: logs.logger)
        }

        /// Reports the content of the store, as the watch does.
        func tellTargets() async throws {
            let all = Array(await bench.store.secrets.values)
            await secrets.handle(.replace(all), .all, bench.controller)
        }
    }

    private let reads = ["observe", "current"]

    private func expectNoWrites(_ store: FakeStore, sourceLocation: SourceLocation = #_sourceLocation) async {
        let writes = await store.calls.filter { call in !reads.contains { call.hasPrefix($0) } }
        #expect(writes.isEmpty, sourceLocation: sourceLocation)
        #expect(await store.statuses.isEmpty, sourceLocation: sourceLocation)
    }

    @Test("writes nothing, logs each difference once, and logs a summary")
    func rehearses() async throws {
        let stage = Stage(logs)
        let bench = stage.bench
        await bench.store.put(try bench.distribution("new", target: "new"))
        await bench.store.put(try bench.distribution("lost", target: "lost", uid: "two", from: ["none"]))
        await bench.store.put(
            ObservedTarget(bench.key("gone"), of: bench.key("former")).owned(by: "former"))
        try await bench.working {
            try await bench.tell(.distributions)
            try await stage.tellTargets()
            try await bench.tell(.mount)
            try await bench.runUntilIdle()
            #expect(stage.recorder.changes.map(\.kind) == [.remove, .create])
            #expect(logs.contains("would create secret", "secret=web/new", "addedKeys=[a]"))
            #expect(logs.contains("would remove secret", "secret=web/gone"))
            #expect(logs.contains("dry run summary", "wouldWrite=2", "inSync=0", "heldBack=1"))
            for said in ["secret created", "secret removed", "distribution synced"] { #expect(logs.count(said) == 0) }

            // A full comparison finds the same differences, and logs nothing.
            let before = logs.count("would ")
            for _ in 0..<3 {
                try await bench.tell(.distributions)
                try await stage.tellTargets()
                // Statuses, which a dry run does not store, wait to be repeated.
                try await bench.rest()
            }
            #expect(logs.count("would ") == before)
            #expect(stage.recorder.changes.count == 2)
            await expectNoWrites(bench.store)
        }
    }

    @Test("compares with the actual state, not with earlier simulated writes")
    func comparesWithTruth() async throws {
        let stage = Stage(logs)
        let bench = stage.bench
        await bench.store.put(try bench.distribution("d", from: ["a", "b"]))
        var real = ObservedTarget(bench.key("t"), of: bench.key("d"))
        real.digests = ["a": bench.digest("1"), "b": bench.digest("1")]
        await bench.store.put(real)
        try await bench.working {
            try await bench.tell(.distributions)
            try await stage.tellTargets()
            await bench.mount(["a": "2", "b": "1"], "generation-2")
            try await bench.runUntilIdle()
            #expect(stage.recorder.changes.map(\.changed) == [["a"]])
            // Another rotation before any write: both keys differ now.
            await bench.mount(["a": "2", "b": "2"], "generation-3")
            try await bench.runUntilIdle()
            #expect(stage.recorder.changes.map(\.changed) == [["a", "b"]])
            // Another client writes one of them.
            let known = try #require(await bench.secret("t"))
            var next = known
            next.digests["a"] = bench.digest("2")
            next = await bench.store.put(next)
            await stage.secrets.handle(.upsert(next), .all, bench.controller)
            try await bench.runUntilIdle()
            #expect(stage.recorder.changes.map(\.changed) == [["b"]])
            // Then it writes the other one: no difference is left.
            next.digests["b"] = bench.digest("2")
            next = await bench.store.put(next)
            await stage.secrets.handle(.upsert(next), .all, bench.controller)
            try await bench.runUntilIdle()
            #expect(stage.recorder.changes.isEmpty)
            #expect(logs.count("would update secret") == 3)
            #expect(logs.count("secret no longer needs a write") == 1)
            await expectNoWrites(bench.store)
        }
    }

    @Test("sees Secrets that have only our annotation, and no others")
    func hears() async throws {
        let stage = Stage(logs)
        let bench = stage.bench
        var marked = ObservedTarget(bench.key("t"), of: bench.key("d"))
        marked.labels = [:]
        var foreign = ObservedTarget(bench.key("foreign"), of: bench.key("d"))
        foreign.labels = [:]
        foreign.annotations = [WellKnownKeys.managedBy: "another"]
        await stage.secrets.handle(.replace([marked, foreign]), .all, bench.controller)
        #expect(await bench.controller.cache.targets.keys.sorted() == [bench.key("t")])
        await stage.secrets.handle(.upsert(foreign), .all, bench.controller)
        #expect(await bench.controller.cache.targets.keys.sorted() == [bench.key("t")])
        // It is handed over to another owner.
        marked.annotations = [:]
        await stage.secrets.handle(.upsert(marked), .all, bench.controller)
        #expect(await bench.controller.cache.targets.isEmpty)
    }
}

extension DryRunSecretStore {
    /// Delivers an event to the controller as the watch does.
    fileprivate func handle(
        _ event: ListWatchEvent<ObservedTarget>, _ scope: Scope, _ controller: Controller
    ) async { await controller.targets(scope, handle(event, scope)) }
}

extension ObservedTarget {
    /// Owned by the distribution.
    fileprivate func owned(by distribution: String) -> ObservedTarget {
        var next = self
        next.owners = [
            OwnerReference(apiVersion: WellKnownKeys.apiVersion, kind: WellKnownKeys.kind, name: distribution, uid: "x")
        ]
        next.annotations[WellKnownKeys.target] = WellKnownKeys.target(key, of: "x")
        return next
    }
}
