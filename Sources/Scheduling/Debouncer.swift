/// Waits until changes have been quiet for a while, but not longer than a limit: then it is time to look.
///
/// A value without a clock of its own: the caller says what time it is and sleeps until `deadline`.
package struct Debouncer<Instant: InstantProtocol>: Sendable where Instant.Duration == Duration {
    private let quiet: Duration
    private let longest: Duration
    /// The first and the last change that were not answered yet.
    private var pending: (first: Instant, last: Instant)?

    /// - Parameters:
    ///   - quiet: how long there has to be no change.
    ///   - longest: how long the first change waits at most, however many follow it.
    package init(quiet: Duration, longest: Duration) {
        self.quiet = quiet
        self.longest = longest
    }

    /// Something changed at `instant`.
    package mutating func changed(at instant: Instant) {
        pending = (first: pending?.first ?? instant, last: instant)
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
