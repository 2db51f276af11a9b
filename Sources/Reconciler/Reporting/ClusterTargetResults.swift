import Distribution
import Observability
import Planning

/// The results for the targets of the cluster distributions, from which one status for each distribution is made. A value.
///
/// Keeps a message only for targets that are not in sync.
struct ClusterTargetResults: Sendable {
    /// The result for one target.
    struct Result: Sendable, Equatable {
        let reason: Reason
        /// Empty if the target is in sync.
        let message: String
    }

    /// The results of one distribution.
    private struct Results: Sendable {
        /// The version of the distribution that the results are about. Results for another one do not count.
        var distribution: SecretsDistribution?
        /// By namespace.
        var byNamespace: [String: Result] = [:]
        /// The generation that content was written from last. Secrets that need no write may be from an older one.
        var mountGeneration: String?
        /// Whether content was written since the last status.
        var contentChanged = false
        /// Additional sentences about the content, which is the same in all namespaces.
        var remark = ""
        /// When the first change since the last status was recorded; nil if there was none.
        var changedAt: ContinuousClock.Instant?
        /// Targets that are being reconciled now.
        var running = 0
    }

    private var byDistribution: [ObjectKey: Results] = [:]
    private static let inSync = Result(reason: .synced, message: "")

    /// The last result for a target; nil if there is none.
    subscript(claim: Claim) -> Result? { byDistribution[claim.distribution]?.byNamespace[claim.namespace] }

    /// Records the result for a target. The message of one in sync contains only remarks.
    mutating func record(
        _ status: DistributionStatus, on distribution: SecretsDistribution, at now: ContinuousClock.Instant
    ) {
        let claim = distribution.claim
        var results = results(of: distribution)
        defer { byDistribution[claim.distribution] = results }
        let result =
            status.reason == .synced ? Self.inSync : Result(reason: status.reason, message: status.message)
        var isNew = results.byNamespace.updateValue(result, forKey: claim.namespace) != result
        if status.contentChanged {
            results.contentChanged = true
            results.mountGeneration = status.mountGeneration
        }
        if status.reason == .synced, status.message != results.remark {
            results.remark = status.message
            isNew = true
        }
        if isNew || status.contentChanged { results.changedAt = results.changedAt ?? now }
    }

    /// Whether the results have changed since the last status.
    func isPending(_ distribution: ObjectKey) -> Bool { byDistribution[distribution]?.changedAt != nil }

    /// Whether the status should wait, for at most `longest`, because targets that are being reconciled are about to
    /// change it: one status then reports them all.
    func isAboutToChange(_ distribution: ObjectKey, at now: ContinuousClock.Instant, _ longest: Duration) -> Bool {
        guard let results = byDistribution[distribution], results.running > 0, let changedAt = results.changedAt else {
            return false
        }
        return changedAt.duration(to: now) < longest
    }

    /// The results for this version of a distribution, moved out of the dictionary so that it is not copied.
    private mutating func results(of distribution: SecretsDistribution) -> Results {
        var results = byDistribution.removeValue(forKey: distribution.key) ?? Results()
        if results.distribution.map({ $0.hasSameContent(as: distribution) }) != true {
            results.distribution = distribution.bound(to: nil)
            results.byNamespace = [:]
        }
        return results
    }

    /// Records that a target is being reconciled.
    mutating func begin(_ distribution: ObjectKey) { byDistribution[distribution, default: Results()].running += 1 }

    /// Records that a target is no longer being reconciled.
    mutating func end(_ distribution: ObjectKey) {
        guard let running = byDistribution[distribution]?.running, running > 0 else { return }
        byDistribution[distribution]?.running = running - 1
    }

    mutating func forget(_ distribution: ObjectKey) { byDistribution[distribution] = nil }

    /// Forgets the result for a namespace that is not selected any more.
    mutating func forget(_ claim: Claim) { byDistribution[claim.distribution]?.byNamespace[claim.namespace] = nil }

    /// By distribution: the number of targets in sync, and of the others that have a result.
    var counts: [ObjectKey: (inSync: Int, heldBack: Int)] {
        byDistribution.mapValues { results in
            let inSync = results.byNamespace.values.count { $0.reason == .synced }
            return (inSync, results.byNamespace.count - inSync)
        }
    }
}

extension ClusterTargetResults {
    /// The status of a distribution. It reports content that was written since the last call.
    ///
    /// - Parameters:
    ///   - namespaces: the namespaces that it selects. Results for others are forgotten.
    ///   - sentences: sentences in addition to the remarks about the content.
    /// - Returns: nil while some targets have no result.
    mutating func status(
        of distribution: SecretsDistribution, in namespaces: Set<String>, _ sentences: [String]
    ) -> DistributionStatus? {
        var results = results(of: distribution)
        defer { byDistribution[distribution.key] = results }
        if results.byNamespace.count != namespaces.count || !results.byNamespace.keys.allSatisfy(namespaces.contains) {
            results.byNamespace = results.byNamespace.filter { namespaces.contains($0.key) }
        }
        guard results.byNamespace.count == namespaces.count else { return nil }
        var problems = Problems()
        for (namespace, result) in results.byNamespace where result.reason != .synced {
            problems.add(namespace, result)
        }
        let counts = TargetCounts(
            all: namespaces.count, inSync: namespaces.count - problems.count, notInSync: problems.first)
        let remarks = counts.inSync > 0 && !results.remark.isEmpty ? [results.remark] : []
        var status = DistributionStatus(
            reason: problems.reason ?? .synced,
            message: ([counts.sentence(on: distribution.spec.name ?? "")] + remarks + sentences)
                .joined(separator: " "),
            mountGeneration: results.mountGeneration, contentChanged: results.contentChanged)
        status.targets = counts
        status.stalledTargets = problems.stalledReason
        results.contentChanged = false
        results.changedAt = nil
        return status
    }

    /// The targets that are not in sync.
    private struct Problems {
        private(set) var count = 0
        private var counts: [Reason: Int] = [:]
        private var smallest: [(namespace: String, result: Result)] = []

        mutating func add(_ namespace: String, _ result: Result) {
            count += 1
            counts[result.reason, default: 0] += 1
            let most = TargetCounts.mostNamed
            if smallest.count == most, let last = smallest.last, last.namespace < namespace { return }
            let place = smallest.firstIndex { namespace < $0.namespace } ?? smallest.endIndex
            smallest.insert((namespace, result), at: place)
            if smallest.count > most { smallest.removeLast() }
        }

        /// The most frequent reason; of equally frequent ones, the first in their order.
        var reason: Reason? { mostFrequent { _ in true } }

        /// The most frequent reason of targets that only an edit can help; nil if there are none.
        var stalledReason: Reason? { mostFrequent(\.needsEdit) }

        private func mostFrequent(_ isIncluded: (Reason) -> Bool) -> Reason? {
            let reasons = Reason.allCases.filter { counts[$0] != nil && isIncluded($0) }
            let most = reasons.compactMap { counts[$0] }.max()
            return reasons.first { counts[$0] == most }
        }

        /// The first ones by namespace.
        var first: [TargetCounts.Problem] {
            smallest.map {
                TargetCounts.Problem(
                    namespace: $0.namespace, reason: $0.result.reason.rawValue, message: $0.result.message)
            }
        }
    }
}

extension SecretsDistribution {
    /// Whether the same content goes to its targets.
    fileprivate func hasSameContent(as other: SecretsDistribution) -> Bool {
        uid == other.uid && spec == other.spec && problems == other.problems
    }
}

extension TargetCounts {
    fileprivate func sentence(on secret: String) -> String {
        if all == 0 { return "No namespace is selected." }
        let nouns = all == 1 ? "namespace" : "namespaces"
        guard let first = notInSync.first else { return "Secret \(secret) is in sync in \(all) \(nouns)." }
        return "Secret \(secret) is in sync in \(inSync) of \(all) \(nouns). In \(first.namespace): \(first.message)"
    }
}
