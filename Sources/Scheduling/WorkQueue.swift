/// A queue of keys to process. Each key is processed at most once at a time. Groups take turns, and keys keep their
/// order within a group. Failed keys are retried later.
///
/// A value without threads or clocks: the owner calls `next` when something changed or at `deadline`. The semantics are
/// those of client-go's rate limiting work queue: a key that is added while it is in progress is processed once more
/// afterwards; a key that is added while it waits for a retry is due at once. Keys that can wait let all others go
/// first, for a limited time.
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
    /// The result of processing a key.
    package enum Outcome: Sendable, Equatable {
        /// Done: reset its failure count.
        case done
        /// Failed: retry after the backoff, or after `notBefore` if that is longer (a server's Retry-After).
        case retry(notBefore: Duration = .zero)
        /// Not failed: requeue after this time, unless it is added earlier.
        case again(after: Duration)
        /// Neither done nor failed: it waits for another event, which adds it.
        case held
    }

    /// The maximum number of keys in progress.
    package let limit: Int
    package let backoff: Backoff

    private let isLowPriority: @Sendable (Key) -> Bool
    private let starvationLimit: Duration
    private let group: (@Sendable (Key) -> String)?

    /// The lanes of due keys.
    enum Lane: Int, CaseIterable {
        case ready
        /// Keys that can wait and have waited for `starvationLimit`.
        case late
        /// Keys that can wait.
        case deferred
    }

    var lanes = Lane.allCases.map { _ in FairQueue<Key, String>() }
    /// The keys in the deferred lane, oldest first.
    private var aging = FIFO<Key>()
    /// The number of keys in progress, for each group that has any.
    private var busy: [String: Int] = [:]
    var waiting: [Key: Instant] = [:]
    var held: Set<Key> = []
    private var alarms = Heap<Alarm>()
    var active: [Key: Bool] = [:]  // true: added again while in progress
    private var failures: [Key: Int] = [:]
    /// For each unfinished key, the time when it was added or became due for a requeue.
    var added: [Key: Instant] = [:]

    /// - Parameters:
    ///   - starvationLimit: the time for which a key lets others go first. After that it goes before them, still in
    ///     turns by group.
    ///   - isLowPriority: whether a key lets others go first.
    ///   - group: the group of a key. If nil, there is a single group, which may use all places.
    package init(
        limit: Int, backoff: Backoff = .standard, starvationLimit: Duration = .zero,
        isLowPriority: @escaping @Sendable (Key) -> Bool = { _ in false }, group: (@Sendable (Key) -> String)? = nil
    ) {
        precondition(limit > 0, "a work queue needs a worker")
        self.limit = limit
        self.backoff = backoff
        self.starvationLimit = starvationLimit
        self.group = group
        self.isLowPriority = isLowPriority
    }

    func group(of key: Key) -> String { group?(key) ?? "" }

    /// Makes `key` due now.
    package mutating func add(_ key: Key, at now: Instant) {
        if added[key] == nil { added[key] = now }
        if active[key] != nil {
            active[key] = true
        } else {
            waiting[key] = nil
            held.remove(key)
            line(up: key, at: now)
        }
    }

    private mutating func line(up key: Key, at now: Instant) {
        // Already deferred: `ring` moves it to the late lane in time.
        guard !aging.contains(key) else { return }
        var lane = Lane.ready
        if isLowPriority(key) { lane = isLate(key, at: now) ? .late : .deferred }
        append(key, to: lane)
        if lane == .deferred { aging.append(key) }
    }

    private mutating func append(_ key: Key, to lane: Lane) {
        let group = group(of: key)
        lanes[lane.rawValue].append(key, of: group, inFlight: busy[group, default: 0])
    }

    private func isLate(_ key: Key, at now: Instant) -> Bool {
        added[key].map { $0.advanced(by: starvationLimit) <= now } ?? false
    }

    private mutating func ring(at now: Instant) {
        while let alarm = alarms.first, alarm.instant <= now {
            alarms.removeFirst()
            // An alarm is obsolete if its key has been added or delayed again since.
            guard waiting[alarm.key] == alarm.instant else { continue }
            waiting[alarm.key] = nil
            if added[alarm.key] == nil { added[alarm.key] = now }
            line(up: alarm.key, at: now)
        }
        while let key = aging.first, isLate(key, at: now) {
            aging.remove(key)
            let group = group(of: key)
            lanes[Lane.deferred.rawValue].remove(key, of: group, inFlight: busy[group, default: 0])
            append(key, to: .late)
        }
    }

    /// The next key to process, which is then in progress; nil if none is due or `limit` keys are in progress.
    package mutating func next(at now: Instant) -> Key? {
        ring(at: now)
        let free = limit - active.count
        guard free > 0 else { return nil }
        let share = share(free: free)
        // Prefer late keys only while fewer than half of the places process keys that can wait. Otherwise slow ones
        // would block all others.
        if active.keys.count(where: isLowPriority) < (limit + 1) / 2, let late = begin(.late, below: share) {
            return late
        }
        return begin(.ready, below: share) ?? begin(.late, below: share) ?? begin(.deferred, below: share)
    }

    /// A group may start another key while it has fewer keys in flight than this.
    private func share(free: Int) -> Int {
        guard group != nil else { return .max }
        guard free > max(1, limit / 8) else { return 1 }
        return max(1, min(limit * 2 / 3, 2 * free))
    }

    /// The next due key among those that can wait. Used when no other keys may be started.
    package mutating func nextLowPriority() -> Key? {
        guard active.count < limit else { return nil }
        return begin(.late, below: .max) ?? begin(.deferred, below: .max)
    }

    private mutating func begin(_ lane: Lane, below share: Int) -> Key? {
        guard let (key, group) = lanes[lane.rawValue].first(below: share) else { return nil }
        let inFlight = busy[group, default: 0]
        lanes[lane.rawValue].remove(key, of: group, inFlight: inFlight)
        if lane == .deferred { aging.remove(key) }
        active[key] = false
        setBusy(group, inFlight + 1)
        return key
    }

    private mutating func setBusy(_ group: String, _ count: Int) {
        let old = busy[group, default: 0]
        busy[group] = count == 0 ? nil : count
        for lane in lanes.indices { lanes[lane].change(group, from: old, to: count) }
    }

    /// Ends the processing of a key that `next` returned.
    ///
    /// - Parameter jitter: a random number from 0 to 1.
    package mutating func finish(_ key: Key, _ outcome: Outcome, at now: Instant, jitter: Double) {
        guard let again = active.removeValue(forKey: key) else { return }
        let group = group(of: key)
        setBusy(group, busy[group, default: 1] - 1)
        let isUnfinished =
            switch outcome {
            case .retry, .held: true
            case .done, .again: false
            }
        if case .retry = outcome { failures[key, default: 0] += 1 } else if !isUnfinished { failures[key] = nil }
        if again {
            // The time of the addition during processing is not stored, so the age counts from now.
            if !isUnfinished { added[key] = now }
            return line(up: key, at: now)
        }
        if !isUnfinished { added[key] = nil }
        switch outcome {
        case .done: break
        case .held: held.insert(key)
        case .retry(let notBefore):
            wait(
                key, until: now.advanced(by: max(backoff.delay(failures: failures(of: key), jitter: jitter), notBefore))
            )
        case .again(let delay): wait(key, until: now.advanced(by: delay))
        }
    }

    private mutating func wait(_ key: Key, until instant: Instant) {
        waiting[key] = instant
        alarms.insert(Alarm(instant: instant, key: key))
    }

    /// Releases the memory of a burst of keys once few of them are left. The cost is proportional to the number of
    /// keys.
    package mutating func releaseUnusedCapacity() {
        for lane in lanes.indices { lanes[lane].releaseUnusedCapacity() }
        aging.releaseUnusedCapacity()
        alarms.releaseUnusedCapacity()
        waiting.releaseUnusedCapacity()
        failures.releaseUnusedCapacity()
        added.releaseUnusedCapacity()
    }

    /// The number of consecutive failures of `key`.
    package func failures(of key: Key) -> Int { failures[key, default: 0] }

    /// The time to call `next` even if nothing is added or finished; nil if no key waits.
    package mutating func deadline() -> Instant? {
        while let alarm = alarms.first, waiting[alarm.key] != alarm.instant { alarms.removeFirst() }
        return alarms.first?.instant
    }

    private struct Alarm: Comparable {
        let instant: Instant
        let key: Key

        static func < (left: Alarm, right: Alarm) -> Bool { left.instant < right.instant }
        static func == (left: Alarm, right: Alarm) -> Bool { left.instant == right.instant }
    }
}
