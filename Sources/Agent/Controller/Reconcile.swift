import Distribution
import Observability
import Scheduling

/// The work for one key: compare what should be with what is, and write the difference. How it went is told by `report`,
/// what becomes of a target that nobody describes by `prune` (their own files).
extension Controller {
    typealias Outcome = WorkQueue<WorkItem, ContinuousClock.Instant>.Outcome

    func reconcile(_ item: WorkItem) async -> Outcome {
        switch item {
        case .status(let key):
            if let distribution = index.distributions[key], distribution.target == nil, isOurs(distribution),
                let refusal = distribution.refusal
            {
                report(DistributionStatus(refusal), on: distribution, isOwnTurn: true)
            }
            return await say(key)
        case .target(let key):
            let claimants = index.claimants(of: key).filter { !$0.isBeingDeleted }
            guard !claimants.isEmpty else {
                leave(key)
                return await prune(key)
            }
            forgetLeftover(key)
            let ours = claimants.filter(isOurs)
            guard let winner = ours.first else {
                leave(key)
                return .done
            }
            for loser in ours.dropFirst() {
                let refusal = Refusal(
                    .targetConflict,
                    "Secret \(key.name) belongs to SecretsDistribution \(winner.key.name), which is older; expected a"
                        + " spec.name of its own.")
                report(DistributionStatus(refusal), on: loser)
            }
            return await sync(key, for: winner)
        }
    }

    /// No distribution of ours describes it.
    private func leave(_ key: ObjectKey) {
        expiries[key] = nil
        forced.remove(key)
        settle(key, .unchanged, seeing: rotations.count)
    }

    func isOurs(_ distribution: SecretsDistribution) -> Bool {
        distribution.belongs(to: settings.managedBy, onlyAssigned: settings.onlyAssigned)
            && !distribution.isBeingDeleted
    }

    /// How soon to look again at what no event tells of: a role that changes, another owner's Secret that goes away.
    var secondLook: Outcome { .again(after: .seconds(60)) }

    private func sync(_ key: ObjectKey, for distribution: SecretsDistribution) async -> Outcome {
        let aheadSince = ahead.removeValue(forKey: key)
        var seen = rotations.count
        if let outcome = await deny(key, distribution) {
            settle(key, .heldBack, seeing: seen)
            return outcome
        }
        do throws(StoreError) {
            let status = try await bringInLine(key, distribution, &seen)
            settle(key, status?.rotationResult ?? .heldBack, seeing: seen)
            guard let status else {
                waitForMount(key, distribution, since: aheadSince ?? .now)
                return .done
            }
            report(status, on: distribution)
            return status.reason == .notManaged ? secondLook : .done
        } catch {
            if !error.isRetried { settle(key, .heldBack, seeing: seen) }
            report(DistributionStatus(error.refusal), on: distribution)
            return outcome(of: error, for: .target(key))
        }
    }

    /// Plans and applies; looks again when the target was not as it was observed.
    ///
    /// - Parameter seen: becomes the number of the rotation whose content was compared.
    /// - Returns: nil if the target's content is newer than the mount's, so that it is another agent's to keep.
    private func bringInLine(
        _ key: ObjectKey, _ distribution: SecretsDistribution, _ seen: inout Int
    ) async throws(StoreError) -> DistributionStatus? {
        if let failure = missingTargets(in: key.namespace) { throw failure }
        // Another owner's Secret is not in the cache; asking first spares the server a create that must fail.
        let wasForeign = outcomes[distribution.key]?.reason == .notManaged
        let isForced = forced.remove(key) != nil
        var mayBeWritten = uncertain.remove(.target(key)) != nil
        var actual: ObservedTarget?
        do throws(StoreError) {
            actual = wasForeign || isForced || mayBeWritten ? try await lookAgain(key) : observed[key]
        } catch {
            if isForced { forced.insert(key) }
            if mayBeWritten { uncertain.insert(.target(key)) }
            throw error
        }
        var lastChange: StoreError?
        for attempt in 1...3 {
            // Policy and mount may have changed while the target was looked at.
            if let refusal = access.refusal(of: distribution) { return DistributionStatus(refusal) }
            seen = rotations.count
            let desired: DesiredTarget
            do {
                desired = try DesiredTarget(distribution, from: snapshot, managedBy: settings.managedBy)
            } catch {
                // What a mount that is behind lacks, the newer one may have; the distribution itself no mount can mend.
                return distribution.refusal == nil && isAhead(actual) ? nil : DistributionStatus(error)
            }
            let review = TargetReview(
                of: desired, by: distribution.spec, over: actual, pairs: &pairs, now: Timestamp.now())
            do throws(StoreError) {
                switch Plan(desired: desired, observed: actual, managedBy: settings.managedBy, held: review.refusal) {
                case .unchanged: return synced(distribution, desired, actual, review, written: mayBeWritten)
                // What does not fit in a mount that is behind may fit in the newer one.
                case .refuse(let refusal): return isAhead(actual) ? nil : DistributionStatus(refusal)
                case .create(let target):
                    actual = try await write(.created, "secret created") { () async throws(StoreError) in
                        try await secrets.create(target)
                    }
                    return synced(distribution, desired, actual, review, written: true)
                case .update(let old, let patch):
                    if patch.changesContent, isAhead(old) { return nil }
                    actual = try await write(.updated, "secret updated") { () async throws(StoreError) in
                        try await secrets.update(old, patch)
                    }
                    return synced(distribution, desired, actual, review, written: patch.changesContent)
                case .recreate(let old, let target):
                    if isAhead(old) { return nil }
                    actual = try await write(.replaced, "secret replaced") { () async throws(StoreError) in
                        try await secrets.recreate(old, as: target)
                    }
                    return synced(distribution, desired, actual, review, written: true)
                }
            } catch {
                switch error {
                case .changed: break
                case .unknownOutcome(_, let retryAfter):
                    uncertain.insert(.target(key))
                    mayBeWritten = true
                    logger.debug(
                        "write has no answer, the Secret will be looked at",
                        ["secret": .string(key.description), "error": .string(error.description)])
                    guard (retryAfter ?? .zero) <= Self.shortWait.longest else { throw error }
                    try? await Task.sleep(for: Self.shortWait.delay(failures: attempt, jitter: .random(in: 0...1)))
                default: throw error
                }
                lastChange = error
            }
            actual = try await lookAgain(key)
            uncertain.remove(.target(key))
        }
        throw lastChange ?? .changed("Secret \(key) changes all the time")
    }

    /// Its content came from a newer generation than our mount holds.
    func isAhead(_ target: ObservedTarget?) -> Bool {
        guard let target, target.managedBy == settings.managedBy else { return false }
        return generations.isBehind(target.mountGeneration, now: .now())
    }

    func lookAgain(_ key: ObjectKey) async throws(StoreError) -> ObservedTarget? {
        let found = try await secrets.observe(key)
        if let found, found.labels[Marks.managedByLabel] == settings.managedBy {
            _ = record(found)
        } else {
            // Without our label no watch would keep it up to date.
            observed[key] = nil
        }
        return found
    }

    /// Performs a write, counts how it went, and takes over what came of it.
    func write(
        _ kind: ControllerCounts.Write, _ message: StaticString,
        _ body: () async throws(StoreError) -> ObservedTarget
    ) async throws(StoreError) -> ObservedTarget {
        let target: ObservedTarget
        do throws(StoreError) {
            target = try await body()
        } catch {
            failed(error)
            throw error
        }
        _ = record(target)
        // The rehearsal says what would be.
        guard !settings.dryRun else { return target }
        counts.writes[kind, default: 0] += 1
        logger.info(
            message,
            [
                "secret": .string(target.key.description), "keys": .int(target.digests.count),
                "generation": .string(target.mountGeneration ?? ""),
            ])
        return target
    }

    /// A write has failed; in a dry run it was a read, and who does not lead any more has not sent it.
    private func failed(_ error: StoreError) {
        if !settings.dryRun, !isFollowing { counts.count(error) }
    }

    /// Removes a Secret.
    func remove(_ target: ObservedTarget) async throws(StoreError) {
        do throws(StoreError) {
            try await secrets.delete(target)
        } catch {
            failed(error)
            throw error
        }
        if !settings.dryRun { counts.writes[.removed, default: 0] += 1 }
        observed[target.key] = nil
        expiries[target.key] = nil
    }

    private func synced(
        _ distribution: SecretsDistribution, _ desired: DesiredTarget, _ actual: ObservedTarget?,
        _ review: TargetReview, written: Bool
    ) -> DistributionStatus {
        expiries[desired.key] = desired.expiry(&pairs)
        let count = desired.data.count
        let message = "Secret \(desired.key.name) holds \(count) \(count == 1 ? "key" : "keys") from the mount."
        let remarks = review.warnings + remarks(on: distribution.key)
        return DistributionStatus(
            reason: .synced, message: ([message] + remarks).joined(separator: " "),
            mountGeneration: actual?.mountGeneration, contentChanged: written)
    }
}
