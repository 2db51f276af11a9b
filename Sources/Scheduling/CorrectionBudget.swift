/// Limits how often an object is corrected that others keep changing.
///
/// The first corrections are free. Each further one waits twice as long as the previous one, starting at the change
/// that it corrects. The budget refills only while the object stays corrected, so a writer that reverts each correction
/// at once gets fewer and fewer of them. A value without a clock.
package struct CorrectionBudget<Instant: InstantProtocol & Sendable>: Sendable where Instant.Duration == Duration {
    package struct Policy: Sendable {
        /// The number of corrections without a wait.
        package var free = 10
        /// The waits of further corrections.
        package var backoff = Backoff(initial: .seconds(2), longest: .seconds(60))
        /// The time that an object must stay corrected to gain one more correction.
        package var refill: Duration = .seconds(60)
        /// The time that an object must stay corrected until it no longer counts as contested.
        package var calm: Duration = .seconds(30)

        package init() {}
    }

    private let policy: Policy
    /// Corrections that have not been refilled.
    private var spent = 0
    private var correctedAt: Instant?
    /// The time up to which the budget has been refilled.
    private var refilledAt: Instant?
    /// The first change since the last correction; nil while the object is corrected.
    private var foreignChangeAt: Instant?

    package init(policy: Policy = Policy()) { self.policy = policy }

    package var hasForeignChange: Bool { foreignChangeAt != nil }

    /// Records that another writer has changed the object.
    package mutating func recordForeignChange(at now: Instant) {
        guard foreignChangeAt == nil else { return }
        refill(at: now)
        foreignChangeAt = now
    }

    /// Records that the object is in sync.
    package mutating func recordInSync() { foreignChangeAt = nil }

    /// Records a request for a correction: the next one does not wait.
    package mutating func allowOneWrite() { spent = min(spent, policy.free - 1) }

    /// The remaining wait before the next correction; nil if there is none.
    package func wait(at now: Instant) -> Duration? {
        guard let foreignChangeAt, spent >= policy.free else { return nil }
        // No jitter, because each object is corrected on its own.
        let wait = policy.backoff.delay(failures: spent - policy.free + 1, jitter: 1)
        let due = foreignChangeAt.advanced(by: wait)
        return due > now ? now.duration(to: due) : nil
    }

    /// Records a correction.
    package mutating func correct(at now: Instant) {
        // Capped where the longest wait is reached. Otherwise, the budget would need days to recover from a day of
        // changes.
        spent = min(spent + 1, policy.free + 6)
        (correctedAt, refilledAt) = (now, now)
        foreignChangeAt = nil
    }

    /// The time for which the object still counts as contested: others have reverted all free corrections, and it has
    /// not stayed corrected for long enough since. Nil if it is not contested.
    package func remainingContention(at now: Instant) -> Duration? {
        guard spent(at: now) >= policy.free, let correctedAt else { return nil }
        if foreignChangeAt != nil { return policy.calm }
        let end = correctedAt.advanced(by: policy.calm)
        return end > now ? now.duration(to: end) : nil
    }

    /// Whether the budget is full, so that it can be dropped.
    package func isFull(at now: Instant) -> Bool { foreignChangeAt == nil && spent(at: now) == 0 }

    private mutating func refill(at now: Instant) {
        guard let last = refilledAt else { return }
        let refilled = max(0, Int(last.duration(to: now) / policy.refill))
        spent = max(0, spent - refilled)
        // The rest of the time counts towards the next correction.
        refilledAt = last.advanced(by: policy.refill * refilled)
    }

    private func spent(at now: Instant) -> Int {
        guard foreignChangeAt == nil, let refilledAt else { return spent }
        let refilled = Int(refilledAt.duration(to: now) / policy.refill)
        return max(0, spent - max(0, refilled))
    }
}
