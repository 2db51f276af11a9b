/// How often an object may be corrected that others keep changing.
///
/// The first corrections are free. Each further one waits twice as long as the one before, from the change that it is to
/// correct, and the budget refills only while the object stays corrected: who reverts each correction at once gets fewer
/// and fewer of them. A value without a clock.
package struct CorrectionBudget<Instant: InstantProtocol & Sendable>: Sendable where Instant.Duration == Duration {
    package struct Policy: Sendable {
        /// So many corrections do not wait.
        package var free = 10
        /// Waits of those that follow.
        package var backoff = Backoff(initial: .seconds(2), longest: .seconds(60))
        /// How long an object has to stay corrected for one more.
        package var refill: Duration = .seconds(60)
        /// How long it has to stay corrected to count as contested no more.
        package var calm: Duration = .seconds(30)

        package init() {}
    }

    private let policy: Policy
    /// Corrections that have not been refilled.
    private var spent = 0
    private var correctedAt: Instant?
    /// Until when quiet time has been refilled for.
    private var refilledAt: Instant?
    /// The first change since the last correction; nil: the object is corrected.
    private var disturbedAt: Instant?

    package init(policy: Policy = Policy()) { self.policy = policy }

    package var isDisturbed: Bool { disturbedAt != nil }

    /// Somebody else has changed the object.
    package mutating func disturb(at now: Instant) {
        guard disturbedAt == nil else { return }
        refill(at: now)
        disturbedAt = now
    }

    /// The object turns out to be as it should be.
    package mutating func settle() { disturbedAt = nil }

    /// Somebody asks for a correction: the next one does not wait.
    package mutating func forgive() { spent = min(spent, policy.free - 1) }

    /// How long the next correction has to wait; nil: not at all.
    package func wait(at now: Instant) -> Duration? {
        guard let disturbedAt, spent >= policy.free else { return nil }
        // Without jitter: there is one of each object.
        let wait = policy.backoff.delay(failures: spent - policy.free + 1, jitter: 1)
        let due = disturbedAt.advanced(by: wait)
        return due > now ? now.duration(to: due) : nil
    }

    /// The object was corrected.
    package mutating func correct(at now: Instant) {
        // No more than what the longest wait follows from, or a fight of a day would take days to be forgotten.
        spent = min(spent + 1, policy.free + 6)
        (correctedAt, refilledAt) = (now, now)
        disturbedAt = nil
    }

    /// For how long the object still counts as contested: others have reverted all free corrections, and it has not stayed
    /// corrected for long enough since. Nil: it does not.
    package func contested(at now: Instant) -> Duration? {
        guard spent(at: now) >= policy.free, let correctedAt else { return nil }
        if disturbedAt != nil { return policy.calm }
        let end = correctedAt.advanced(by: policy.calm)
        return end > now ? now.duration(to: end) : nil
    }

    /// Nothing is left to be remembered.
    package func isFull(at now: Instant) -> Bool { disturbedAt == nil && spent(at: now) == 0 }

    private mutating func refill(at now: Instant) {
        guard let last = refilledAt else { return }
        let refilled = max(0, Int(last.duration(to: now) / policy.refill))
        spent = max(0, spent - refilled)
        // What is left of the time counts for the next one.
        refilledAt = last.advanced(by: policy.refill * refilled)
    }

    private func spent(at now: Instant) -> Int {
        guard disturbedAt == nil, let refilledAt else { return spent }
        let refilled = Int(refilledAt.duration(to: now) / policy.refill)
        return max(0, spent - max(0, refilled))
    }
}
