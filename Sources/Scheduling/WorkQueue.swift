/// Keys to be worked on: each at most once at a time, in turns by group and within one in the order in which they came, with
/// failed ones later.
///
/// A value without threads or clocks; whoever holds it calls `next` when something changed or `deadline` has come.
/// The semantics are those of client-go's rate limiting work queue: a key added while it is worked on is worked on
/// once more afterwards; a key added while it waits for a retry is due at once. Keys that can wait let all others pass,
/// for some time.
///
/// A group with nothing in flight may take any place. One that has some begins another only while it has less than two
/// thirds of the places, less than twice as many as are free, and more are free than the reserve: an eighth of the places,
/// one at least. So no group comes to more than two thirds of the places, however many keys it has and however long these
/// take; of two places it takes one. A single place has whoever came first, until its turn ends.
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
        /// Neither done nor failed: it waits for something else, whose end adds it.
        case held
    }

    /// How many keys may be worked on at once.
    package let limit: Int
    package let backoff: Backoff

    private let canWait: @Sendable (Key) -> Bool
    private let starvationLimit: Duration
    private let group: (@Sendable (Key) -> String)?

    /// Where due keys stand.
    enum Lane: Int, CaseIterable {
        case ready
        /// Could wait, and did for as long as `starvationLimit`.
        case late
        /// Can wait.
        case deferred
    }

    var lanes = Lane.allCases.map { _ in FairQueue<Key, String>() }
    /// The deferred ones in the order in which they came.
    private var aging = FIFO<Key>()
    /// By group that has any: how many keys are being worked on.
    private var busy: [String: Int] = [:]
    var waiting: [Key: Instant] = [:]
    var held: Set<Key> = []
    private var alarms = Heap<Alarm>()
    var active: [Key: Bool] = [:]  // true: added again meanwhile
    private var failures: [Key: Int] = [:]
    /// By key that is not done: when it was added, or due for a second look.
    var added: [Key: Instant] = [:]

    /// - Parameters:
    ///   - starvationLimit: for how long a key lets others pass; then it goes before them, in turns by group too.
    ///   - canWait: whether a key lets others pass.
    ///   - group: whose key it is; nil: all are one's own, and may take all places.
    package init(
        limit: Int, backoff: Backoff = .standard, starvationLimit: Duration = .zero,
        canWait: @escaping @Sendable (Key) -> Bool = { _ in false }, group: (@Sendable (Key) -> String)? = nil
    ) {
        precondition(limit > 0, "a work queue needs a worker")
        self.limit = limit
        self.backoff = backoff
        self.starvationLimit = starvationLimit
        self.group = group
        self.canWait = canWait
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
        // Deferred already: when it is late is found out there.
        guard !aging.contains(key) else { return }
        var lane = Lane.ready
        if canWait(key) { lane = isLate(key, at: now) ? .late : .deferred }
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
            // An alarm whose key was added, or put off again, since it was set says nothing any more.
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

    /// The next key to work on, now being worked on; nil if none is due or `limit` are under way.
    package mutating func next(at now: Instant) -> Key? {
        ring(at: now)
        let free = limit - active.count
        guard free > 0 else { return nil }
        let share = share(free: free)
        // With half of the hands at most, or slow ones would keep all others waiting.
        if active.keys.count(where: canWait) < (limit + 1) / 2, let late = begin(.late, below: share) { return late }
        return begin(.ready, below: share) ?? begin(.late, below: share) ?? begin(.deferred, below: share)
    }

    /// A group begins another key while it has fewer in flight than this.
    private func share(free: Int) -> Int {
        guard group != nil else { return .max }
        guard free > max(1, limit / 8) else { return 1 }
        return max(1, min(limit * 2 / 3, 2 * free))
    }

    /// The next of the due keys that let others pass; for who begins no others any more.
    package mutating func nextThatWaits() -> Key? {
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

    /// Ends the turn of a key that `next` returned.
    ///
    /// - Parameter jitter: 0 to 1, drawn by the caller.
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
            // What it was added for while it was worked on began then; that time is not kept.
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

    /// Gives back the room of a burst of keys once few of them are left. Looks at each that is.
    package mutating func giveBackRoom() {
        for lane in lanes.indices { lanes[lane].giveBackRoom() }
        aging.giveBackRoom()
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
