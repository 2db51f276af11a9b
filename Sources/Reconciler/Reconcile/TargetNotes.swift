import Distribution
import Observability
import Planning

/// The state of targets that is kept between two reconciliations. A value.
struct TargetNotes: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// By target: when its certificate expires.
    var expiries: [ObjectKey: Timestamp] = [:]
    /// Targets that `forceSync` requests to be read before the next comparison, even if they are cached.
    var requested: Set<ObjectKey> = []
    /// By target: when it was last read on request.
    private var requestedAt: [ObjectKey: Instant] = [:]
    /// Keys whose last write may have succeeded. Their objects are read before the next write.
    var uncertain: Set<WorkItem> = []
    /// Targets whose content came from a newer generation than our mount's, and when that was first seen.
    var ahead: [ObjectKey: Instant] = [:]
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
    mutating func lose(_ key: ObjectKey) {
        expiries[key] = nil
        ahead[key] = nil
        requestedAt[key] = nil
    }

    /// Forgets a target that no distribution of ours describes.
    mutating func leave(_ key: ObjectKey) {
        lose(key)
        requested.remove(key)
        newerGenerations.forget(key)
    }
}

/// Additional sentences for statuses, and former targets that wait for removal. A value.
struct StatusNotes: Sendable {
    /// By claim, then by target: why its former target could not be removed.
    private var leftovers: [Claim: [ObjectKey: String]] = [:]
    /// By claim: former targets that are removed once its own is in sync.
    private(set) var awaited: [Claim: Set<ObjectKey>] = [:]
    /// By claim: what the policy would deny if it were enforced.
    private var audits: [Claim: String] = [:]

    /// Sentences for the status of a distribution.
    func sentences(on claim: Claim) -> [String] {
        leftovers[claim, default: [:]].sorted { $0.key < $1.key }.map(\.value) + [audits[claim]].compactMap { $0 }
    }

    /// How many former targets of a cluster distribution could not be removed, and why for the first one; nil if none.
    func leftovers(of distribution: ObjectKey) -> (count: Int, first: (target: ObjectKey, sentence: String))? {
        let all = leftovers.filter { $0.key.distribution == distribution }.flatMap(\.value)
        return all.min { $0.key < $1.key }.map { (all.count, ($0.key, $0.value)) }
    }

    mutating func leftOver(_ target: ObjectKey, of claim: Claim, _ sentence: String) {
        leftovers[claim, default: [:]][target] = sentence
    }

    mutating func await(_ target: ObjectKey, for claim: Claim) { awaited[claim, default: []].insert(target) }

    /// Records that the target of a claim is in sync.
    ///
    /// - Returns: the former targets that can be removed now.
    mutating func settle(_ claim: Claim) -> Set<ObjectKey> { awaited.removeValue(forKey: claim) ?? [] }

    /// Stores the audit sentence of a claim.
    ///
    /// - Returns: whether it changed.
    mutating func audit(_ claim: Claim, _ sentence: String?) -> Bool {
        defer { audits[claim] = sentence }
        return audits[claim] != sentence
    }

    /// Forgets a deleted target that waited for its successor.
    mutating func forgetAwaited(_ target: ObjectKey) {
        for key in awaited.keys where awaited[key]?.remove(target) != nil {
            if awaited[key]?.isEmpty == true { awaited[key] = nil }
        }
    }

    /// Forgets a former target that was deleted or is described again.
    ///
    /// - Returns: the claims whose statuses mentioned it.
    mutating func forgetLeftover(_ target: ObjectKey) -> [Claim] {
        var owners: [Claim] = []
        for key in leftovers.keys where leftovers[key]?.removeValue(forKey: target) != nil {
            if leftovers[key]?.isEmpty == true { leftovers[key] = nil }
            owners.append(key)
        }
        return owners
    }

    /// Forgets a deleted target.
    ///
    /// - Returns: the claims whose statuses mentioned it.
    mutating func lose(_ target: ObjectKey) -> [Claim] {
        forgetAwaited(target)
        return forgetLeftover(target)
    }

    /// Forgets a deleted distribution.
    ///
    /// - Returns: the former targets whose removal waited for it.
    mutating func forget(_ distribution: ObjectKey) -> Set<ObjectKey> {
        if !distribution.namespace.isEmpty {
            // Without a search through all claims.
            return forget(Claim(distribution: distribution, namespace: distribution.namespace))
        }
        let claims = Set(leftovers.keys).union(audits.keys).union(awaited.keys)
        return claims.filter { $0.distribution == distribution }.reduce(into: []) { $0.formUnion(forget($1)) }
    }

    private mutating func forget(_ claim: Claim) -> Set<ObjectKey> {
        leftovers[claim] = nil
        audits[claim] = nil
        return settle(claim)
    }
}
