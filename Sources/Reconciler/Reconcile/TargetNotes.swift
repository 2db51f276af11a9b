import Distribution
import Observability
import Planning

/// What is remembered of targets between two reconciliations. A value.
struct TargetNotes: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// By target that holds a certificate: when that expires.
    var expiries: [ObjectKey: Timestamp] = [:]
    /// Targets to be read when they are compared next, whatever is known of them, because somebody asks for it.
    var requested: Set<ObjectKey> = []
    /// By target: when it was read for that reason.
    private var requestedAt: [ObjectKey: Instant] = [:]
    /// Keys whose last write may have been carried out: the objects are read before the next one.
    var uncertain: Set<WorkItem> = []
    /// Targets whose content came from a newer generation than our mount holds, and since when that is seen.
    var ahead: [ObjectKey: Instant] = [:]
    /// Of other agents' mounts.
    var newerGenerations = NewerGenerations()

    /// By target that several distributions describe: the one that has it.
    private var winners: [ObjectKey: ObjectKey] = [:]

    /// A request has a Secret read no more often than this.
    private static let requestPause: Duration = .seconds(5)

    /// When the target is to be read because somebody asks for it; nil: nobody does.
    func requestWait(_ key: ObjectKey, at now: Instant) -> Duration? {
        guard requested.contains(key) else { return nil }
        return requestedAt[key].map { max(.zero, now.duration(to: $0 + Self.requestPause)) } ?? .zero
    }

    mutating func answerRequest(_ key: ObjectKey, at now: Instant) {
        requested.remove(key)
        requestedAt[key] = now
    }

    /// The target could not be read: the request stays.
    mutating func renewRequest(_ key: ObjectKey) {
        requested.insert(key)
        requestedAt[key] = nil
    }

    /// - Parameter winner: the distribution that has the target; nil: no other describes it.
    /// - Returns: whether the others' statuses have to name another one than before.
    mutating func replaceWinner(of target: ObjectKey, by winner: ObjectKey?) -> Bool {
        guard winners[target] != winner else { return false }
        winners[target] = winner
        return winner != nil
    }

    /// The target is gone.
    mutating func lose(_ key: ObjectKey) {
        expiries[key] = nil
        ahead[key] = nil
        requestedAt[key] = nil
    }

    /// No distribution of ours describes the target.
    mutating func leave(_ key: ObjectKey) {
        lose(key)
        requested.remove(key)
        newerGenerations.forget(key)
    }
}

/// What statuses say besides. A value.
struct Remarks: Sendable {
    /// By distribution, then by target: why its former target could not be removed.
    private var leftovers: [ObjectKey: [ObjectKey: String]] = [:]
    /// By distribution: former targets that are removed once its own is in sync.
    private(set) var awaited: [ObjectKey: Set<ObjectKey>] = [:]
    /// By distribution: what the policy only audits.
    private var audits: [ObjectKey: String] = [:]

    /// Sentences for the status of a distribution.
    func sentences(on distribution: ObjectKey) -> [String] {
        leftovers[distribution, default: [:]].sorted { $0.key < $1.key }.map(\.value)
            + [audits[distribution]].compactMap { $0 }
    }

    mutating func leftOver(_ target: ObjectKey, of distribution: ObjectKey, _ sentence: String) {
        leftovers[distribution, default: [:]][target] = sentence
    }

    mutating func await(_ target: ObjectKey, for distribution: ObjectKey) {
        awaited[distribution, default: []].insert(target)
    }

    /// The distribution is in sync.
    ///
    /// - Returns: former targets to be removed now.
    mutating func settle(_ distribution: ObjectKey) -> Set<ObjectKey> {
        awaited.removeValue(forKey: distribution) ?? []
    }

    /// - Returns: whether it is another audit than before.
    mutating func audit(_ distribution: ObjectKey, _ sentence: String?) -> Bool {
        defer { audits[distribution] = sentence }
        return audits[distribution] != sentence
    }

    /// The target is gone: it waits for no successor.
    mutating func forgetAwaited(_ target: ObjectKey) {
        for key in awaited.keys where awaited[key]?.remove(target) != nil {
            if awaited[key]?.isEmpty == true { awaited[key] = nil }
        }
    }

    /// The target is gone, or described again.
    ///
    /// - Returns: distributions whose statuses no longer have to mention it.
    mutating func forgetLeftover(_ target: ObjectKey) -> [ObjectKey] {
        var owners: [ObjectKey] = []
        for key in leftovers.keys where leftovers[key]?.removeValue(forKey: target) != nil {
            if leftovers[key]?.isEmpty == true { leftovers[key] = nil }
            owners.append(key)
        }
        return owners
    }

    /// The target is gone.
    mutating func lose(_ target: ObjectKey) -> [ObjectKey] {
        forgetAwaited(target)
        return forgetLeftover(target)
    }

    /// The distribution is gone.
    ///
    /// - Returns: former targets that waited for it.
    mutating func forget(_ distribution: ObjectKey) -> Set<ObjectKey> {
        leftovers[distribution] = nil
        audits[distribution] = nil
        return settle(distribution)
    }
}
