/// Waits until changes have been quiet for a while, but not longer than a limit: then it is time to look.
///
/// A look that somebody asks for waits for the same quiet, and for a pause after the one before, however many ask.
///
/// A value without a clock of its own: the caller says what time it is and sleeps until `deadline`.
package struct Debouncer<Instant: InstantProtocol>: Sendable where Instant.Duration == Duration {
    private let quiet: Duration
    private let longest: Duration
    private let pause: Duration
    /// When a look that is asked for may be due again, but for the quiet time.
    private var nextRequest: Instant?
    /// The first and the last change that were not answered yet.
    private var pending: (first: Instant, last: Instant)?

    /// - Parameters:
    ///   - quiet: how long there has to be no change.
    ///   - longest: how long the first change waits at most, however many follow it.
    ///   - pause: how long after a look the next one can be asked for.
    package init(quiet: Duration, longest: Duration, pause: Duration = .zero) {
        self.quiet = quiet
        self.longest = longest
        self.pause = pause
    }

    /// Something changed at `instant`.
    package mutating func changed(at instant: Instant) { changed(at: instant, since: nil) }

    /// - Parameter first: an earlier change that no look has answered, though one was taken.
    private mutating func changed(at instant: Instant, since first: Instant?) {
        let earliest = [pending?.first, first].compactMap { $0 }.min() ?? instant
        pending = (first: min(earliest, instant), last: instant)
    }

    /// Somebody asks for a look. One that is awaited already will do.
    package mutating func requested(at instant: Instant) {
        if pending == nil { changed(at: max(instant, nextRequest ?? instant)) }
    }

    /// A look has ended.
    ///
    /// - Parameters:
    ///   - first: the first change that it is to answer.
    ///   - hasChanged: there were changes while it went on: it may have seen half of them, and another one follows.
    /// - Returns: whether it counts all the same, because `first` must wait no longer. What follows then waits anew.
    package mutating func looked(at instant: Instant, since first: Instant, hasChanged: Bool = false) -> Bool {
        nextRequest = instant.advanced(by: pause)
        guard hasChanged else { return true }
        let isOverdue = instant >= first.advanced(by: longest)
        changed(at: instant, since: isOverdue ? nil : first)
        return isOverdue
    }

    /// The first change that was not answered yet.
    package var firstChange: Instant? { pending?.first }

    /// When to `fire`; nil while nothing has changed.
    package var deadline: Instant? {
        pending.map { min($0.last.advanced(by: quiet), $0.first.advanced(by: longest)) }
    }

    /// True once for all the changes so far, at the deadline or later.
    package mutating func fire(at instant: Instant) -> Bool {
        guard let deadline, instant >= deadline else { return false }
        pending = nil
        return true
    }
}
