import Distribution

/// The last rotations, their unfinished targets, and the latency of each Secret. A value; time is a parameter.
struct RotationTracker: Sendable {
    /// The number of rotations that are kept.
    private static let limit = 10

    /// The time to the write of a Secret: from its files' change, and from the detection of that change.
    struct Latency: Sendable, Equatable {
        let propagation: Duration
        let processing: Duration
    }

    /// A change of content that a target does not have yet.
    private struct Change {
        /// The rotation's number.
        let number: Int
        let noticedAt: ContinuousClock.Instant
        /// From the files' change until `noticedAt`.
        let lag: Duration

        func latency(at now: ContinuousClock.Instant) -> Latency {
            let processing = noticedAt.duration(to: now)
            return Latency(propagation: lag + processing, processing: processing)
        }
    }

    /// The last rotations, newest first. The first may be in progress.
    private(set) var recent: [Rotation] = []
    /// The number of rotations so far.
    private(set) var count = 0
    /// Targets of the newest rotation that are not processed yet.
    private var pending: Set<ObjectKey> = []
    private var current: Change?
    private var lastWrite: ContinuousClock.Instant?
    /// By target: the change, of the newest or an earlier rotation, whose content it does not have yet.
    private var owed: [ObjectKey: Change] = [:]

    /// Whether the newest rotation has unfinished targets.
    var isInProgress: Bool { !pending.isEmpty }

    /// Begins a rotation.
    ///
    /// - Parameter lag: from the files' change until `noticedAt`.
    /// - Returns: the rotations that end now: the one in progress, and the new one if it has no targets.
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

    /// Whether a target still lacks the content of a rotation that `seen`, see `record`, includes.
    func isOwed(_ target: ObjectKey, seeing seen: Int) -> Bool { owed[target].map { $0.number <= seen } ?? false }

    /// Records that a target is processed.
    ///
    /// - Parameter seen: `count` when the target's content was compared. The target is not processed for later
    ///   rotations.
    /// - Returns: the latency if a change was written, and the rotation if this was its last target.
    mutating func record(
        _ target: ObjectKey, _ result: Rotation.Result, seeing seen: Int, at now: ContinuousClock.Instant
    ) -> (latency: Latency?, ended: Rotation?) {
        if let change = owed[target], change.number > seen { return (nil, nil) }
        // A target that is held back counts as processed: a later edit of its distribution is not our latency.
        let change = owed.removeValue(forKey: target)
        // Releases the storage too.
        if owed.isEmpty { owed = [:] }
        let latency = result == .written ? change?.latency(at: now) : nil
        guard pending.remove(target) != nil else { return (latency, nil) }
        recent[0].count(result, for: target)
        if result == .written { lastWrite = now }
        return (latency, pending.isEmpty ? end(at: now) : nil)
    }

    /// Forgets the unfinished targets and the rotation in progress, because another agent leads.
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
