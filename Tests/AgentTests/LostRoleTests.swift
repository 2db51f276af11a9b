import Agent
import Distribution
import TestSupport
import Testing

/// What a controller tells while another agent leads, or none.
@Suite("Without the role to write", .timeLimit(.minutes(10)))
struct LostRoleTests {
    private let leadership = Leadership()
    private let log = LineRecorder()

    private func lead(_ bench: Bench) async {
        leadership.lead(until: .now + .seconds(600))
        await bench.controller.lead()
    }

    @Test("who led before shows what the leader says, not what it found itself")
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
            try await bench.settle()
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
}
