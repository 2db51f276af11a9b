/// Keys to be worked on: each at most once at a time, in turns by group and within one in the order in which they came, with
/// failed ones later.
///
/// A value without threads or clocks; whoever holds it calls `next` when something changed or `deadline` has come.
/// The semantics are those of client-go's rate limiting work queue: a key added while it is worked on is worked on
/// once more afterwards; a key added while it waits for a retry is due at once. Keys that can wait let all others pass,
/// for some time.
///
/// No group can take all places, however many keys it has and however long these take: it begins another one only while it
/// has less than twice as many in flight as places are free. Alone it comes to two thirds of them.
package struct WorkQueue<Key: Hashable & Sendable, Instant: InstantProtocol & Sendable>: Sendable
where Instant.Duration == Duration {
    /// What became of a key's turn.
    package enum Outcome: Sendable, Equatable {
        /// Forget its failures.
        case done
        /// Failed: again after the backoff, or after `notBefore` if that is longer (a server's Retry-After).
        case retry(notBefore: Duration = .zero)
        /// Not failed: a second look after this time, unless something changes before.
        case again(after: Duration)
    }

    /// How many keys may be worked on at once.
    package let limit: Int
    package let backoff: Backoff

    private let canWait: @Sendable (Key) -> Bool
    private let patience: Duration
    private let group: (@Sendable (Key) -> String)?

    private var ready = FairQueue<Key, String>()
    /// Those of the due ones that can wait.
    private var deferred = FairQueue<Key, String>()
    /// By group that has any: how many keys are being worked on.
    private var busy: [String: Int] = [:]
    private var waiting: [Key: Instant] = [:]
    private var alarms = Heap<Alarm>()
    private var active: [Key: Bool] = [:]  // true: added again meanwhile
    private var failures: [Key: Int] = [:]
    /// By key that is not done: when it was added, or due for a second look.
    private var added: [Key: Instant] = [:]

    /// - Parameters:
    ///   - patience: for how long a key lets others pass; what never ends to be due must not hold it up for ever.
    ///   - canWait: whether a key lets others pass.
    ///   - group: whose key it is; nil: all are one's own, and may take all places.
    package init(
        limit: Int, backoff: Backoff = .standard, patience: Duration = .zero,
        canWait: @escaping @Sendable (Key) -> Bool = { _ in false }, group: (@Sendable (Key) -> String)? = nil
    ) {
        precondition(limit > 0, "a work queue needs a worker")
        self.limit = limit
        self.backoff = backoff
        self.patience = patience
        self.group = group
        self.canWait = canWait
    }

    /// Keys that are due and not yet taken.
    package var depth: Int { ready.count + deferred.count }
    /// Keys being worked on.
    package var inFlight: Int { active.count }
    /// Keys that wait for a retry or a second look.
    package var retrying: Int { waiting.count }
    /// Nothing due and nothing under way; retries may be waiting.
    package var isIdle: Bool { depth == 0 && active.isEmpty }

    /// When the key was added that has not been done for the longest time, whether it waits, is worked on or failed; nil
    /// if all is done. What waits for a second look is done. Looks at every key.
    package var oldest: Instant? { added.values.min() }

    /// Those of one group that are not done: how many are due, and since when the oldest is not done.
    package struct Backlog: Sendable, Equatable {
        package let group: String
        package let due: Int
        package let oldest: Instant
    }

    /// Of the groups whose oldest keys have waited longest, longest first. Looks at every key.
    package func backlogs(atMost limit: Int) -> [Backlog] {
        var oldest: [String: Instant] = [:]
        for (key, instant) in added {
            let group = group(of: key)
            oldest[group] = min(oldest[group] ?? instant, instant)
        }
        return oldest.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.prefix(limit).map { group, instant in
            Backlog(group: group, due: ready.count(of: group) + deferred.count(of: group), oldest: instant)
        }
    }

    private func group(of key: Key) -> String { group?(key) ?? "" }

    /// Makes `key` due now.
    package mutating func add(_ key: Key, at now: Instant) {
        if added[key] == nil { added[key] = now }
        if active[key] != nil {
            active[key] = true
        } else {
            waiting[key] = nil
            line(up: key)
        }
    }

    private mutating func line(up key: Key) {
        let group = group(of: key)
        let inFlight = busy[group, default: 0]
        if canWait(key) {
            deferred.append(key, of: group, inFlight: inFlight)
        } else {
            ready.append(key, of: group, inFlight: inFlight)
        }
    }

    /// The next key to work on, now being worked on; nil if none is due or `limit` are under way.
    package mutating func next(at now: Instant) -> Key? {
        while let alarm = alarms.first, alarm.instant <= now {
            alarms.removeFirst()
            // An alarm whose key was added, or put off again, since it was set says nothing any more.
            guard waiting[alarm.key] == alarm.instant else { continue }
            waiting[alarm.key] = nil
            if added[alarm.key] == nil { added[alarm.key] = now }
            line(up: alarm.key)
        }
        let free = limit - active.count
        guard free > 0 else { return nil }
        let share = group == nil ? Int.max : 2 * free
        // With half of the hands at most, or slow ones would keep all others waiting.
        if let late = deferred.first(below: share), let since = added[late.key], since.advanced(by: patience) <= now,
            active.keys.count(where: canWait) < (limit + 1) / 2
        {
            return begin(late)
        }
        return (ready.first(below: share) ?? deferred.first(below: share)).map { begin($0) }
    }

    /// The next of the due keys that let others pass; for who begins no others any more.
    package mutating func nextThatWaits() -> Key? {
        guard active.count < limit else { return nil }
        return deferred.first(below: .max).map { begin($0) }
    }

    private mutating func begin(_ next: (key: Key, group: String)) -> Key {
        let inFlight = busy[next.group, default: 0]
        if canWait(next.key) {
            deferred.removeFirst(of: next.group, inFlight: inFlight)
        } else {
            ready.removeFirst(of: next.group, inFlight: inFlight)
        }
        active[next.key] = false
        setBusy(next.group, inFlight + 1)
        return next.key
    }

    private mutating func setBusy(_ group: String, _ count: Int) {
        let old = busy[group, default: 0]
        busy[group] = count == 0 ? nil : count
        ready.change(group, from: old, to: count)
        deferred.change(group, from: old, to: count)
    }

    /// Ends the turn of a key that `next` returned.
    ///
    /// - Parameter jitter: 0 to 1, drawn by the caller.
    package mutating func finish(_ key: Key, _ outcome: Outcome, at now: Instant, jitter: Double) {
        guard let again = active.removeValue(forKey: key) else { return }
        let group = group(of: key)
        setBusy(group, busy[group, default: 1] - 1)
        let isFailure = if case .retry = outcome { true } else { false }
        failures[key] = isFailure ? failures(of: key) + 1 : nil
        if again {
            // What it was added for while it was worked on began then; that time is not kept.
            if !isFailure { added[key] = now }
            return line(up: key)
        }
        if !isFailure { added[key] = nil }
        switch outcome {
        case .done: break
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

    /// Gives back the room of a burst of keys once few of them are left. Looks at each that is.
    package mutating func giveBackRoom() {
        ready.giveBackRoom()
        deferred.giveBackRoom()
        alarms.giveBackRoom()
        waiting.giveBackRoom()
        failures.giveBackRoom()
        added.giveBackRoom()
    }

    /// How often `key` failed in a row.
    package func failures(of key: Key) -> Int { failures[key, default: 0] }

    /// When `next` should be called again although nothing was added or finished; nil if no retry waits.
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
