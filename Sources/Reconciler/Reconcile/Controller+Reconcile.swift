import Distribution
import Observability
import Planning
import Scheduling
import Snapshots
import Stores

/// Reconciles one key: compares the desired target with the observed one and writes the difference. `Store` reads and
/// writes Secrets; `Report` records the result; `Prune` handles targets that no distribution describes.
///
/// The frame of an async function is on the heap, for each key in flight, and Swift puts the variables of everything into
/// it that is inlined. So synchronous steps that have large variables are marked `@inline(never)`; before that, the frame
/// of `planAndWrite` alone took 28 KiB, and takes less than 10 now.
extension Controller {
    /// Reconciles a key. This is the only place that maps an error to a retry or a requeue.
    ///
    /// - Returns: when the key must be processed again.
    func reconcile(_ item: WorkItem) async -> Outcome {
        do throws(StoreError) {
            switch item {
            case .status(let key): return try await reconcileStatus(of: key)
            case .target(let key): return try await reconcileTarget(key)
            }
        } catch {
            switch error {
            case .changed, .unlistable, .unreachable: return .retry()
            case .unavailable(_, let retryAfter): return .retry(notBefore: retryAfter ?? .zero)
            case .unknownOutcome(_, let retryAfter):
                targetRecords.uncertain.insert(item)
                return .retry(notBefore: retryAfter ?? .zero)
            case .forbidden, .rejected, .cannotReplace: return requeueLater
            }
        }
    }

    /// Compares again after a minute, because some changes cause no event: those of a role, and of Secrets without our
    /// label.
    var requeueLater: Outcome { .again(after: .seconds(60)) }

    private func reconcileStatus(of key: ObjectKey) async throws(StoreError) -> Outcome {
        if key.namespace.isEmpty {
            if let wait = summarize(key) { return .again(after: wait) }
        } else if let distribution = cache.index.distributions[key], isOurs(distribution),
            let refusal = conflict(of: distribution)
        {
            report(DistributionStatus(refusal), on: distribution, isOwnKey: true)
        }
        return try await writeStatus(key)
    }

    /// Why one of our distributions has no target of its own; nil if it has one.
    private func conflict(of distribution: SecretsDistribution) -> Refusal? {
        guard let target = distribution.target else { return distribution.refusal }
        guard let winner = cache.index.winner(of: target), winner.key != distribution.key else { return nil }
        return .conflict(of: distribution, with: winner)
    }

    /// Records for each cluster distribution that another one takes precedence for this target.
    private func reportConflicts(over key: ObjectKey, with winner: SecretsDistribution?) {
        guard let winner, !cache.index.clusterDistributions.isEmpty else { return }
        for loser in cache.index.clusterContenders(for: key) where loser.key != winner.key {
            report(DistributionStatus(loser.refusal ?? .conflict(of: loser, with: winner)), on: loser)
        }
    }

    private func reconcileTarget(_ key: ObjectKey) async throws(StoreError) -> Outcome {
        let winner = cache.index.winner(of: key)
        if targetRecords.replaceWinner(of: key, by: cache.index.isContested(key) ? winner?.key : nil) {
            // Each loser reports the winner with its own key, because a tenant can create thousands of them.
            enqueue(cache.index.contenders(for: key).filter { $0 != winner?.key }.map(WorkItem.status))
        }
        reportConflicts(over: key, with: winner)
        guard cache.index.isDescribed(key) else {
            forgetUnclaimed(key)
            drift.forgetUnclaimed(key)
            return try await prune(key)
        }
        enqueueOwners(statusRecords.forgetLeftover(key))
        guard let winner else {
            forgetUnclaimed(key)
            drift.forget(key)
            return .done
        }
        guard winner.isCluster else { return try await sync(key, for: winner) }
        clusterTargets.begin(winner.key)
        defer {
            clusterTargets.end(winner.key)
            if clusterTargets.isPending(winner.key) { enqueue(.status(winner.key)) }
        }
        return try await sync(key, for: winner)
    }

    /// Forgets the state of a target that no distribution of ours describes.
    private func forgetUnclaimed(_ key: ObjectKey) {
        targetRecords.forgetUnclaimed(key)
        keyPairs.forget(key)
        recordResult(.unchanged, of: key, seeing: rotations.count)
    }

    private func sync(
        _ key: ObjectKey, for distribution: SecretsDistribution
    ) async throws(StoreError) -> Outcome {
        // Change no state until the policy was evaluated.
        guard hasVerdict(on: distribution) else { return .held }
        let aheadSince = targetRecords.ahead.removeValue(forKey: key)
        let hadForeignChange = drift.hasForeignChange(key)
        var seen = rotations.count
        let comparison: Comparison
        do throws(StoreError) {
            if let denied = await deny(key, distribution) {
                comparison = denied
            } else {
                comparison = try await compare(key, distribution, &seen)
            }
        } catch {
            if !error.isRetried { recordResult(.heldBack, of: key, seeing: seen) }
            report(DistributionStatus(error.refusal), on: distribution)
            throw error
        }
        switch comparison {
        case .unevaluated:
            targetRecords.ahead[key] = aheadSince
            return .held
        case .behind(let refusal):
            recordResult(.heldBack, of: key, seeing: seen)
            return waitForMount(key, distribution, refusal, since: aheadSince ?? now)
        case .denied(let status, let error, let again):
            recordResult(.heldBack, of: key, seeing: seen)
            report(status, on: distribution)
            if let error { throw error }
            return again.map { .again(after: $0) } ?? .done
        case .status(var status, let again):
            status.isRotation =
                rotations.isOwed(key, seeing: seen) && !hadForeignChange && !statuses.mayBeEdited(distribution)
            recordResult(status.rotationResult, of: key, seeing: seen)
            report(cache.replacingStale(status, of: key), on: distribution)
            if let again = [again, targetRecords.requestWait(key, at: now)].compactMap({ $0 }).min() {
                return .again(after: again)
            }
            return status.reason == .notManaged ? requeueLater : .done
        }
    }

    /// The result of comparing a target with the desired one.
    enum Comparison {
        /// The status of the distribution, and when to compare again even if nothing changes; nil if that is not
        /// needed.
        case status(DistributionStatus, again: Duration? = nil)
        /// The target's content is newer than the mount's, so another agent maintains it. The refusal says why our
        /// mount gives no valid target.
        case behind(Refusal? = nil)
        /// The policy must be evaluated first.
        case unevaluated
        /// The policy denies it, with the error that prevented the removal of the target, or when to compare again.
        case denied(DistributionStatus, StoreError?, again: Duration?)
    }

    /// The delay before the target is read after a write of unknown outcome, while its key is still in flight. Most
    /// connection faults end soon, and then no status reports them.
    private static let lookUpDelay = Backoff(initial: .milliseconds(200), longest: .seconds(5))

    /// Plans the target and writes the difference. If the target has changed since it was observed, reads it and tries
    /// again.
    ///
    /// - Parameter seen: set to the number of the rotation whose content was compared.
    private func compare(
        _ key: ObjectKey, _ distribution: SecretsDistribution, _ seen: inout Int
    ) async throws(StoreError) -> Comparison {
        if let failure = cache.missingTargets(in: key.namespace) { throw failure }
        // Another owner's Secret is not in the cache. Reading it first avoids a create that must fail.
        let wasForeign = lastReason(of: distribution) == .notManaged
        let isRequested = targetRecords.requestWait(key, at: now) == .zero
        if isRequested {
            targetRecords.answerRequest(key, at: now)
            drift.allowOneWrite(key)
        }
        var mayBeWritten = targetRecords.uncertain.remove(.target(key)) != nil
        var actual: ObservedTarget?
        do throws(StoreError) {
            let mustRead = wasForeign || isRequested || mayBeWritten || cache.isUnlisted(key)
            actual = mustRead ? try await read(key) : cache.targets[key]
        } catch {
            if isRequested { targetRecords.renewRequest(key) }
            if mayBeWritten { targetRecords.uncertain.insert(.target(key)) }
            throw error
        }
        var lastChange: StoreError?
        for attempt in 1...3 {
            // The policy and the mount may have changed while the target was read.
            guard hasVerdict(on: distribution) else {
                if mayBeWritten { targetRecords.uncertain.insert(.target(key)) }
                return .unevaluated
            }
            guard isCurrent(distribution) else {
                if mayBeWritten { targetRecords.uncertain.insert(.target(key)) }
                throw .changed("\(distribution.kind) \(distribution.key) changed meanwhile")
            }
            if let refusal = denial(of: distribution) { return .status(DistributionStatus(refusal)) }
            seen = rotations.count
            let desired: DesiredTarget
            do {
                desired = try DesiredTarget(
                    distribution, from: cache.mount.snapshot, managedBy: settings.managedBy, checks: &certificateChecks)
            } catch {
                // If our mount is behind, the newer mount may have what ours lacks. No mount can fix an invalid
                // distribution.
                let isOurs = distribution.refusal != nil || !isAhead(actual)
                return isOurs ? .status(DistributionStatus(error)) : .behind(error)
            }
            do throws(StoreError) {
                return try await planAndWrite(desired, distribution, actual, mayBeWritten: mayBeWritten)
            } catch {
                switch error {
                case .changed: break
                case .unknownOutcome(_, let retryAfter):
                    targetRecords.uncertain.insert(.target(key))
                    mayBeWritten = true
                    logger.debug(
                        "write got no response, the Secret will be read",
                        ["secret": .string(key.description), "error": .string(error.description)])
                    guard (retryAfter ?? .zero) <= Self.lookUpDelay.longest else { throw error }
                    let delay = Self.lookUpDelay.delay(failures: attempt, jitter: .random(in: 0...1))
                    try? await Task.sleep(for: max(delay, retryAfter ?? .zero))
                default: throw error
                }
                lastChange = error
            }
            actual = try await read(key)
            targetRecords.uncertain.remove(.target(key))
        }
        throw lastChange ?? .changed("Secret \(key) keeps changing")
    }

    /// Plans the target and writes the difference.
    ///
    /// - Parameters:
    ///   - actual: the target as it was last read; nil if there is none.
    ///   - mayBeWritten: the response to a write was lost. If the target is in sync, that write succeeded.
    /// - Throws: `.changed` if the target or the cached state changed in the meantime.
    private func planAndWrite(
        _ desired: DesiredTarget, _ distribution: SecretsDistribution, _ actual: ObservedTarget?, mayBeWritten: Bool
    ) async throws(StoreError) -> Comparison {
        var desired = desired
        try await compareGenerated(&desired, distribution, over: actual)
        let newer = newerContent(actual, than: desired, distribution)
        let review = TargetReview(
            of: desired, by: distribution.spec, over: actual, checks: &certificateChecks, now: Timestamp.now())
        var plan: Plan
        switch planned(desired, distribution, over: actual, newer, review) {
        case .plan(let made): plan = made
        case .behind(let refusal): return .behind(refusal)
        }
        if plan.isWrite {
            if let pause = pause(before: desired, actual) { return newer.isNewer ? .behind() : pause }
            guard try await confirm(distribution, of: desired.key) else {
                throw .changed("The state changed meanwhile")
            }
            try await confirmLoss(of: desired, over: actual, distribution)
            if desired.isIncomplete, !settings.dryRun {
                guard try await generate(&desired, for: distribution) else { return .unevaluated }
                guard case .plan(let made) = planned(desired, distribution, over: actual, newer, review) else {
                    return .behind()
                }
                plan = made
            }
        }
        let stored: ObservedTarget
        switch plan {
        case .unchanged: return unchanged(distribution, desired, actual, review, written: mayBeWritten)
        case .refuse(let refusal): return .status(DistributionStatus(refusal))
        case .create(let target):
            stored = try await write(desired.key, desiredHash: desired.fingerprint) { () async throws(StoreError) in
                try await secrets.create(target)
            }
        case .update(let old, let patch):
            stored = try await write(desired.key, desiredHash: desired.fingerprint) { () async throws(StoreError) in
                try await secrets.update(old, patch)
            }
            if newer.isNewer { return .behind() }
        case .recreate(let old, let target):
            stored = try await write(desired.key, desiredHash: desired.fingerprint) { () async throws(StoreError) in
                try await secrets.recreate(old, as: target)
            }
        }
        return written(plan, distribution, desired, stored, review)
    }

    /// The result of a target that needs no write.
    @inline(never)
    private func unchanged(
        _ distribution: SecretsDistribution, _ desired: DesiredTarget, _ actual: ObservedTarget?,
        _ review: TargetReview, written: Bool
    ) -> Comparison {
        drift.recordInSync(desired.key, at: now)
        // If they differ, the target has changed again since it was read.
        if targetRecords.changedByOthers[desired.key] != nil, cache.targets[desired.key] == actual {
            targetRecords.changedByOthers[desired.key] = nil
        }
        if let actual, let result = immutability(of: actual) { return result }
        return synced(distribution, desired, actual, review, written: written)
    }

    /// The result of a target that was written.
    @inline(never)
    private func written(
        _ plan: Plan, _ distribution: SecretsDistribution, _ desired: DesiredTarget, _ stored: ObservedTarget,
        _ review: TargetReview
    ) -> Comparison {
        var isContentWritten = true
        var wasImmutable = false
        if case .update(let old, let patch) = plan {
            isContentWritten = patch.changesContent
            wasImmutable = old.isImmutable
        }
        logGenerated(desired)
        return alteration(desired, stored, wasImmutable: wasImmutable) ?? immutability(of: stored)
            ?? synced(distribution, desired, stored, review, written: isContentWritten)
    }

    @inline(never)
    private func synced(
        _ distribution: SecretsDistribution, _ desired: DesiredTarget, _ actual: ObservedTarget?,
        _ review: TargetReview, written: Bool
    ) -> Comparison {
        targetRecords.expiries[desired.key] = desired.expiry(&certificateChecks)
        let message = desired.summary
        // The status of a cluster distribution has a sentence about all its targets instead.
        let messages = distribution.isCluster ? [] : [message] + generatedSentences(actual)
        let immutability =
            actual?.isImmutable == true ? ["It is immutable: each change of its content deletes and recreates it."] : []
        // What differs by namespace is not told in the one status of a cluster distribution.
        let remarks = (distribution.isCluster ? [] : immutability) + review.warnings + remarks(on: distribution)
        var status = DistributionStatus(
            reason: .synced, message: (messages + remarks).joined(separator: " "),
            mountGeneration: actual?.mountGeneration, contentChanged: written)
        status.eventDetail = written ? desired.generatedDetail : nil
        status.sources = vaultSources(of: distribution)
        guard let contest = drift.contention(of: desired.key, at: now) else { return .status(status) }
        return .status(contested(desired.key, by: contest.manager), again: contest.lasts)
    }
}
