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
        package var refill: Duration = .seconds(10)

        package init() {}
    }

    private let policy: Policy
    /// Corrections that have not been refilled.
    private var spent = 0
    private var correctedAt: Instant?
    /// The first change since the last correction; nil: the object is corrected.
    private var disturbedAt: Instant?

    package init(policy: Policy = Policy()) { self.policy = policy }

    package var isDisturbed: Bool { disturbedAt != nil }

    /// Somebody else has changed the object.
    package mutating func disturb(at now: Instant) {
        guard disturbedAt == nil else { return }
        spent = spent(at: now)
        disturbedAt = now
    }

    /// The object turns out to be as it should be.
    package mutating func settle() { disturbedAt = nil }

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
        correctedAt = now
        disturbedAt = nil
    }

    /// Until when the object counts as contested: others have reverted all free corrections, and it has not stayed
    /// corrected for long enough since. Nil: it does not.
    package func contested(at now: Instant) -> Duration? {
        guard spent(at: now) >= policy.free, let correctedAt else { return nil }
        if disturbedAt != nil { return policy.refill }
        let end = correctedAt.advanced(by: policy.refill * (spent - policy.free + 1))
        return max(now.duration(to: end), .milliseconds(1))
    }

    /// Nothing is left to be remembered.
    package func isFull(at now: Instant) -> Bool { disturbedAt == nil && spent(at: now) == 0 }

    private func spent(at now: Instant) -> Int {
        guard disturbedAt == nil, let correctedAt else { return spent }
        let refilled = Int(correctedAt.duration(to: now) / policy.refill)
        return max(0, spent - max(0, refilled))
    }
}
