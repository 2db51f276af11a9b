import KubeRuntime
import Observability
import TestSupport
import TestTraits
import Testing

@testable import Reconciler

/// The output of a controller while another agent leads, or none.
@Suite("Without the lease to write", .endsIfHung)
struct LostLeadershipTests {
    private let leadership = Leadership()
    private let log = LineRecorder()

    private func lead(_ bench: Bench) async {
        leadership.lead(until: .now + .seconds(600))
        await bench.controller.lead()
    }

    @Test("a former leader shows the leader's state, not its own earlier findings")
    func outcomes() async throws {
        let bench = Bench(leadership: leadership)
        let pair = try TLSPair.make("old")
        await bench.store.put(
            try bench.distribution(from: ["tls.crt", "tls.key"], spec: ["type": "kubernetes.io/tls"]))
        await bench.store.put(try bench.distribution("e", target: "u", uid: "two", from: ["missing"]))
        try await bench.tell(.distributions)
        try await bench.tell(.targets)
        await bench.mount(["tls.crt": pair.certificate, "tls.key": pair.key])
        await lead(bench)
        try await bench.working {
            try await bench.runUntilIdle()
            var overview = await bench.controller.overview()
            #expect(overview.rows.map(\.reason) == [.synced, .sourceNotFound])
            #expect(overview.certificates.count == 1)
            leadership.follow()
            var distribution = try #require(await bench.store.distributions[bench.key("e")])
            distribution.status = try #require(await bench.store.distributions[bench.key("d")]?.status)
            await bench.controller.distributions(.all, .upsert(await bench.store.put(distribution)))
            overview = await bench.controller.overview()
            #expect(overview.rows.map(\.reason) == [.synced, .synced])
            #expect(overview.certificates.isEmpty)
        }
    }

    @Test("a rotation in progress passes to the new leader; a returning leader does not complete it")
    func rotation() async throws {
        let bench = Bench(leadership: leadership, logger: log.logger)
        await bench.store.put(try bench.distribution())
        try await bench.tellAll()
        await lead(bench)
        try await bench.working {
            try await bench.runUntilIdle()
            await bench.store.fail(.update, Array(repeating: .unavailable("away", retryAfter: nil), count: 100))
            await bench.mount(["a": "2"], "generation-2")
            try #require(await eventually { await bench.store.calls.contains("update t") })
            try #require(await eventually { await bench.waiting ?? 0 > 0 })
            leadership.follow()
            await bench.controller.stopLeading()
            #expect(await bench.controller.overview().rotations.isEmpty)
            await bench.store.endFailures(of: .update)
            await lead(bench)
            try await bench.runUntilIdle()
            #expect(await bench.secret("t")?.digests == ["a": bench.digest("2")])
        }
        #expect(log.count("rotation") == 0)
        let metrics = await bench.metrics()
        let times = try #require(metrics.first { $0.name.hasSuffix("rotation_propagation_seconds") })
        #expect(times.samples.map(\.value) == [.histogram(Histogram(bounds: ControllerCounts.bounds))])
    }

    @Test("an agent has not started while no leader is known, and has started when another leads")
    func start() async throws {
        let bench = Bench(leadership: leadership)
        await bench.store.put(try bench.distribution())
        try await bench.working {
            try await bench.tellAll()
            #expect(!bench.controller.probes.hasStarted)
            await bench.controller.follow()
            #expect(bench.controller.probes.hasStarted)
            #expect(await bench.store.calls.isEmpty)
        }
    }

    @Test("a new leader has started after its first pass, not before")
    func startOfTheLeader() async throws {
        let bench = Bench(leadership: leadership)
        await bench.store.put(try bench.distribution())
        await bench.store.hold()
        try await bench.working {
            try await bench.tellAll()
            await lead(bench)
            try await bench.waitForWrites(1)
            #expect(!bench.controller.probes.hasStarted)
            await bench.store.release()
            #expect(await eventually { bench.controller.probes.hasStarted })
        }
    }
}
