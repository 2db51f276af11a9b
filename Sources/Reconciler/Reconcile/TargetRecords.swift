import Distribution
import Observability
import Planning

/// The state of targets that is kept between two reconciliations. A value.
struct TargetRecords: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// By target: when its certificate expires.
    var expiries: [ObjectKey: Timestamp] = [:]
    /// Targets that `forceSync` requests to be read before the next comparison, even if they are cached.
    var requested: Set<ObjectKey> = []
    /// By target: when it was last read on request.
    private var requestedAt: [ObjectKey: Instant] = [:]
    /// Keys whose last write may have succeeded. Their objects are read before the next write.
    var uncertain: Set<WorkItem> = []
    /// Targets that another writer may have changed since this agent wrote them or found them in sync, and when that was
    /// noticed.
    var changedByOthers: [ObjectKey: Instant] = [:]
    /// Targets whose content came from a newer generation than our mount's, and when that was first seen.
    var ahead: [ObjectKey: Instant] = [:]
    /// Targets that no distribution of a namespace describes, and that are compared when the cluster distributions are
    /// known.
    var awaitingCluster: Set<ObjectKey> = []
    /// Targets whose saved values were looked up since the start.
    var checkedSaved: Set<ObjectKey> = []
    /// The newer generations of other agents' mounts.
    var newerGenerations = NewerGenerations()

    /// By target with several contenders: the distribution from which it is written.
    private var winners: [ObjectKey: ObjectKey] = [:]

    /// The minimum time between two reads of a Secret on request.
    private static let requestPause: Duration = .seconds(5)

    /// How long until the target is read on request; nil if there is no request.
    func requestWait(_ key: ObjectKey, at now: Instant) -> Duration? {
        guard requested.contains(key) else { return nil }
        return requestedAt[key].map { max(.zero, now.duration(to: $0 + Self.requestPause)) } ?? .zero
    }

    mutating func answerRequest(_ key: ObjectKey, at now: Instant) {
        requested.remove(key)
        requestedAt[key] = now
    }

    /// Keeps the request, because the target could not be read.
    mutating func renewRequest(_ key: ObjectKey) {
        requested.insert(key)
        requestedAt[key] = nil
    }

    /// Records which distribution a target is written from.
    ///
    /// - Parameter winner: nil if the target has no other contenders.
    /// - Returns: whether the statuses of the other contenders must name another winner than before.
    mutating func replaceWinner(of target: ObjectKey, by winner: ObjectKey?) -> Bool {
        guard winners[target] != winner else { return false }
        winners[target] = winner
        return winner != nil
    }

    /// Forgets a target that was deleted.
    mutating func forgetDeleted(_ key: ObjectKey) {
        expiries[key] = nil
        ahead[key] = nil
        requestedAt[key] = nil
    }

    /// Forgets a target that no distribution of ours describes.
    mutating func forgetUnclaimed(_ key: ObjectKey) {
        forgetDeleted(key)
        requested.remove(key)
        checkedSaved.remove(key)
        changedByOthers[key] = nil
        newerGenerations.forget(key)
    }
}

/// Additional sentences for statuses, and former targets that wait for removal. A value.
///
/// All is kept by namespace, because a claim's targets are in one namespace: there may be thousands of claims.
struct StatusRecords: Sendable {
    /// The records about one claim.
    private struct Record: Sendable {
        /// By target: why its former target could not be removed.
        var leftovers: [ObjectKey: String] = [:]
        /// Former targets that are removed once its own is in sync.
        var awaited: Set<ObjectKey> = []
        /// What the policy would deny if it were enforced.
        var audit: String?

        var isEmpty: Bool { leftovers.isEmpty && awaited.isEmpty && audit == nil }
    }

    /// By namespace, then by distribution.
    private var records: [String: [ObjectKey: Record]] = [:]

    private subscript(claim: Claim) -> Record {
        get { records[claim.namespace]?[claim.distribution] ?? Record() }
        set {
            records[claim.namespace, default: [:]][claim.distribution] = newValue.isEmpty ? nil : newValue
            if records[claim.namespace]?.isEmpty == true { records[claim.namespace] = nil }
        }
    }

    /// All former targets that wait.
    var awaited: Set<ObjectKey> {
        records.values.reduce(into: []) { all, claims in claims.values.forEach { all.formUnion($0.awaited) } }
    }

    /// Sentences for the status of a distribution.
    func sentences(on claim: Claim) -> [String] {
        let record = self[claim]
        return record.leftovers.sorted { $0.key < $1.key }.map(\.value) + [record.audit].compactMap { $0 }
    }

    /// How many former targets of a cluster distribution could not be removed, and why for the first one; nil if none.
    func leftovers(of distribution: ObjectKey) -> (count: Int, first: (target: ObjectKey, sentence: String))? {
        let all = records.values.compactMap { $0[distribution]?.leftovers }.flatMap { $0 }
        return all.min { $0.key < $1.key }.map { (all.count, ($0.key, $0.value)) }
    }

    /// In how many namespaces the policy would deny a cluster distribution files, and what in the first one; nil if in
    /// none.
    func audits(of distribution: ObjectKey) -> (count: Int, namespace: String, sentence: String)? {
        let all = records.compactMap { namespace, claims in claims[distribution]?.audit.map { (namespace, $0) } }
        return all.min { $0.0 < $1.0 }.map { (all.count, $0.0, $0.1) }
    }

    mutating func leftOver(_ target: ObjectKey, of claim: Claim, _ sentence: String) {
        self[claim].leftovers[target] = sentence
    }

    mutating func await(_ target: ObjectKey, for claim: Claim) { self[claim].awaited.insert(target) }

    /// Records that the target of a claim is in sync.
    ///
    /// - Returns: the former targets that can be removed now.
    mutating func unblock(by claim: Claim) -> Set<ObjectKey> {
        let awaited = self[claim].awaited
        if !awaited.isEmpty { self[claim].awaited = [] }
        return awaited
    }

    /// Stores the audit sentence of a claim.
    ///
    /// - Returns: whether it changed.
    mutating func audit(_ claim: Claim, _ sentence: String?) -> Bool {
        guard self[claim].audit != sentence else { return false }
        self[claim].audit = sentence
        return true
    }

    mutating func forgetAudit(_ claim: Claim) { _ = audit(claim, nil) }

    /// Forgets a deleted target that waited for its successor.
    mutating func forgetAwaited(_ target: ObjectKey) {
        for (distribution, record) in records[target.namespace] ?? [:] where record.awaited.contains(target) {
            self[Claim(distribution: distribution, namespace: target.namespace)].awaited.remove(target)
        }
    }

    /// Forgets a former target that was deleted or is described again.
    ///
    /// - Returns: the claims whose statuses mentioned it.
    mutating func forgetLeftover(_ target: ObjectKey) -> [Claim] {
        var owners: [Claim] = []
        for (distribution, record) in records[target.namespace] ?? [:] where record.leftovers[target] != nil {
            let claim = Claim(distribution: distribution, namespace: target.namespace)
            self[claim].leftovers[target] = nil
            owners.append(claim)
        }
        return owners
    }

    /// Forgets a deleted target.
    ///
    /// - Returns: the claims whose statuses mentioned it.
    mutating func forgetDeleted(_ target: ObjectKey) -> [Claim] {
        forgetAwaited(target)
        return forgetLeftover(target)
    }

    /// Forgets a deleted distribution.
    ///
    /// - Returns: the former targets whose removal waited for it.
    mutating func forget(_ distribution: ObjectKey) -> Set<ObjectKey> {
        var awaited: Set<ObjectKey> = []
        let namespaces = distribution.namespace.isEmpty ? Array(records.keys) : [distribution.namespace]
        for namespace in namespaces where records[namespace]?[distribution] != nil {
            let claim = Claim(distribution: distribution, namespace: namespace)
            awaited.formUnion(self[claim].awaited)
            self[claim] = Record()
        }
        return awaited
    }
}
