import LinuxIO
import Observability

/// A `LogBudget` that all threads of the process share.
package final class ResourceLogLimiter: LogLimiter {
    private let budget = Mutex(LogBudget<ContinuousClock.Instant>())

    package init() {}

    package func admit(_ resource: String) -> Int? { budget.withLock { $0.admit(resource, at: .now) } }

    package func drainSuppressed() -> [(resource: String, lines: Int)] {
        budget.withLock { $0.drainSuppressed(at: .now) }
    }
}
