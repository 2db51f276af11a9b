package import Distribution
package import Planning
import Scheduling
import Stores

/// How the distributions fare, and what of it has been written to their statuses. A value.
package struct StatusBook: Sendable {
    /// How each distribution fared when it was last reconciled.
    package private(set) var outcomes: [ObjectKey: DistributionStatus] = [:]
    /// By distribution: the status that is to be written.
    private(set) var pending: [ObjectKey: PendingStatus] = [:]
    /// By distribution: the status that was written last.
    private(set) var written: [ObjectKey: StatusThrottle] = [:]
    /// What the resource definition keeps of a status.
    var definition = DefinitionTraits.current

    /// Takes down how a distribution fared.
    ///
    /// - Parameter isBeingWritten: a status of it is being written: what is stored is not what will be there.
    /// - Returns: whether a status is to be written.
    mutating func report(
        _ status: DistributionStatus, on distribution: SecretsDistribution, isBeingWritten: Bool
    ) -> Bool {
        let key = distribution.key
        let next = PendingStatus(status, on: distribution, outcomes[key], after: pending[key])
        outcomes[key] = status
        let isToWrite =
            next.isNews || isBeingWritten || next.status.update(of: distribution, on: definition, now: "") != nil
        pending[key] = isToWrite ? next : nil
        return isToWrite
    }

    /// Takes down how a distribution fared that another agent reports on.
    mutating func leaveToOthers(_ status: DistributionStatus, on distribution: ObjectKey) {
        pending[distribution] = nil
        outcomes[distribution] = status
    }

    /// Whether `status` says something else than the last one.
    func isNew(_ status: DistributionStatus, of distribution: ObjectKey) -> Bool {
        outcomes[distribution]?.reason != status.reason || outcomes[distribution]?.message != status.message
    }

    /// Whether the event about a distribution is only our own status, coming back. It must not cut the wait for the next
    /// retry short: a server that alternates between two errors would get requests without a pause.
    func isOwn(_ new: SecretsDistribution, after known: SecretsDistribution) -> Bool {
        var amended = known
        amended.resourceVersion = new.resourceVersion
        amended.generation = new.generation
        amended.status = new.status
        guard amended == new, new.resourceVersion == known.resourceVersion || new.status != known.status,
            var outcome = outcomes[new.key]
        else { return false }
        outcome.contentChanged = false
        return outcome.update(of: new, on: definition, now: "") == nil
    }

    mutating func forget(_ distribution: ObjectKey) {
        outcomes[distribution] = nil
        pending[distribution] = nil
        written[distribution] = nil
    }

    /// What was written is lost, or was written to another object: the next status is no repetition.
    mutating func forgetWritten(_ distribution: ObjectKey) { written[distribution] = nil }

    mutating func dropPending() { pending = [:] }

    mutating func giveBackRoom() { pending.giveBackRoom() }
}

// MARK: Writing

extension StatusBook {
    /// There is nothing to write any more.
    mutating func drop(_ distribution: ObjectKey) { pending[distribution] = nil }

    mutating func announced(_ distribution: ObjectKey) { pending[distribution]?.isAnnounced = true }

    /// How long to wait before the status may be written; nil: not at all.
    func wait(before next: PendingStatus, on distribution: SecretsDistribution) -> Duration? {
        let last = written[distribution.key]
        return StatusThrottle(next.status, on: distribution, definition, after: last).wait(after: last)
    }

    /// A status was written.
    ///
    /// - Parameter isSame: the distribution has not been recreated meanwhile.
    mutating func wrote(
        _ next: PendingStatus, on distribution: SecretsDistribution, _ traits: DefinitionTraits, isSame: Bool
    ) {
        let key = distribution.key
        if isSame {
            written[key] = StatusThrottle(next.status, on: distribution, definition, after: written[key])
        }
        definition = traits
        // Unless there is something else to say by now, or the same of another generation.
        if let now = pending[key], now.status == next.status,
            now.distribution.generation == next.distribution.generation
        {
            pending[key] = nil
        }
    }

    /// A write of `stored` got no response.
    mutating func lostResponse(_ next: PendingStatus, _ stored: StoredStatus, on distribution: ObjectKey) {
        if pending[distribution]?.status == next.status { pending[distribution]?.unanswered = stored }
    }
}
