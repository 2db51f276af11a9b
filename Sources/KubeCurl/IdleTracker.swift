/// How long nothing has come from the server on any connection of a loop. Belongs to the loop's thread.
///
/// A proxy that acknowledges what it no longer forwards keeps a connection alive for TCP, and keep-alive probes see
/// nothing wrong: only the silence tells.
final class IdleTracker {
    private let shortest: Duration
    private var lastByte = ContinuousClock.now
    private var lastTrial: ContinuousClock.Instant?

    init(shortest: Duration) { self.shortest = shortest }

    /// When a connection is to be tried on which a request has waited since `start`, longer than one is that is dead; what
    /// tries it has twice the time of the shortest silence, so that three times that are all in all the longest. One that
    /// failed at once is not repeated sooner than after another such silence.
    func trial(since start: ContinuousClock.Instant) -> ContinuousClock.Instant {
        max(start, lastByte, lastTrial ?? start) + shortest
    }

    var trialTimeout: Duration { shortest * 2 }

    func tried(at now: ContinuousClock.Instant) { lastTrial = now }

    /// Something has come, or all is new.
    func end(at now: ContinuousClock.Instant) { lastByte = now }

    /// Whether a request that has just run out of its time did so for a dead connection, and not for a slow answer.
    func isDeath(timeout: Duration) -> Bool { .now - lastByte >= max(timeout / 2, shortest) }
}
