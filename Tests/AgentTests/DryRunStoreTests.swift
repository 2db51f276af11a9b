import Distribution
import Kube
import Observability
import Snapshots
import TestSupport
import Testing

@testable import Agent
@testable import JSON
@testable import Planning
@testable import Reconciler
@testable import Stores

@Suite("A dry run")
struct DryRunStoreTests {
    private let logs = LineRecorder()

    // MARK: What is answered

    /// The response without the fields that only a store knows.
    private func known(_ target: ObservedTarget) -> ObservedTarget {
        var target = target
        target.uid = ""
        target.resourceVersion = ""
        return target
    }

    @Test("responds like the store, and does not change it", arguments: StoreUnderTest.all)
    func answers(_ target: StoreUnderTest) async throws {
        let (store, namespace) = try await target.make()
        let rehearsal = DryRunSecretStore(store, managedBy: "me", ledger: ChangeRecorder(logger: .none))
        let first = try desired(namespace, ["a": "1", "b": "1"], labels: ["x": "1"])
        let second = try desired(namespace, ["a": "2", "c": "1"], labels: ["x": "2"], generation: "2", owner: true)
        let third = try desired(namespace, ["c": "1"], type: "example.com/mine", generation: "3")

        let wouldBe = try await rehearsal.create(first)
        #expect(try await store.observe(first.key) == nil)
        let created = try await store.create(first)
        #expect(known(wouldBe) == known(created))
        await #expect(throws: StoreError.self) { _ = try await rehearsal.create(first) }

        guard case .update(_, let patch) = Plan(desired: second, observed: created, managedBy: "me") else {
            Issue.record("expected an update")
            return
        }
        let wouldChange = try await rehearsal.update(created, patch)
        #expect(try await store.observe(first.key) == created)
        let updated = try await store.update(created, patch)
        #expect(known(wouldChange) == known(updated))

        let wouldReplace = try await rehearsal.recreate(updated, as: third)
        #expect(try await store.observe(first.key) == updated)
        let replaced = try await store.recreate(updated, as: third)
        #expect(known(wouldReplace) == known(replaced))

        try await rehearsal.delete(replaced)
        #expect(try await rehearsal.observe(first.key) == replaced)
        #expect(try await rehearsal.list(.namespace(namespace)) == [replaced])
    }

    private func desired(
        _ namespace: String, _ data: [String: String], type: String = "Opaque", labels: [String: String] = [:],
        generation: String = "1", owner: Bool = false
    ) throws -> DesiredTarget {
        let manifest: JSONValue = [
            "metadata": ["name": "d", "namespace": .string(namespace), "uid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"],
            "spec": [
                "name": "target", "type": .string(type), "deletionPolicy": owner ? "Delete" : "Retain",
                "secrets": .array(data.keys.sorted().map { ["from": .string($0), "to": .string($0)] }),
                "metadata": ["labels": .object(labels.mapValues { .string($0) })],
            ],
        ]
        let distribution = try JSONBytes.decode(SecretsDistribution.self, from: manifest.encoded())
        let files = data.mapValues { SourceFile(SecretBytes($0.utf8)) }
        var pairs = CertificateCheckCache()
        return try DesiredTarget(
            distribution, from: Snapshot(generation: generation, createdAt: Timestamp(seconds: 0), files: files),
            managedBy: "me", pairs: &pairs)
    }

    // MARK: The controller on it

    /// A controller on a dry run over the fake store of a bench.
    private struct Stage: Sendable {
        let bench: Bench
        let ledger: ChangeRecorder
        let secrets: DryRunSecretStore

        init(_ logs: LineRecorder) {
            let store = FakeStore()
            ledger = ChangeRecorder(logger: logs.logger)
            secrets = DryRunSecretStore(store, managedBy: "me", ledger: ledger)
            bench = Bench(on: store, dryRun: (secrets, ledger), logger: logs.logger)
        }

        /// Reports the content of the store, as the watch does.
        func tellTargets() async throws {
            let all = Array(await bench.store.secrets.values)
            await secrets.hear(.replace(all), .all, bench.controller)
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
            try await bench.settle()
            #expect(stage.ledger.changes.map(\.kind) == [.remove, .create])
            #expect(logs.contains("would create secret", "secret=web/new", "addedKeys=[a]"))
            #expect(logs.contains("would remove secret", "secret=web/gone"))
            #expect(logs.contains("dry run summary", "wouldWrite=2", "inSync=0", "heldBack=1"))
            for said in ["secret created", "secret removed", "distribution synced"] { #expect(logs.count(said) == 0) }

            // A full comparison finds the same differences, and logs nothing.
            let before = logs.count("would ")
            for _ in 0..<3 {
                try await bench.tell(.distributions)
                try await stage.tellTargets()
                try await bench.settle()
            }
            #expect(logs.count("would ") == before)
            #expect(stage.ledger.changes.count == 2)
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
            try await bench.settle()
            #expect(stage.ledger.changes.map(\.changed) == [["a"]])
            // Another rotation before any write: both keys differ now.
            await bench.mount(["a": "2", "b": "2"], "generation-3")
            try await bench.settle()
            #expect(stage.ledger.changes.map(\.changed) == [["a", "b"]])
            // Another client writes one of them.
            let known = try #require(await bench.secret("t"))
            var next = known
            next.digests["a"] = bench.digest("2")
            next = await bench.store.put(next)
            await stage.secrets.hear(.upsert(next), .all, bench.controller)
            try await bench.settle()
            #expect(stage.ledger.changes.map(\.changed) == [["b"]])
            // Then it writes the other one: no difference is left.
            next.digests["b"] = bench.digest("2")
            next = await bench.store.put(next)
            await stage.secrets.hear(.upsert(next), .all, bench.controller)
            try await bench.settle()
            #expect(stage.ledger.changes.isEmpty)
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
        await stage.secrets.hear(.replace([marked, foreign]), .all, bench.controller)
        #expect(await bench.controller.cache.targets.keys.sorted() == [bench.key("t")])
        await stage.secrets.hear(.upsert(foreign), .all, bench.controller)
        #expect(await bench.controller.cache.targets.keys.sorted() == [bench.key("t")])
        // It is handed over to another owner.
        marked.annotations = [:]
        await stage.secrets.hear(.upsert(marked), .all, bench.controller)
        #expect(await bench.controller.cache.targets.isEmpty)
    }

    // MARK: On the way to the server

    @Test("sends read requests only")
    func readOnly() async throws {
        let sent = SentRequests()
        let transport = ReadOnlyTransport(sent)
        let writes = [
            Request.create(.secrets, namespace: "web", [:]), .create(.secrets, namespace: "web", [:], dryRun: true),
            .mergePatch(.secrets, namespace: "web", name: "a", [:]),
            .delete(.secrets, namespace: "web", name: "a", uid: nil),
        ]
        for write in writes {
            let error = KubeError(write.operation, .transport(.readOnly))
            await #expect(throws: error) { try await transport.send(write) }
            await #expect(throws: error) { _ = try await transport.stream(write) }
        }
        #expect(sent.all.isEmpty)
        let read = Request.get(.secrets, namespace: "web", name: "a")
        _ = try await transport.send(read)
        #expect(sent.all == [read])
    }

    @Test("a backend in a dry run sends no write, and takes part in no election")
    func backend() async throws {
        let sent = SentRequests()
        var settings = Settings()
        settings.dryRun = true
        settings.leaderElection = true
        let backend = Backend(sent, settings, namespace: "web", logger: logs.logger)
        #expect(backend.elector == nil && backend.changes != nil)
        #expect(logs.count("dry run: nothing is written") == 1)
        let target = ObservedTarget(ObjectKey(namespace: "web", name: "t"), of: ObjectKey(namespace: "web", name: "d"))
        try await backend.secrets.delete(target)
        #expect(sent.all.isEmpty)
        settings.dryRun = false
        #expect(Backend(sent, settings, namespace: "web", logger: .none).elector != nil)
    }
}

extension DryRunSecretStore {
    /// Delivers an event to the controller as the watch does.
    fileprivate func hear(
        _ event: FeedEvent<ObservedTarget>, _ scope: Scope, _ controller: Controller
    ) async { await controller.targets(scope, hear(event, scope)) }
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
