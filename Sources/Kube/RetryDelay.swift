/// Exponential backoff with full jitter: a value with no clock and no random source of its own.
package struct RetryDelay: Sendable, Equatable {
    /// Upper limit of the first delay.
    package let first: Duration
    /// Upper limit of all delays.
    package let maximum: Duration
    /// Delays given since the last reset.
    package private(set) var attempts = 0

    package init(first: Duration = .milliseconds(500), maximum: Duration = .seconds(30)) {
        self.first = first
        self.maximum = maximum
    }

    /// The next delay: evenly spread between nothing and a limit that doubles each time.
    ///
    /// - Parameter random: from 0 to 1.
    package mutating func next(random: Double) -> Duration {
        let limit = attempts < 30 ? min(maximum, first * (1 << attempts)) : maximum
        attempts += 1
        return limit * random
    }

    package mutating func reset() { attempts = 0 }
}
