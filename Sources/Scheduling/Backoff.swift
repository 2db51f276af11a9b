/// The wait after a number of consecutive failures: doubling, with a maximum, and with jitter so that many failed
/// operations are not repeated at the same time.
package struct Backoff: Sendable, Equatable {
    /// The wait after the first failure, before jitter.
    package var initial: Duration
    /// The longest wait, before jitter.
    package var longest: Duration

    package init(initial: Duration, longest: Duration) {
        self.initial = initial
        self.longest = longest
    }

    /// The backoff for API writes of one object.
    package static let standard = Backoff(initial: .milliseconds(250), longest: .seconds(60))

    /// The wait after `failures` consecutive failures (1 or more).
    ///
    /// - Parameter jitter: a random number from 0 to 1. The wait is between one half and the whole of the doubled time.
    package func delay(failures: Int, jitter: Double) -> Duration {
        let doublings = min(max(failures, 1) - 1, 30)
        let full = min(initial * (1 << doublings), longest)
        return full * (0.5 + 0.5 * min(max(jitter, 0), 1))
    }
}
