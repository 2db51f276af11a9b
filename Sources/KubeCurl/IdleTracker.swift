/// Measures how long no data have arrived from the server on any connection of a loop. Only the loop's thread may use
/// it.
///
/// If a proxy acknowledges data that it no longer forwards, the connection is alive for TCP, and keep-alive probes
/// succeed. Only the silence shows that the connection is dead.
final class IdleTracker {
    private let shortest: Duration
    private var lastByte = ContinuousClock.now
    private var lastTrial: ContinuousClock.Instant?

    init(shortest: Duration) { self.shortest = shortest }

    /// When to probe the connection of a request that has waited since `start`: after the shortest silence. A probe has
    /// a timeout of twice that time, so that a dead connection is detected within three times the shortest silence.
    /// After a probe, the next one waits at least for another shortest silence.
    func trial(since start: ContinuousClock.Instant) -> ContinuousClock.Instant {
        max(start + shortest, earliestTrial)
    }

    /// When the first probe may be due, whenever a request was sent.
    var earliestTrial: ContinuousClock.Instant { max(lastByte, lastTrial ?? lastByte) + shortest }

    var trialTimeout: Duration { shortest * 2 }

    func tried(at now: ContinuousClock.Instant) { lastTrial = now }

    /// Ends the silence: data have arrived, or all connections are new.
    func end(at now: ContinuousClock.Instant) { lastByte = now }

    /// Whether a request that has just timed out did so because of a dead connection and not because of a slow
    /// response.
    func isDeadConnection(timeout: Duration) -> Bool { .now - lastByte >= max(timeout / 2, shortest) }
}
