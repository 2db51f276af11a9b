package import Distribution

/// The result of reconciling a distribution. It is written to `status` if it differs from the stored status.
package struct DistributionStatus: Sendable, Equatable {
    package var reason: Reason
    /// One or more sentences, limited by `Refusal.bounded`.
    package var message: String { didSet { message = Refusal.bounded(message) } }
    /// The generation that the target's content came from; nil keeps the stored one.
    package var mountGeneration: String?
    /// Whether this reconciliation wrote the target's content.
    package var contentChanged: Bool
    /// Whether the content changed only because the mount has a new generation.
    package var isRotation = false
    /// What the Event says in addition, as a sentence; nil if nothing.
    package var eventDetail: String?
    /// The versions of the vault's objects; nil keeps the stored ones.
    package var sources: [SourceVersion]?
    /// Only of a cluster distribution.
    package var targets: TargetCounts?
    /// Only of a cluster distribution: the most frequent reason of targets that only an edit can help; nil if there are
    /// none.
    package var stalledTargets: Reason?

    package init(reason: Reason, message: String, mountGeneration: String? = nil, contentChanged: Bool = false) {
        self.reason = reason
        self.message = Refusal.bounded(message)
        self.mountGeneration = mountGeneration
        self.contentChanged = contentChanged
    }

    package init(_ refusal: Refusal) { self.init(reason: refusal.reason, message: refusal.message) }

    /// Why only an edit can help; nil if the agent's retries or a change of the mount can.
    private var stalledReason: Reason? { reason.needsEdit ? reason : stalledTargets }

    /// The complete new status; nil if `distribution` already has it.
    ///
    /// - Parameter now: RFC 3339.
    package func update(
        of distribution: SecretsDistribution, on definition: DefinitionTraits = .current, now: String
    ) -> StoredStatus? {
        let stored = distribution.status
        let generation = distribution.generation > 0 ? distribution.generation : nil
        var next = stored
        next.statusText = message
        next.mountGeneration = mountGeneration ?? stored.mountGeneration
        next.observedGeneration = generation
        next.sources = sources ?? stored.sources
        next.targets = targets ?? (distribution.isCluster ? stored.targets : nil)
        let condition = { (type: String, isTrue: Bool, reason: Reason, last: Condition?) in
            let status = isTrue ? "True" : "False"
            return Condition(
                type: type, status: status, reason: reason.rawValue, message: message,
                lastTransitionTime: last?.status == status ? last?.lastTransitionTime ?? now : now,
                observedGeneration: generation)
        }
        next.ready = condition(Condition.ready, reason == .synced, reason, stored.ready)
        next.stalled = stalledReason.map { condition(Condition.stalled, true, $0, stored.stalled) }
        // If an agent ended between the write of the target and that of the status, the status has an older generation.
        let missedUpdate = stored.ready != nil && next.mountGeneration != stored.mountGeneration
        if contentChanged || missedUpdate { next.lastUpdated = now }

        return next.isSame(as: stored, on: definition) ? nil : next
    }
}

/// How the installed resource definition treats `status`, detected from the server's responses.
package struct DefinitionTraits: Sendable, Equatable {
    /// Whether `status` is a subresource. If not, it is written to the resource itself, which raises
    /// `metadata.generation`. A status that differs only in `observedGeneration` is then not written, because each
    /// write would cause the next.
    package var hasStatusSubresource: Bool
    /// Whether the server keeps `status.conditions`. The older definition keeps only text and time, so only these are
    /// compared.
    package var keepsConditions: Bool

    /// Whether the server keeps `status.sources`, which a definition of an earlier version does not know.
    package var keepsSources: Bool

    package init(hasStatusSubresource: Bool, keepsConditions: Bool, keepsSources: Bool = true) {
        self.hasStatusSubresource = hasStatusSubresource
        self.keepsConditions = keepsConditions
        self.keepsSources = keepsSources
    }

    package static let current = DefinitionTraits(hasStatusSubresource: true, keepsConditions: true)
}

extension StoredStatus {
    fileprivate func isSame(as other: StoredStatus, on definition: DefinitionTraits) -> Bool {
        guard definition.keepsConditions else {
            return statusText == other.statusText && lastUpdated == other.lastUpdated
        }
        var (new, old) = (self, other)
        if !definition.keepsSources { (new.sources, old.sources) = ([], []) }
        return definition.hasStatusSubresource ? new == old : new.withoutGeneration == old.withoutGeneration
    }

    private var withoutGeneration: StoredStatus {
        var copy = self
        copy.observedGeneration = nil
        for index in copy.conditions.indices { copy.conditions[index].observedGeneration = nil }
        return copy
    }
}

extension DistributionStatus {
    /// Whether an Event is recorded: for new content, except by a rotation; a recovery; or a failure that was not reported
    /// yet. After a restart, the stored status shows what was reported before.
    ///
    /// - Parameters:
    ///   - stored: the status of the resource.
    ///   - last: this agent's last result; nil if it has not reconciled the distribution before.
    package func isNew(after stored: StoredStatus, _ last: DistributionStatus?) -> Bool {
        if contentChanged { return !isRotation(after: stored, last) }
        guard reason == .synced else { return !isReported(by: stored) && !isSame(as: last) }
        let before = stored.ready?.reason ?? last?.reason.rawValue ?? reason.rawValue
        return before != reason.rawValue && last?.reason != reason
    }

    /// Whether a rotation, and nothing else, changed the content of a target that was in sync. The status reports that; an
    /// Event for each target would cost the API server half as much again as the Secrets. A cluster distribution has one
    /// Event for all its targets.
    private func isRotation(after stored: StoredStatus, _ last: DistributionStatus?) -> Bool {
        isRotation && reason == .synced && targets == nil && eventDetail == nil
            && (stored.ready?.reason ?? last?.reason.rawValue) == reason.rawValue
    }

    private func isReported(by stored: StoredStatus) -> Bool {
        // The older resource definition drops the conditions.
        guard let ready = stored.ready else { return stored.statusText == message }
        return ready.reason == reason.rawValue && ready.message == message
    }

    private func isSame(as other: DistributionStatus?) -> Bool {
        reason == other?.reason && message == other?.message
    }
}
