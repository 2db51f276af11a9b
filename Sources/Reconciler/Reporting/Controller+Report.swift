import Distribution
import Observability
import Planning
import Stores

/// Reports the result for a distribution: in its status, in the log, and for the output of a single pass.
extension Controller {
    /// Records the result for a distribution, logs it if it changed, and queues the status if it must be written.
    ///
    /// - Parameters:
    ///   - planned: the distribution when reconciling began. If it was edited since, nothing is reported: the result is
    ///     not about the new version, whose key is queued again.
    ///   - isOwnKey: the caller processes the status's key and writes the status next. Queuing that key again would
    ///     skip the wait before its retry.
    func report(_ status: DistributionStatus, on planned: SecretsDistribution, isOwnKey: Bool = false) {
        let key = planned.key
        guard let distribution = cache.index.current(planned), distribution.hasSameSpec(as: planned) else { return }
        log(status, of: planned)
        if planned.isCluster, planned.targetNamespace != nil {
            guard distribution.target == planned.target else { return }
            clusterTargets.record(status, on: planned, at: now)
            if status.reason == .synced { enqueue(statusRecords.unblock(by: planned.claim)) }
            if clusterTargets.isPending(key) { enqueue(.status(key)) }
            return
        }
        let isToWrite = statuses.report(
            status, on: distribution, isBeingWritten: !isOwnKey && worker.isRunning(.status(key)))
        if status.reason == .synced { enqueue(statusRecords.unblock(by: planned.claim)) }
        if isToWrite, !isOwnKey { enqueue(.status(key)) }
    }

    /// Reports the result for a cluster distribution, which the results for its targets determine.
    ///
    /// - Returns: how long its status must wait after the last one, see `clusterStatusPause`; nil if it may be written now.
    func summarize(_ key: ObjectKey) -> Duration? {
        guard let distribution = cache.index[key], isOurs(distribution) else {
            clusterTargets.forget(key)
            return nil
        }
        // The last of these targets queues the status again.
        if clusterTargets.isAboutToChange(key, at: now, settings.clusterStatusPause) { return nil }
        if let wait = statuses.wait(settings.clusterStatusPause, after: key, at: now) { return wait }
        guard let status = summary(of: distribution) else { return nil }
        report(status, on: distribution, isOwnKey: true)
        return nil
    }

    /// - Returns: nil while it is not known.
    private func summary(of distribution: SecretsDistribution) -> DistributionStatus? {
        let key = distribution.key
        let namespaces = cache.index.namespaces(of: key)
        if let refusal = distribution.refusal {
            var status = DistributionStatus(refusal)
            status.targets = TargetCounts(all: namespaces.count, inSync: 0)
            return status
        }
        if let problem = cache.unknownNamespaces {
            // The first list takes a moment.
            guard cache.areNamespacesMissing else { return nil }
            return DistributionStatus(reason: .writeFailed, message: "Nothing is written: \(problem).")
        }
        var sentences: [String] = []
        if let failure = cache.namespacesFailure {
            sentences.append("Changes of namespaces are noticed late: \(failure.description).")
        }
        if let (count, namespace, sentence) = statusRecords.audits(of: key) {
            let nouns = count == 1 ? "namespace" : "namespaces"
            sentences.append("The access policy would deny files to \(count) \(nouns). In \(namespace): \(sentence)")
        }
        if let (count, (target, sentence)) = statusRecords.leftovers(of: key) {
            let more = count > 1 ? " The same holds for \(count - 1) more." : ""
            sentences.append("In \(target.namespace): \(sentence)\(more)")
        }
        var status = clusterTargets.status(of: distribution, in: namespaces, sentences)
        if status?.reason == .synced { status?.sources = vaultSources(of: distribution) }
        return status
    }

    /// The versions of the vault's objects that a distribution in sync holds; nil if they are not known.
    func vaultSources(of distribution: SecretsDistribution) -> [SourceVersion]? {
        let stored = cache.index[distribution.key]?.status.sources ?? []
        return cache.versions?.sources(of: files(of: distribution.spec), keeping: stored)
    }

    /// The last reason for a distribution, or for one target of a cluster distribution.
    func lastReason(of distribution: SecretsDistribution) -> Reason? {
        distribution.isCluster && distribution.targetNamespace != nil
            ? clusterTargets[distribution.claim]?.reason : statuses.outcomes[distribution.key]?.reason
    }

    /// Writes the pending status of a distribution, and records an Event.
    func writeStatus(_ key: ObjectKey) async throws(StoreError) -> Outcome {
        guard statuses.pending[key] != nil else {
            targetRecords.uncertain.remove(.status(key))
            return .done
        }
        if targetRecords.uncertain.remove(.status(key)) != nil, try await isWritten(key) {
            statuses.drop(key)
            return .done
        }
        switch nextStatus(of: key) {
        case .outcome(let outcome): return outcome
        case .write(let pending, let next, let distribution): try await write(next, pending, to: distribution)
        }
        return .done
    }

    private enum StatusStep {
        /// There is nothing to write, or not yet.
        case outcome(Outcome)
        indirect case write(PendingStatus, StoredStatus, to: SecretsDistribution)
    }

    @inline(never)
    private func nextStatus(of key: ObjectKey) -> StatusStep {
        // A new status may have been reported while the distribution was read.
        guard let pending = statuses.pending[key] else { return .outcome(.done) }
        guard let distribution = cache.index[key], isOurs(distribution),
            distribution.hasSameSpec(as: pending.distribution)
        else {
            statuses.drop(key)
            return .outcome(.done)
        }
        if !pending.isAnnounced {
            statuses.announced(key)
            dependencies.events?.record(
                pending.status, of: distribution, after: pending.last,
                keys: distribution.target.flatMap { cache.targets[$0]?.digests.count } ?? 0)
        }
        let definition = statuses.definition(for: distribution)
        guard let next = pending.status.update(of: distribution, on: definition, now: Timestamp.now().rfc3339)
        else {
            statuses.drop(key)
            return .outcome(.done)
        }
        if let wait = statuses.wait(before: pending, on: distribution, at: now) { return .outcome(.again(after: wait)) }
        return .write(pending, next, to: distribution)
    }

    private func write(
        _ next: StoredStatus, _ pending: PendingStatus, to distribution: SecretsDistribution
    ) async throws(StoreError) {
        do throws(StoreError) {
            let (stored, traits) = try await distributions.write(
                next, to: distribution, on: statuses.definition(for: distribution))
            recordWrite(of: pending, to: distribution, stored, traits)
        } catch {
            statusFailed(pending, next, distribution.key, error)
            throw error
        }
    }

    @inline(never)
    private func recordWrite(
        of pending: PendingStatus, to distribution: SecretsDistribution, _ stored: SecretsDistribution,
        _ traits: DefinitionTraits
    ) {
        // The distribution may have been recreated or deleted in the meantime.
        let isSame = cache.index[distribution.key]?.uid == distribution.uid
        statuses.recordWrite(pending, on: distribution, traits, isSame: isSame, at: now)
        storeResponse(stored, after: distribution)
    }

    @inline(never)
    private func statusFailed(_ pending: PendingStatus, _ next: StoredStatus, _ key: ObjectKey, _ error: StoreError) {
        if case .unknownOutcome = error { statuses.lostResponse(pending, next, on: key) }
        // If the distribution was deleted or changed, its event arrives later or was missed: retry without a log line.
        guard !error.isRetried else { return }
        logger.warning(
            "status cannot be written",
            ["distribution": .string(key.description), "error": .string(error.description)])
        dependencies.reportFault("\(key): its status cannot be written: \(error.description)")
    }

    /// Whether a write of a status that got no response succeeded. If it did, its `lastUpdated` is kept; a second write
    /// would change it.
    private func isWritten(_ key: ObjectKey) async throws(StoreError) -> Bool {
        do throws(StoreError) {
            guard let current = try await distributions.current(key) else { return false }
            storeResponse(current, after: nil)
            guard let unanswered = statuses.pending[key]?.unanswered else { return false }
            return current.status.statusText == unanswered.statusText
                && current.status.lastUpdated == unanswered.lastUpdated
        } catch {
            targetRecords.uncertain.insert(.status(key))
            throw error
        }
    }

    /// Handles a target whose content is newer than our mount's.
    ///
    /// At first only the agent that wrote the content reports on it, so that the two do not overwrite each other's
    /// status. The mount's next generation triggers another comparison. If the target is still newer after
    /// `staleMountGrace`, maybe no agent maintains it (the mount was reset, or a clock was ahead), and the status
    /// reports it.
    ///
    /// - Parameter refusal: why our mount gives no valid target; nil if it does.
    func waitForMount(
        _ target: ObjectKey, _ distribution: SecretsDistribution, _ refusal: Refusal?,
        since: ContinuousClock.Instant
    ) -> Outcome {
        targetRecords.ahead[target] = since
        let behind =
            "Secret \(target.name) was written from generation \(cache.targets[target]?.mountGeneration ?? "");"
            + " the mount here holds an older one, \(cache.mount.snapshot?.generation ?? "")."
        let status = DistributionStatus(
            reason: refusal?.reason ?? .writeFailed,
            message: (refusal.map { [$0.message, behind] } ?? [behind]).joined(separator: " "))
        let left = now.duration(to: since + settings.staleMountGrace)
        guard left > .zero else {
            report(status, on: distribution)
            return targetRecords.requestWait(target, at: now).map { .again(after: $0) } ?? .done
        }
        log(status, of: distribution)
        // The status of a cluster distribution keeps the last result.
        if !distribution.isCluster { statuses.leaveToOthers(status, on: distribution.key) }
        return .again(after: min(left, targetRecords.requestWait(target, at: now) ?? left))
    }

    /// Additional sentences for the status of a distribution in sync. For a cluster distribution, only those that are
    /// the same for all its targets.
    func remarks(on distribution: SecretsDistribution) -> [String] {
        var sentences = distribution.isCluster ? [] : statusRecords.sentences(on: distribution.claim)
        if let loss = cache.mount.loss(of: files(of: distribution.spec).map(\.text)) {
            sentences.append("No more rotations arrive: \(loss).")
        }
        if distribution.isCluster { return sentences }
        if let error = cache.watchFailure(in: distribution.targetNamespace ?? "") {
            sentences.append("Changes by other writers are noticed late: \(error.description).")
        }
        return sentences
    }

    private func log(_ status: DistributionStatus, of distribution: SecretsDistribution) {
        let (key, target) = (distribution.key, distribution.target)
        let isOfOneTarget = distribution.isCluster && distribution.targetNamespace != nil
        let isNew =
            isOfOneTarget
            ? clusterTargets[distribution.claim].map { $0.reason != status.reason || $0.message != status.message }
            : statuses.isNew(status, of: key)
        guard isNew ?? true else { return }
        if isOfOneTarget {
            // An error of the distribution itself is logged once.
            guard status.reason != .synced, distribution.refusal == nil else { return }
            logger.warning(
                "target held back",
                [
                    "distribution": .string(key.description), "secret": .string(target?.description ?? ""),
                    "reason": .string(status.reason.rawValue), "detail": .string(status.message),
                ])
        } else if distribution.isCluster, status.targets != nil, distribution.refusal == nil {
            // It only repeats what was logged about the targets.
            return
        } else if status.reason == .synced {
            // In a dry run nothing was written.
            guard !settings.dryRun else { return }
            logger.debug(
                "distribution synced",
                ["distribution": .string(key.description), "detail": .string(status.message)])
        } else {
            logger.warning(
                "distribution held back",
                [
                    "distribution": .string(key.description), "reason": .string(status.reason.rawValue),
                    "detail": .string(status.message),
                ])
        }
    }
}

extension SecretsDistribution {
    /// Whether a result for `other` is valid for this distribution too.
    fileprivate func hasSameSpec(as other: SecretsDistribution) -> Bool {
        uid == other.uid && spec == other.spec && selection == other.selection && problems == other.problems
            && assignedTo == other.assignedTo
    }
}
