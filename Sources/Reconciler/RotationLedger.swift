import Distribution

/// The rotations: which targets each calls for, and how long their Secrets took. A value; time is a parameter.
struct RotationLedger: Sendable {
    /// How many rotations are kept.
    private static let limit = 10

    /// How long a Secret took: from its files' change, and from when that was noticed.
    struct Latency: Sendable, Equatable {
        let propagation: Duration
        let processing: Duration
    }

    /// When the content changed that a target still lacks.
    private struct Change {
        /// The rotation's number.
        let number: Int
        let noticedAt: ContinuousClock.Instant
        /// From the files' change until it was noticed.
        let lag: Duration

        func latency(at now: ContinuousClock.Instant) -> Latency {
            let processing = noticedAt.duration(to: now)
            return Latency(propagation: lag + processing, processing: processing)
        }
    }

    /// The last ones, newest first; the first may be under way.
    private(set) var recent: [Rotation] = []
    /// How many there have been.
    private(set) var count = 0
    /// Targets of the newest one that have not been looked at.
    private var pending: Set<ObjectKey> = []
    private var current: Change?
    private var lastWrite: ContinuousClock.Instant?
    /// By target: a change whose content has not reached it, of the newest or an earlier rotation.
    private var owed: [ObjectKey: Change] = [:]

    /// A rotation has come.
    ///
    /// - Parameter lag: from the files' change until `noticedAt`.
    /// - Returns: those that have ended by it: the one that was under way, and itself if it feeds no target.
    mutating func begin(
        _ rotation: Rotation, targets: Set<ObjectKey>, noticedAt: ContinuousClock.Instant, lag: Duration,
        now: ContinuousClock.Instant
    ) -> [Rotation] {
        var ended: [Rotation] = []
        if !pending.isEmpty {
            recent[0].isSuperseded = true
            ended.append(end(at: now))
        }
        count += 1
        recent.insert(rotation, at: 0)
        if recent.count > Self.limit { recent.removeLast() }
        let change = Change(number: count, noticedAt: noticedAt, lag: max(.zero, lag))
        current = change
        lastWrite = nil
        pending = targets
        for target in targets { owed[target] = change }
        if pending.isEmpty { ended.append(end(at: now)) }
        return ended
    }

    /// A target was looked at and is done with.
    ///
    /// - Parameter seen: `count` as it was when its content was compared. It is not done with a rotation that came since.
    /// - Returns: how long its content took, if a change called for it; and the rotation, if that was its last target.
    mutating func settle(
        _ target: ObjectKey, _ result: Rotation.Result, seeing seen: Int, at now: ContinuousClock.Instant
    ) -> (latency: Latency?, ended: Rotation?) {
        if let change = owed[target], change.number > seen { return (nil, nil) }
        // What is held back may still be let out, by somebody who amends the distribution: that is no latency of ours.
        let change = owed.removeValue(forKey: target)
        // With the room that it had for all.
        if owed.isEmpty { owed = [:] }
        let latency = result == .written ? change?.latency(at: now) : nil
        guard pending.remove(target) != nil else { return (latency, nil) }
        recent[0].count(result)
        if result == .written { lastWrite = now }
        return (latency, pending.isEmpty ? end(at: now) : nil)
    }

    /// This agent writes no more: what it owes is another's, and so is the end of a rotation that is under way.
    mutating func abandon() {
        if !pending.isEmpty { recent.removeFirst() }
        owed = [:]
        pending = []
    }

    private mutating func end(at now: ContinuousClock.Instant) -> Rotation {
        recent[0].took = current?.latency(at: lastWrite ?? now).propagation
        pending = []
        return recent[0]
    }
}
