/// A `WorkQueue` without its keys: a slot, which is a small number, stands for each. It is not generic, so that the
/// compiler optimizes it.
///
/// Times are relative to an origin that the owner chooses.
struct SlotQueue: Sendable {
    struct Settings: Sendable {
        let limit: Int
        let backoff: Backoff
        let starvationLimit: Duration
        /// Whether there are groups that share the places.
        let hasGroups: Bool
    }

    /// The lanes of due slots.
    enum Lane: Int, CaseIterable {
        case ready
        /// Slots of low priority that have waited for `starvationLimit`.
        case late
        /// Slots of low priority.
        case deferred
    }

    enum State: Equatable {
        case unused
        case due(Lane)
        /// - Parameter again: whether it was added again while in progress.
        case inFlight(again: Bool)
        /// - Parameter alarm: the number of its alarm.
        case waiting(until: Duration, alarm: Int)
        case held
    }

    struct Entry: Sendable {
        let group: Int
        let isLowPriority: Bool
        fileprivate(set) var state = State.unused
        fileprivate(set) var failures = 0
        /// The time before which it must not be started, even if it is added again.
        fileprivate(set) var notBefore = Duration.zero
        /// While it is unfinished, the time when it was added or became due for a requeue.
        fileprivate(set) var added: Duration?
        /// The time when it was last started.
        fileprivate(set) var started = Duration.zero
    }

    private struct Alarm: Comparable {
        let time: Duration
        /// Alarms for the same time ring in the order in which they were set.
        let number: Int
        let slot: Int

        static func < (left: Alarm, right: Alarm) -> Bool { (left.time, left.number) < (right.time, right.number) }
    }

    let settings: Settings
    private(set) var entries = Slots<Entry>()
    private(set) var groups = QueueGroups()

    private var lanes = Lane.allCases.map { _ in FairQueue() }
    /// The slots in flight, in the order of their starts.
    private var running = Line()
    /// The links of the lanes and of `running`: a slot is due or in flight.
    private var links = LineLinks()
    /// The slots in the deferred lane, in the order in which they entered it.
    private var aging = Line()
    private var agingLinks = LineLinks()
    private var alarms = Heap<Alarm>()
    private var alarmCount = 0

    private(set) var inFlight = 0
    private var lowPriorityInFlight = 0
    /// The number of slots that wait for a retry or a requeue, or are held.
    private(set) var retrying = 0

    init(_ settings: Settings) { self.settings = settings }

    /// The number of slots that are due.
    var depth: Int { lanes.reduce(0) { $0 + $1.count } }

    /// The time when the slot that is in flight for longest was started.
    var oldestStart: Duration? { running.first.map { entries[$0].started } }

    /// A slot for a key. The owner adds it next.
    mutating func insert(group: String, isLowPriority: Bool) -> Int {
        entries.insert(Entry(group: groups.join(group), isLowPriority: isLowPriority))
    }

    /// Makes a slot due: now, or at `Entry.notBefore` if that is later.
    mutating func add(_ slot: Int, at now: Duration) {
        if entries[slot].added == nil { entries[slot].added = now }
        switch entries[slot].state {
        case .due: break
        case .inFlight: entries[slot].state = .inFlight(again: true)
        case .waiting(let time, _) where entries[slot].notBefore > now:
            if entries[slot].notBefore < time { wait(slot, until: entries[slot].notBefore) }
        case .waiting, .held:
            retrying -= 1
            lineUp(slot, at: now)
        case .unused: lineUp(slot, at: now)
        }
    }

    private mutating func lineUp(_ slot: Int, at now: Duration) {
        guard entries[slot].isLowPriority else { return append(slot, to: .ready) }
        if isLate(slot, at: now) { return append(slot, to: .late) }
        append(slot, to: .deferred)
        agingLinks.append(slot, to: &aging)
    }

    private mutating func append(_ slot: Int, to lane: Lane) {
        let group = entries[slot].group
        entries[slot].state = .due(lane)
        lanes[lane.rawValue].append(slot, of: group, inFlight: groups.inFlight(group), &links)
    }

    private mutating func remove(_ slot: Int, from lane: Lane) {
        let group = entries[slot].group
        lanes[lane.rawValue].remove(slot, of: group, inFlight: groups.inFlight(group), &links)
        if lane == .deferred { agingLinks.remove(slot, from: &aging) }
    }

    private func isLate(_ slot: Int, at now: Duration) -> Bool {
        entries[slot].added.map { $0 + settings.starvationLimit <= now } ?? false
    }

    private mutating func ring(at now: Duration) {
        while let alarm = alarms.first, alarm.time <= now {
            alarms.removeFirst()
            guard isCurrent(alarm) else { continue }
            retrying -= 1
            if entries[alarm.slot].added == nil { entries[alarm.slot].added = now }
            lineUp(alarm.slot, at: now)
        }
        while let slot = aging.first, isLate(slot, at: now) {
            remove(slot, from: .deferred)
            append(slot, to: .late)
        }
    }

    /// Whether the slot still waits for this alarm: it may have been added or delayed again since.
    private func isCurrent(_ alarm: Alarm) -> Bool {
        entries[alarm.slot].state == .waiting(until: alarm.time, alarm: alarm.number)
    }

    /// The next slot to process, which is then in flight; nil if none is due or `limit` are in flight.
    mutating func next(at now: Duration) -> Int? {
        ring(at: now)
        let free = settings.limit - inFlight
        guard free > 0 else { return nil }
        let share = share(free: free)
        // Prefer late slots only while fewer than half of the places process slots of low priority. Otherwise slow ones
        // would block all others.
        if lowPriorityInFlight < (settings.limit + 1) / 2, let late = begin(.late, below: share, at: now) {
            return late
        }
        return begin(.ready, below: share, at: now) ?? begin(.late, below: share, at: now)
            ?? begin(.deferred, below: share, at: now)
    }

    /// The next due slot of low priority.
    mutating func nextLowPriority(at now: Duration) -> Int? {
        guard inFlight < settings.limit else { return nil }
        return begin(.late, below: .max, at: now) ?? begin(.deferred, below: .max, at: now)
    }

    /// A group may start another slot while it has fewer in flight than this.
    private func share(free: Int) -> Int {
        guard settings.hasGroups else { return .max }
        guard free > max(1, settings.limit / 8) else { return 1 }
        return max(1, min(settings.limit * 2 / 3, 2 * free))
    }

    private mutating func begin(_ lane: Lane, below share: Int, at now: Duration) -> Int? {
        guard let slot = lanes[lane.rawValue].first(below: share) else { return nil }
        remove(slot, from: lane)
        entries[slot].state = .inFlight(again: false)
        entries[slot].started = now
        links.append(slot, to: &running)
        countInFlight(slot, 1)
        return slot
    }

    private mutating func countInFlight(_ slot: Int, _ change: Int) {
        inFlight += change
        if entries[slot].isLowPriority { lowPriorityInFlight += change }
        let group = entries[slot].group
        let old = groups.inFlight(group)
        groups.setInFlight(group, old + change)
        for lane in lanes.indices { lanes[lane].change(group, from: old, to: old + change) }
    }

    /// Ends the processing of a slot that is in flight.
    ///
    /// - Parameter jitter: a random number from 0 to 1. It is only made if the slot waits for a retry, because that is a
    ///   system call.
    /// - Returns: whether the slot is not used any more.
    mutating func finish(
        _ slot: Int, _ outcome: WorkOutcome, at now: Duration, jitter: @autoclosure () -> Double
    ) -> Bool {
        guard case .inFlight(let again) = entries[slot].state else { return false }
        links.remove(slot, from: &running)
        countInFlight(slot, -1)
        let isUnfinished =
            switch outcome {
            case .retry, .held: true
            case .done, .again: false
            }
        if case .retry(let notBefore) = outcome {
            entries[slot].failures += 1
            entries[slot].notBefore = now + notBefore
        } else if !isUnfinished {
            entries[slot].failures = 0
        }
        if again {
            // The time of the addition during processing is not stored, so the age counts from now.
            if !isUnfinished { entries[slot].added = now }
            if entries[slot].notBefore > now {
                wait(slot, until: entries[slot].notBefore)
                retrying += 1
            } else {
                lineUp(slot, at: now)
            }
            return false
        }
        if !isUnfinished { entries[slot].added = nil }
        switch outcome {
        case .done:
            entries[slot].state = .unused
            groups.leave(entries[slot].group)
            entries.free(slot)
            return true
        case .held: entries[slot].state = .held
        case .retry(let notBefore):
            let delay = settings.backoff.delay(failures: entries[slot].failures, jitter: jitter())
            wait(slot, until: now + max(delay, notBefore))
        case .again(let delay): wait(slot, until: now + delay)
        }
        retrying += 1
        return false
    }

    private mutating func wait(_ slot: Int, until time: Duration) {
        setAlarm(slot, time, number: alarmCount)
        alarmCount += 1
    }

    private mutating func setAlarm(_ slot: Int, _ time: Duration, number: Int) {
        entries[slot].state = .waiting(until: time, alarm: number)
        alarms.insert(Alarm(time: time, number: number, slot: slot))
    }

    /// The earliest time at which a slot becomes due by itself.
    mutating func deadline() -> Duration? {
        while let alarm = alarms.first, !isCurrent(alarm) { alarms.removeFirst() }
        return alarms.first?.time
    }

    /// Releases the memory of a burst, if few slots are left, all of them waiting or held. Slots get new numbers.
    ///
    /// - Returns: the old number of each slot; nil if nothing has changed.
    mutating func compact() -> [Int]? {
        guard depth == 0, inFlight == 0, retrying * 4 < entries.count else { return nil }
        let kept = entries.indices.filter { entries[$0].state != .unused }
        var compacted = SlotQueue(settings)
        for entry in kept.map({ entries[$0] }) {
            let slot = compacted.insert(group: groups.name(of: entry.group), isLowPriority: entry.isLowPriority)
            compacted.entries[slot].state = entry.state
            compacted.entries[slot].failures = entry.failures
            compacted.entries[slot].notBefore = entry.notBefore
            compacted.entries[slot].added = entry.added
            if case .waiting(let time, let alarm) = entry.state { compacted.setAlarm(slot, time, number: alarm) }
        }
        (compacted.retrying, compacted.alarmCount) = (retrying, alarmCount)
        self = compacted
        return kept
    }
}
