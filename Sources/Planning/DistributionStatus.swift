package import Distribution

/// What a reconcile found out about a distribution, to be written to its `status` if it says something new.
package struct DistributionStatus: Sendable, Equatable {
    package var reason: Reason
    /// Some sentences, as `Refusal.bounded` leaves them.
    package var message: String { didSet { message = Refusal.bounded(message) } }
    /// Generation that the target's content came from; nil keeps what the status says.
    package var mountGeneration: String?
    /// The target's content was written by this pass.
    package var contentChanged: Bool

    package init(reason: Reason, message: String, mountGeneration: String? = nil, contentChanged: Bool = false) {
        self.reason = reason
        self.message = Refusal.bounded(message)
        self.mountGeneration = mountGeneration
        self.contentChanged = contentChanged
    }

    package init(_ refusal: Refusal) { self.init(reason: refusal.reason, message: refusal.message) }

    /// The whole new status, or nil if `distribution` already has it.
    ///
    /// - Parameter now: RFC 3339.
    package func update(
        of distribution: SecretsDistribution, on definition: DefinitionTraits = .current, now: String
    ) -> StoredStatus? {
        let stored = distribution.status
        let generation = distribution.generation > 0 ? distribution.generation : nil
        let ready = reason == .synced ? "True" : "False"
        var next = stored
        next.statusText = message
        next.mountGeneration = mountGeneration ?? stored.mountGeneration
        next.observedGeneration = generation
        next.ready = Condition(
            type: Condition.ready, status: ready, reason: reason.rawValue, message: message,
            lastTransitionTime: stored.ready?.status == ready ? stored.ready?.lastTransitionTime ?? now : now,
            observedGeneration: generation)
        // A pass that ended between the write of the target and that of the status left an older generation here.
        let missedUpdate = stored.ready != nil && next.mountGeneration != stored.mountGeneration
        if contentChanged || missedUpdate { next.lastUpdated = now }

        return next.isSame(as: stored, on: definition) ? nil : next
    }
}

/// How the installed resource definition treats `status`; learned from the server's answers.
package struct DefinitionTraits: Sendable, Equatable {
    /// `status` is a subresource. If not, it is written to the resource itself, which raises `metadata.generation`:
    /// a status that differs in `observedGeneration` alone is then not written, or each write would call for the next.
    package var hasStatusSubresource: Bool
    /// The server keeps `status.conditions`. The older definition drops all but text and time: they decide alone.
    package var keepsConditions: Bool

    package init(hasStatusSubresource: Bool, keepsConditions: Bool) {
        self.hasStatusSubresource = hasStatusSubresource
        self.keepsConditions = keepsConditions
    }

    package static let current = DefinitionTraits(hasStatusSubresource: true, keepsConditions: true)
}

extension StoredStatus {
    fileprivate func isSame(as other: StoredStatus, on definition: DefinitionTraits) -> Bool {
        guard definition.keepsConditions else {
            return statusText == other.statusText && lastUpdated == other.lastUpdated
        }
        return definition.hasStatusSubresource ? self == other : withoutGeneration == other.withoutGeneration
    }

    private var withoutGeneration: StoredStatus {
        var copy = self
        copy.observedGeneration = nil
        for index in copy.conditions.indices { copy.conditions[index].observedGeneration = nil }
        return copy
    }
}

extension DistributionStatus {
    /// Whether it is worth an event: new content, a recovery, or a failure that is not told yet. An agent that has just
    /// begun finds in the stored status what was told before.
    ///
    /// - Parameters:
    ///   - stored: what the resource says.
    ///   - last: what this agent found when it last looked; nil if it has not.
    package func isNews(after stored: StoredStatus, _ last: DistributionStatus?) -> Bool {
        if contentChanged { return true }
        guard reason == .synced else { return !isTold(by: stored) && !isSame(as: last) }
        let before = stored.ready?.reason ?? last?.reason.rawValue ?? reason.rawValue
        return before != reason.rawValue && last?.reason != reason
    }

    private func isTold(by stored: StoredStatus) -> Bool {
        // The older resource definition drops the conditions.
        guard let ready = stored.ready else { return stored.statusText == message }
        return ready.reason == reason.rawValue && ready.message == message
    }

    private func isSame(as other: DistributionStatus?) -> Bool {
        reason == other?.reason && message == other?.message
    }
}
