/// The result of processing a key.
package enum WorkOutcome: Sendable, Equatable {
    /// Done: reset its failure count.
    case done
    /// Failed: retry after the backoff, or after `notBefore` if that is longer (a server's Retry-After). Adding the key
    /// ends the backoff, but not `notBefore`.
    case retry(notBefore: Duration = .zero)
    /// Not failed: requeue after this time, unless it is added earlier.
    case again(after: Duration)
    /// Neither done nor failed: it waits for another event, which adds it.
    case held
}

/// A queue of keys to process. Each key is processed at most once at a time. Groups take turns, and keys keep their
/// order within a group. Failed keys are retried later.
///
/// A value without threads or clocks: the owner calls `next` when something changed or at `deadline`. The semantics are
/// those of client-go's rate limiting work queue: a key that is added while it is in progress is processed once more
/// afterwards, and one that is added while it waits for a retry is due at once. Unlike there, an added key still waits as
/// long as the server asked (`WorkOutcome.retry`). Keys that can wait let all others go first, for a limited time.
///
/// A group with nothing in flight may start a key whenever a place is free. A group with keys in flight may start
/// another key if all of these hold:
///
/// 1. It has fewer keys in flight than two thirds of the places.
/// 2. It has fewer keys in flight than twice the free places.
/// 3. More places are free than the reserve, which is an eighth of the places, at least one.
///
/// So no group gets more than two thirds of the places, however many keys it has and however long they take. Of two
/// places it gets one. A single place goes to one key after the other.
package struct WorkQueue<Key: Hashable & Sendable, Instant: InstantProtocol & Sendable>: Sendable
where Instant.Duration == Duration {
    package typealias Outcome = WorkOutcome

    private let isLowPriority: @Sendable (Key) -> Bool
    private let group: (@Sendable (Key) -> String)?
    private(set) var queue: SlotQueue
    /// The slot of each key that is due, in progress, waiting or held.
    private var slots: [Key: Int] = [:]
    /// The key in each slot that is used.
    private(set) var keys: [Key?] = []
    /// The time that counts as zero in `queue`.
    private var origin: Instant?

    /// - Parameters:
    ///   - limit: the maximum number of keys in progress.
    ///   - starvationLimit: the time for which a key lets others go first. After that it goes before them, still in
    ///     turns by group.
    ///   - isLowPriority: whether a key lets others go first.
    ///   - group: the group of a key. If nil, there is a single group, which may use all places.
    package init(
        limit: Int, backoff: Backoff = .standard, starvationLimit: Duration = .zero,
        isLowPriority: @escaping @Sendable (Key) -> Bool = { _ in false }, group: (@Sendable (Key) -> String)? = nil
    ) {
        precondition(limit > 0, "a work queue needs a worker")
        self.group = group
        self.isLowPriority = isLowPriority
        queue = SlotQueue(
            SlotQueue.Settings(
                limit: limit, backoff: backoff, starvationLimit: starvationLimit, hasGroups: group != nil))
    }

    private mutating func time(_ now: Instant) -> Duration {
        if let origin { return origin.duration(to: now) }
        origin = now
        return .zero
    }

    func instant(_ time: Duration) -> Instant? { origin?.advanced(by: time) }

    /// Makes `key` due now, or after the `notBefore` of its last retry.
    package mutating func add(_ key: Key, at now: Instant) { queue.add(slot(for: key), at: time(now)) }

    private mutating func slot(for key: Key) -> Int {
        if let slot = slots[key] { return slot }
        let slot = queue.insert(group: group?(key) ?? "", isLowPriority: isLowPriority(key))
        if slot < keys.count { keys[slot] = key } else { keys.append(key) }
        slots[key] = slot
        return slot
    }

    /// The next key to process, which is then in progress; nil if none is due or `limit` keys are in progress.
    package mutating func next(at now: Instant) -> Key? { queue.next(at: time(now)).flatMap { keys[$0] } }

    /// The next due key among those that can wait. Used when no other keys may be started.
    package mutating func nextLowPriority(at now: Instant) -> Key? {
        queue.nextLowPriority(at: time(now)).flatMap { keys[$0] }
    }

    /// Ends the processing of a key that `next` returned.
    ///
    /// - Parameter jitter: a random number from 0 to 1. It is only made if the key waits for a retry, because that is a
    ///   system call.
    package mutating func finish(_ key: Key, _ outcome: Outcome, at now: Instant, jitter: @autoclosure () -> Double) {
        guard let slot = slots[key], queue.finish(slot, outcome, at: time(now), jitter: jitter()) else { return }
        slots[key] = nil
        keys[slot] = nil
    }

    /// Releases the memory of a burst of keys once few of them are left, and none is due or in progress. The cost is
    /// proportional to the largest number of keys in the burst.
    package mutating func releaseUnusedCapacity() {
        guard let old = queue.compact() else { return }
        keys = old.map { keys[$0] }
        slots = [:]
        for (slot, key) in keys.enumerated() { if let key { slots[key] = slot } }
    }

    /// Whether `key` is in progress.
    package func isInFlight(_ key: Key) -> Bool {
        guard let slot = slots[key], case .inFlight = queue.entries[slot].state else { return false }
        return true
    }

    /// The number of consecutive failures of `key`.
    package func failures(of key: Key) -> Int { slots[key].map { queue.entries[$0].failures } ?? 0 }

    /// The time to call `next` even if nothing is added or finished; nil if no key waits.
    package mutating func deadline() -> Instant? { queue.deadline().flatMap(instant) }
}
