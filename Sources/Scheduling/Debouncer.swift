/// Waits until there have been no changes for a while, but not longer than a limit, before a reading.
///
/// A requested reading waits for the same quiet time, and for a pause after the previous reading, however many requests
/// there are.
///
/// A value without a clock: the caller passes the time and sleeps until `deadline`.
package struct Debouncer<Instant: InstantProtocol>: Sendable where Instant.Duration == Duration {
    private let quiet: Duration
    private let longest: Duration
    private let pause: Duration
    /// The earliest time of the next requested reading, without the quiet time.
    private var nextRequest: Instant?
    /// The first and the last change since the last reading.
    private var pending: (first: Instant, last: Instant)?

    /// - Parameters:
    ///   - quiet: the time without changes before a reading.
    ///   - longest: the maximum delay of a reading after the first change, however many changes follow.
    ///   - pause: the minimum time between a reading and a requested one.
    package init(quiet: Duration, longest: Duration, pause: Duration = .zero) {
        self.quiet = quiet
        self.longest = longest
        self.pause = pause
    }

    /// Records a change at `instant`.
    package mutating func changed(at instant: Instant) { changed(at: instant, since: nil) }

    /// - Parameter first: an earlier change that no accepted reading has covered yet.
    private mutating func changed(at instant: Instant, since first: Instant?) {
        let earliest = [pending?.first, first].compactMap { $0 }.min() ?? instant
        pending = (first: min(earliest, instant), last: instant)
    }

    /// Requests a reading. Does nothing if a reading is already pending.
    package mutating func requested(at instant: Instant) {
        if pending == nil { changed(at: max(instant, nextRequest ?? instant)) }
    }

    /// Records the end of a reading.
    ///
    /// - Parameters:
    ///   - first: the first change that the reading covers.
    ///   - hasChanged: whether there were changes during the reading, which may therefore be inconsistent. Another
    ///     reading then follows.
    /// - Returns: whether to accept the reading: true if nothing changed during the reading, or if the maximum delay
    ///   since `first` has passed. In the second case the changes during the reading start a new delay.
    package mutating func finishReading(at instant: Instant, since first: Instant, hasChanged: Bool = false) -> Bool {
        nextRequest = instant.advanced(by: pause)
        guard hasChanged else { return true }
        let isOverdue = instant >= first.advanced(by: longest)
        changed(at: instant, since: isOverdue ? nil : first)
        return isOverdue
    }

    /// The first change since the last reading.
    package var firstChange: Instant? { pending?.first }

    /// The time for `fire`; nil if there is no change.
    package var deadline: Instant? {
        pending.map { min($0.last.advanced(by: quiet), $0.first.advanced(by: longest)) }
    }

    /// Returns true once for all changes so far, at the deadline or later.
    package mutating func fire(at instant: Instant) -> Bool {
        guard let deadline, instant >= deadline else { return false }
        pending = nil
        return true
    }
}
