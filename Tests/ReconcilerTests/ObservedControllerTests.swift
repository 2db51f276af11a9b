import DistributionSupport
import Observability
import Snapshots
import Stores
import TestSupport
import TestTraits
import Testing

/// The controller's log, metrics and status page.
@Suite(.tags(.concurrent)) struct ObservedControllerTests {
    private let log = LineRecorder()
    private let looks = Switch(false)

    private func value(
        _ name: String, _ labels: [String: String] = [:], of bench: Bench
    ) async throws -> Double {
        let metric = try #require(await bench.metrics().first { $0.name == "secrets_distributor_\(name)" })
        let sample = try #require(
            metric.samples.first { sample in
                labels.allSatisfy { label in sample.labels.contains { $0.name == label.key && $0.value == label.value }
                }
            })
        return switch sample.value {
        case .number(let number): number
        case .histogram(let histogram): Double(histogram.count)
        }
    }

    @Test func `a rotation is logged as one line with its files and results, and each Secret has a propagation time`()
        async throws
    {
        let bench = Bench(logger: log.logger)
        for (name, file) in [("d", "a"), ("e", "a"), ("f", "b")] {
            await bench.store.put(try bench.distribution(name, target: name, uid: name, from: [file]))
        }
        for part in [Bench.Part.distributions, .targets] { try await bench.tell(part) }
        await bench.mount(["a": "1", "b": "1"], "generation-1")
        try await bench.working {
            try await bench.runUntilIdle()
            await bench.mount(["a": "2", "b": "1"], "generation-2")
            #expect(await eventually { log.count("rotation distributed") == 1 })
            try await bench.runUntilIdle()
        }
        let line = try #require(log.lines.first { $0.contains("rotation distributed") })
        for part in ["generation=generation-2", "paths=[a]", "targets=2", "written=2", "unchanged=0", "heldBack=0"] {
            #expect(line.contains(part))
        }
        #expect(try await value("rotation_propagation_seconds", of: bench) == 2)
        #expect(try await value("rotation_processing_seconds", of: bench) == 2)
        #expect(try await value("rotations_total", of: bench) == 1)
        #expect(try await value("secret_writes_total", ["result": "created"], of: bench) == 3)
        #expect(try await value("secret_writes_total", ["result": "updated"], of: bench) == 2)
        #expect(try await value("distributions", ["reason": "Synced", "ready": "true"], of: bench) == 3)
    }

    @Test func `each volume is reported, and one that is written file by file causes one warning`() async throws {
        let bench = Bench(logger: log.logger)
        let plain = Snapshot.Volume(generation: "p", createdAt: Timestamp(seconds: 7), isAtomic: false)
        var azure = Snapshot.Volume(generation: "..1", createdAt: Timestamp(seconds: 9))
        azure.absence = "is empty"
        for _ in 0..<2 {
            await bench.controller.mount(.snapshot(Snapshot(volumes: ["": plain, "azure": azure], files: [:])))
        }
        #expect(log.count("files are written one by one") == 1)
        #expect(log.count("volumes=[.]") == 1)
        #expect(try await value("mount_volume_atomic", ["volume": "."], of: bench) == 0)
        #expect(try await value("mount_volume_atomic", ["volume": "azure"], of: bench) == 1)
        #expect(try await value("mount_volume_present", ["volume": "."], of: bench) == 1)
        #expect(try await value("mount_volume_present", ["volume": "azure"], of: bench) == 0)
        #expect(try await value("mount_volume_generation_timestamp_seconds", ["volume": "azure"], of: bench) == 9)
    }

    @Test func `a mount that gets no more generations is reported in the statuses until it does`() async throws {
        let bench = Bench(logger: log.logger)
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            try await bench.runUntilIdle()
            await bench.controller.mount(.lost(reason: "it is deleted"))
            try await bench.runUntilIdle()
            let key = try bench.distribution().key
            let message = await bench.controller.outcomes[key]?.message ?? ""
            #expect(message.hasSuffix("No more rotations arrive: it is deleted."), "\(message)")
            await bench.mount()
            try await bench.runUntilIdle()
            #expect(await bench.controller.outcomes[key]?.message.contains("No more rotations") == false)
        }
    }

    @Test func `failures are counted, and do not complete a rotation early`() async throws {
        let bench = Bench(logger: log.logger)
        await bench.store.put(try bench.distribution())
        try await bench.tellAll()
        try await bench.working {
            try await bench.runUntilIdle()
            await bench.store.fail(
                .update,
                [.unavailable("away", retryAfter: nil), .changed("other"), .unavailable("away", retryAfter: nil)])
            await bench.mount(["a": "2"], "generation-2")
            #expect(await eventually { log.count("rotation distributed") == 1 })
        }
        #expect(log.count("written=1") == 1)
        #expect(try await value("secret_writes_total", ["result": "failed"], of: bench) == 2)
        #expect(try await value("secret_writes_total", ["result": "conflict"], of: bench) == 1)
        #expect(try await value("queue_retries_total", of: bench) == 2)
        #expect(try await value("queue_oldest_unfinished_seconds", of: bench) == 0)
    }

    @Test func `writes that started before a rotation do not count as its writes`() async throws {
        let bench = Bench(logger: log.logger)
        await bench.store.put(try bench.distribution())
        await bench.store.hold()
        try await bench.tellAll()
        try await bench.working {
            try await bench.waitForWrites(1)
            await bench.mount(["a": "2"], "generation-2")
            await bench.store.release()
            try await bench.runUntilIdle()
        }
        let told = log.lines.compactMap { line in
            ["secret created", "secret updated", "rotation distributed"].first { line.contains($0) }
        }
        #expect(told == ["secret created", "secret updated", "rotation distributed"])
        #expect(log.count("written=1") == 1)
        #expect(try await value("rotation_processing_seconds", of: bench) == 1)
    }

    @Test func `a dry run has no propagation times and no write failures`() async throws {
        let store = FakeStore()
        let recorder = ChangeRecorder(logger: .none)
        let rehearsal = DryRunSecretStore(store, managedBy: "me", recorder: recorder)
        let bench = Bench(on: store, dryRun: (rehearsal, recorder))
        await store.put(try bench.distribution())
        try await bench.tellAll()
        try await bench.working {
            try await bench.runUntilIdle()
            await store.fail(.observe, [.unavailable("away", retryAfter: nil)])
            await bench.mount(["a": "2"], "generation-2")
            try await bench.runUntilIdle()
            #expect(recorder.changes.count == 1)
        }
        #expect(try await value("rotation_processing_seconds", of: bench) == 0)
        #expect(try await value("secret_writes_total", ["result": "failed"], of: bench) == 0)
        #expect(try await value("queue_retries_total", of: bench) == 1)
    }

    @Test func `a target that is held back is reported`() async throws {
        let bench = Bench(logger: log.logger)
        await bench.store.put(try bench.distribution())
        try await bench.tellAll()
        try await bench.working {
            try await bench.runUntilIdle()
            await bench.mount(["b": "2"], "generation-2")
            #expect(await eventually { log.count("some targets are held back") == 1 })
        }
        #expect(try await value("targets_held_back", of: bench) == 1)
        #expect(try await value("distributions", ["reason": "SourceNotFound"], of: bench) == 1)
        let overview = await bench.controller.overview()
        #expect(overview.rows.map(\.reason) == [.sourceNotFound])
        #expect(overview.rotations.first?.heldBack == 1)
    }

    @Test(arguments: Bench.Part.allCases)
    func `the agent has started when everything is known and the first pass is done`(last: Bench.Part) async throws {
        let bench = Bench()
        await bench.store.put(try bench.distribution())
        await bench.store.hold()
        try await bench.working {
            for part in Bench.Part.allCases where part != last { try await bench.tell(part) }
            #expect(
                !bench.controller.probes.hasStarted && bench.controller.probes.readiness.contains { $0.problem != nil })
            try await bench.tell(last)
            #expect(bench.controller.probes.readiness.allSatisfy { $0.problem == nil })
            try await bench.waitForWrites(1)
            #expect(!bench.controller.probes.hasStarted)
            await bench.store.release()
            #expect(await eventually { bench.controller.probes.hasStarted })
        }
    }

    @Test func `the agent has started even if there is nothing to do`() async throws {
        let bench = Bench()
        try await bench.tellAll()
        #expect(bench.controller.probes.hasStarted)
    }

    @Test func `a changed forceSync makes the controller read the Secret again, but not the mount`() async throws {
        let bench = Bench(readMount: { looks.isOn = true })
        var distribution = try bench.distribution()
        await bench.store.put(distribution)
        try await bench.tellAll()
        try await bench.working {
            try await bench.runUntilIdle()
            // No event reports this, as when a watch is dead.
            var secret = try #require(await bench.secret("t"))
            secret.digests["a"] = bench.digest("edited")
            await bench.store.put(secret)
            distribution.forceSync = "now"
            distribution = await bench.store.put(distribution)
            await bench.controller.distributions(.all, .upsert(distribution))
            #expect(await eventually { await bench.secret("t")?.digests["a"] == bench.digest("1") })
        }
        #expect(!looks.isOn)
    }

    @Test func `repeated forceSync reads its Secret once, and once more later`() async throws {
        let bench = Bench()
        var distribution = try bench.distribution()
        await bench.store.put(distribution)
        await bench.store.put(try bench.distribution("other", target: "other"))
        try await bench.tellAll()
        try await bench.working {
            try await bench.runUntilIdle()
            for number in 0..<100 {
                distribution.forceSync = "\(number)"
                distribution = await bench.store.put(distribution)
                await bench.controller.distributions(.all, .upsert(distribution))
                try await bench.rest()
            }
        }
        let reads = await bench.store.calls.filter { $0.hasPrefix("observe") }
        #expect(reads.allSatisfy { $0 == "observe t" })
        #expect((1..<50).contains(reads.count), "\(reads.count)")
    }

    @Test func `a forceSync whose read of the Secret fails is retried`() async throws {
        let bench = Bench()
        var distribution = try bench.distribution()
        await bench.store.put(distribution)
        try await bench.tellAll()
        try await bench.working {
            try await bench.runUntilIdle()
            await bench.store.fail(.observe, [.unavailable("away", retryAfter: nil)])
            distribution.forceSync = "now"
            distribution = await bench.store.put(distribution)
            await bench.controller.distributions(.all, .upsert(distribution))
            try await bench.runUntilIdle()
        }
        #expect(await bench.store.calls.count { $0 == "observe t" } == 2)
    }

    @Test func `a forceSync for another instance is not kept until the distribution is ours`()
        async throws
    {
        let bench = Bench()
        await bench.store.put(try bench.distribution(assignedTo: "another"))
        try await bench.tellAll()
        try await bench.working {
            var distribution = try bench.distribution(assignedTo: "another")
            distribution.forceSync = "now"
            await bench.controller.distributions(.all, .upsert(await bench.store.put(distribution)))
            try await bench.runUntilIdle()
            distribution = try bench.distribution()
            distribution.forceSync = "now"
            await bench.controller.distributions(.all, .upsert(await bench.store.put(distribution)))
            #expect(await eventually { await bench.secret("t") != nil })
        }
        #expect(await !bench.store.calls.contains("observe t"))
    }

    @Test func `the workers' heartbeat continues while they work, and stops while one is stuck or after they end`()
        async throws
    {
        let bench = Bench { $0.processTimeout = .milliseconds(10) }
        await bench.store.put(try bench.distribution())
        let heart = bench.controller.heartbeat
        let before = heart.last
        try await bench.working {
            #expect(await eventually { heart.last > before })
            await bench.store.hold()
            try await bench.tellAll()
            try await bench.waitForWrites(1)
            let stuck = ContinuousClock.now + .milliseconds(10)
            #expect(await eventually { .now > stuck })
            let last = heart.last
            // Another key is processed: the stuck one still counts.
            await bench.store.put(try bench.distribution("other", target: "other", from: ["none"]))
            try await bench.tell(.distributions)
            #expect(await eventually { await bench.store.statuses.contains { $0.key.name == "other" } })
            #expect(heart.last == last)
            await bench.store.release()
            #expect(await eventually { heart.last > last })
        }
        let last = heart.last
        await bench.controller.compareAll()
        #expect(heart.last == last)
    }
}

extension Metric {
    fileprivate func isOne(_ name: String) -> Bool {
        self.name == "secrets_distributor_\(name)" && samples.map(\.value) == [.number(1)]
    }
}
