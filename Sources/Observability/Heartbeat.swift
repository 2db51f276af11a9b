import Synchronization

/// The time of the last sign of life of a part that must keep running: a watch, the mount's reader, the workers. The
/// part calls `beat`; the liveness probe reads the age. It needs no lock, so a blocked part cannot block the probe.
package final class Heartbeat: Sendable {
    /// The name in `/healthz?verbose`, for example `mount` or `watch of secrets in all namespaces`.
    package let name: String
    /// After this time without a beat, the part counts as dead or stuck.
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

    /// The time of the last beat.
    package var last: ContinuousClock.Instant { origin + .nanoseconds(nanoseconds.load(ordering: .relaxed)) }

    package func age(at now: ContinuousClock.Instant = .now) -> Duration {
        last.duration(to: now)
    }
}
