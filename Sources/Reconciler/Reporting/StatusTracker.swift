package import Distribution
package import Planning
import Scheduling
import Stores

/// The results of reconciling the distributions, and the state of writing their statuses. A value.
package struct StatusTracker: Sendable {
    /// By distribution: the result of the last reconciliation.
    package private(set) var outcomes: [ObjectKey: DistributionStatus] = [:]
    /// By distribution: the status that must be written.
    private(set) var pending: [ObjectKey: PendingStatus] = [:]
    /// By distribution: the status that was written last.
    private(set) var written: [ObjectKey: StatusThrottle] = [:]
    /// How the resource definition treats a status.
    var definition = DefinitionTraits.current

    /// Records the result for a distribution.
    ///
    /// - Parameter isBeingWritten: whether a status of the distribution is being written, so that the stored status is
    ///   about to change.
    /// - Returns: whether a status must be written.
    mutating func report(
        _ status: DistributionStatus, on distribution: SecretsDistribution, isBeingWritten: Bool
    ) -> Bool {
        let key = distribution.key
        let next = PendingStatus(status, on: distribution, outcomes[key], after: pending[key])
        outcomes[key] = status
        let isToWrite =
            next.isNew || isBeingWritten
            || next.status.update(of: distribution, on: definition(for: distribution), now: "") != nil
        pending[key] = isToWrite ? next : nil
        return isToWrite
    }

    /// Whether a distribution may have been edited since its last status. Without a status subresource, each status raises
    /// the generation too.
    func mayBeEdited(_ distribution: SecretsDistribution) -> Bool {
        guard definition(for: distribution).hasStatusSubresource, let seen = distribution.status.observedGeneration
        else { return false }
        return seen != distribution.generation
    }

    /// Records the result for a distribution that another agent reports on.
    mutating func leaveToOthers(_ status: DistributionStatus, on distribution: ObjectKey) {
        pending[distribution] = nil
        outcomes[distribution] = status
    }

    /// Whether `status` differs from the last one in reason or message.
    func isNew(_ status: DistributionStatus, of distribution: ObjectKey) -> Bool {
        outcomes[distribution]?.reason != status.reason || outcomes[distribution]?.message != status.message
    }

    /// Whether an event about a distribution only returns our own status. Such an event must not shorten the wait
    /// before a retry: a server that alternates between two errors would get requests without a pause.
    func isOwn(_ new: SecretsDistribution, after known: SecretsDistribution) -> Bool {
        var amended = known
        amended.resourceVersion = new.resourceVersion
        amended.generation = new.generation
        amended.status = new.status
        guard amended == new, new.resourceVersion == known.resourceVersion || new.status != known.status,
            var outcome = outcomes[new.key]
        else { return false }
        outcome.contentChanged = false
        return outcome.update(of: new, on: definition(for: new), now: "") == nil
    }

    mutating func forget(_ distribution: ObjectKey) {
        outcomes[distribution] = nil
        pending[distribution] = nil
        written[distribution] = nil
    }

    /// Forgets the status that was written last, because it was lost or belongs to another object. The next status is
    /// then not a repetition.
    mutating func forgetWritten(_ distribution: ObjectKey) { written[distribution] = nil }

    mutating func dropPending() { pending = [:] }

    mutating func releaseUnusedCapacity() { pending.releaseUnusedCapacity() }
}

// MARK: Writing

extension StatusTracker {
    /// Removes the pending status.
    mutating func drop(_ distribution: ObjectKey) { pending[distribution] = nil }

    mutating func announced(_ distribution: ObjectKey) { pending[distribution]?.isAnnounced = true }

    /// How long to wait before the status may be written; nil if it may be written now.
    func wait(before next: PendingStatus, on distribution: SecretsDistribution, at now: ContinuousClock.Instant)
        -> Duration?
    {
        let last = written[distribution.key]
        let definition = definition(for: distribution)
        return StatusThrottle(next.status, on: distribution, definition, after: last, at: now).wait(after: last)
    }

    /// How long until the next status of a distribution, if there must be `pause` between two; nil if it may be written
    /// now.
    func wait(_ pause: Duration, after distribution: ObjectKey, at now: ContinuousClock.Instant) -> Duration? {
        guard let last = written[distribution] else { return nil }
        let elapsed = last.at.duration(to: now)
        return elapsed < pause ? pause - elapsed : nil
    }

    /// How the resource definition treats a status. That of cluster distributions has no older version.
    func definition(for distribution: SecretsDistribution) -> DefinitionTraits {
        distribution.isCluster ? .current : definition
    }

    /// Records that a status was written.
    ///
    /// - Parameter isSame: false if the distribution has been recreated or deleted in the meantime.
    mutating func recordWrite(
        _ next: PendingStatus, on distribution: SecretsDistribution, _ traits: DefinitionTraits, isSame: Bool,
        at now: ContinuousClock.Instant
    ) {
        let key = distribution.key
        if isSame {
            written[key] = StatusThrottle(
                next.status, on: distribution, definition(for: distribution), after: written[key], at: now)
        }
        if !distribution.isCluster { definition = traits }
        // Keep a pending status that is new, or that is about another generation.
        if let newest = pending[key], newest.status == next.status,
            newest.distribution.generation == next.distribution.generation
        {
            pending[key] = nil
        }
    }

    /// Records that the write of `stored` got no response.
    mutating func lostResponse(_ next: PendingStatus, _ stored: StoredStatus, on distribution: ObjectKey) {
        if pending[distribution]?.status == next.status { pending[distribution]?.unanswered = stored }
    }
}
