package import Observability

extension Heartbeat {
    package var isAlive: Bool { age() <= limit }

    /// The time of the last beat, or of the initialization if there was none.
    package var lastBeat: ContinuousClock.Instant {
        let now = ContinuousClock.now
        return now - age(at: now)
    }

    /// Whether it beats after `instant`, now or soon.
    package func beats(after instant: ContinuousClock.Instant) async -> Bool {
        await eventually { lastBeat > instant }
    }
}
