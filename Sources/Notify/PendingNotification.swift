package import Scheduling

/// The targets that changed since the receiver was last notified, and when to notify it. A value; time is a parameter.
///
/// The changes of one pass are collected: the notification waits until nothing changes for a moment and no rotation is in
/// progress, but not forever. What fails is repeated with growing delays. A change in the meantime is added, and starts the
/// delays again.
package struct PendingNotification<Instant: InstantProtocol>: Sendable where Instant.Duration == Duration {
    package struct Timing: Sendable {
        /// The time without changes.
        package var quiet: Duration = .milliseconds(100)
        /// The maximum wait for the end of a rotation, one of whose targets may fail for long.
        package var longest: Duration = .seconds(10)
        package var backoff = Backoff(initial: .milliseconds(250), longest: .seconds(30))

        package init() {}
    }

    private let timing: Timing
    private var secrets: Set<String> = []
    private var first: Instant?
    private var last: Instant?
    private var retryAt: Instant?
    private var failures = 0

    package init(_ timing: Timing = Timing()) { self.timing = timing }

    package var isEmpty: Bool { secrets.isEmpty }

    package mutating func changed(_ secret: String, at now: Instant) {
        secrets.insert(secret)
        first = first ?? now
        last = now
        retryAt = nil
        failures = 0
    }

    /// When to call `take` next; nil if nothing is pending.
    package var deadline: Instant? { retryAt ?? last?.advanced(by: timing.quiet) }

    /// The notification that is due now; nil if none is. It stays pending until `delivered`.
    ///
    /// - Parameter isRotating: whether targets of the newest rotation are still to be written.
    package mutating func nextDue(at now: Instant, isRotating: Bool) -> Notification? {
        guard let deadline, now >= deadline, let first else { return nil }
        guard !isRotating || now >= first.advanced(by: timing.longest) else {
            last = now
            return nil
        }
        return Notification(secrets: secrets.sorted())
    }

    /// Records that the receiver has a notification. Changes since `take` stay pending.
    ///
    /// - Parameter hasChanged: whether `changed` was called since `take`; the receiver may have read too early.
    package mutating func delivered(hasChanged: Bool) {
        guard !hasChanged else { return }
        self = PendingNotification(timing)
    }

    package mutating func failed(at now: Instant, jitter: Double, hasChanged: Bool) {
        guard !hasChanged else { return }
        failures += 1
        retryAt = now.advanced(by: timing.backoff.delay(failures: failures, jitter: jitter))
    }
}
