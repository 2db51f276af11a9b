/// How long to wait after a number of failures in a row: doubling, bounded, with jitter so that many that failed
/// together do not come back together.
package struct Backoff: Sendable, Equatable {
    /// The wait after the first failure, before jitter.
    package var initial: Duration
    /// The longest wait, before jitter.
    package var longest: Duration

    package init(initial: Duration, longest: Duration) {
        self.initial = initial
        self.longest = longest
    }

    /// For API writes of one object.
    package static let standard = Backoff(initial: .milliseconds(250), longest: .seconds(60))

    /// The wait after `failures` failures in a row (1 or more).
    ///
    /// - Parameter jitter: 0 to 1, drawn by the caller; the wait is between a half and the whole of the doubled time.
    package func delay(failures: Int, jitter: Double) -> Duration {
        let doublings = min(max(failures, 1) - 1, 30)
        let full = min(initial * (1 << doublings), longest)
        return full * (0.5 + 0.5 * min(max(jitter, 0), 1))
    }
}
