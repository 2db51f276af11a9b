import Distribution
import Planning
import Testing

@testable import Reconciler

@Suite("The results for the targets of a cluster distribution")
struct ClusterTargetResultsTests {
    @Test(
        "make a stalled status if only an edit can help one of the targets, also if more of them wait",
        arguments: [
            ([.sourceNotFound, .sourceNotFound, .notManaged, .synced], .sourceNotFound, "NotManaged"),
            ([.notManaged, .policyDenied, .policyDenied], .policyDenied, "PolicyDenied"),
            ([.writeFailed, .synced], .writeFailed, nil), ([.synced, .synced], .synced, nil),
        ] as [([Reason], Reason, String?)])
    func stalled(reasons: [Reason], ready: Reason, stalled: String?) throws {
        let distribution = try Bench().clusterDistribution()
        var results = ClusterTargetResults()
        let namespaces = reasons.indices.map { "team-\($0)" }
        for (namespace, reason) in zip(namespaces, reasons) {
            results.record(
                DistributionStatus(reason: reason, message: "m"), on: distribution.bound(to: namespace), at: .now)
        }
        let result = results.status(of: distribution, in: Set(namespaces), [])
        let status = try #require(result)
        #expect(status.reason == ready)
        let stored = try #require(status.update(of: distribution, now: "t"))
        #expect(stored.stalled?.reason == stalled)
    }
}
