import Synchronization

/// The stamp of something that has to go on: a watch, the mount's reader, the workers. Whoever does the work beats; who
/// asks whether the process is alive looks at the age. Needs no lock, so that a look never waits for what is stuck.
package final class Heartbeat: Sendable {
    /// As `/healthz?verbose` shows it: `mount`, `watch of secrets in all namespaces`.
    package let name: String
    /// Silent for longer, it is dead or stuck.
    package let limit: Duration

    private let origin = ContinuousClock.now
    /// Nanoseconds after `origin`.
    private let nanoseconds = Atomic<Int64>(0)

    package init(_ name: String, limit: Duration) {
        self.name = name
        self.limit = limit
    }

    package func beat(at now: ContinuousClock.Instant = .now) {
        let (seconds, attoseconds) = origin.duration(to: now).components
        nanoseconds.store(seconds * 1_000_000_000 + attoseconds / 1_000_000_000, ordering: .relaxed)
    }

    /// When it last beat.
    package var last: ContinuousClock.Instant { origin + .nanoseconds(nanoseconds.load(ordering: .relaxed)) }

    package func age(at now: ContinuousClock.Instant = .now) -> Duration {
        last.duration(to: now)
    }
}
