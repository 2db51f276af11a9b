import Distribution
import Observability
import Scheduling

/// The work for one key: compare what should be with what is, write the difference, say how it went.
extension Controller {
    typealias Outcome = WorkQueue<WorkItem, ContinuousClock.Instant>.Outcome

    func reconcile(_ item: WorkItem) async -> Outcome {
        switch item {
        case .distribution(let key):
            guard let distribution = index.distributions[key], distribution.target == nil, isOurs(distribution),
                let refusal = distribution.refusal
            else { return .done }
            return await report(DistributionStatus(refusal), on: key)
        case .target(let key):
            let claimants = index.claimants(of: key).filter { !$0.isBeingDeleted }
            guard !claimants.isEmpty else { return await prune(key) }
            let ours = claimants.filter(isOurs)
            guard let winner = ours.first else { return .done }
            var outcome = await sync(key, for: winner)
            for loser in ours.dropFirst() {
                let refusal = Refusal(
                    .targetConflict,
                    "Secret \(key.name) belongs to SecretsDistribution \(winner.key.name), which is older; expected a"
                        + " spec.name of its own.")
                let reported = await report(DistributionStatus(refusal), on: loser.key)
                if outcome == .done { outcome = reported }
            }
            return outcome
        }
    }

    private func isOurs(_ distribution: SecretsDistribution) -> Bool {
        distribution.belongs(to: settings.managedBy, onlyAssigned: settings.onlyAssigned)
            && !distribution.isBeingDeleted
    }

    // MARK: Syncing

    private func sync(_ key: ObjectKey, for distribution: SecretsDistribution) async -> Outcome {
        do throws(StoreError) {
            let status = try await bringInLine(key, distribution)
            let reported = await report(status, on: distribution.key)
            // No watch tells when a Secret that is not ours goes away.
            return status.reason == .notManaged && reported == .done ? later : reported
        } catch {
            let reported = await report(DistributionStatus(error.refusal), on: distribution.key)
            switch error {
            case .changed: return .retry()
            case .unavailable(_, let retryAfter): return .retry(notBefore: retryAfter ?? .zero)
            // No watch tells when a role changes.
            case .forbidden, .cannotReplace: return reported == .done ? later : reported
            case .rejected: return reported
            }
        }
    }

    /// A slow second look at what no event tells of; a single pass has none.
    private var later: Outcome { triesAtMost == nil ? .retry(notBefore: .seconds(60)) : .done }

    /// Plans and applies; looks again when the target was not as it was observed.
    private func bringInLine(
        _ key: ObjectKey, _ distribution: SecretsDistribution
    ) async throws(StoreError) -> DistributionStatus {
        if let failure = missingTargets(in: key.namespace) { throw failure }
        let desired: DesiredTarget
        do {
            desired = try DesiredTarget(distribution, from: snapshot, managedBy: settings.managedBy)
        } catch {
            return DistributionStatus(error)
        }
        // Another owner's Secret is not in the cache; asking first spares the server a create that must fail.
        let wasForeign = outcomes[distribution.key]?.reason == .notManaged
        var actual = wasForeign ? try await lookAgain(key) : observed[key]
        var lastChange: StoreError?
        for _ in 0..<3 {
            do throws(StoreError) {
                switch Plan(desired: desired, observed: actual, managedBy: settings.managedBy) {
                case .unchanged: return synced(desired, actual, written: false)
                case .refuse(let refusal): return DistributionStatus(refusal)
                case .create(let target):
                    actual = written("secret created", try await secrets.create(target))
                    return synced(desired, actual, written: true)
                case .update(let old, let patch):
                    actual = written("secret updated", try await secrets.update(old, patch))
                    return synced(desired, actual, written: patch.changesContent)
                case .recreate(let old, let target):
                    actual = written("secret replaced", try await secrets.recreate(old, as: target))
                    return synced(desired, actual, written: true)
                }
            } catch {
                guard case .changed = error else { throw error }
                lastChange = error
            }
            actual = try await lookAgain(key)
        }
        throw lastChange ?? .changed("Secret \(key) changes all the time")
    }

    private func lookAgain(_ key: ObjectKey) async throws(StoreError) -> ObservedTarget? {
        let found = try await secrets.observe(key)
        if let found, found.labels[Marks.managedByLabel] == settings.managedBy {
            _ = record(found)
        } else {
            // Without our label no watch would keep it up to date.
            observed[key] = nil
        }
        return found
    }

    private func written(_ message: StaticString, _ target: ObservedTarget) -> ObservedTarget {
        _ = record(target)
        logger.info(
            message,
            [
                "secret": .string(target.key.description), "keys": .int(target.digests.count),
                "generation": .string(target.mountGeneration ?? ""),
            ])
        return target
    }

    private func synced(_ desired: DesiredTarget, _ actual: ObservedTarget?, written: Bool) -> DistributionStatus {
        let count = desired.data.count
        var message = "Secret \(desired.key.name) holds \(count) \(count == 1 ? "key" : "keys") from the mount."
        let distribution = desired.annotations[Marks.distribution].flatMap { ObjectKey($0) }
        if let leftover = distribution.flatMap({ leftovers[$0] }) { message += " \(leftover)" }
        return DistributionStatus(
            reason: .synced, message: message,
            mountGeneration: actual?.mountGeneration, contentChanged: written)
    }

    // MARK: Pruning

    private func prune(_ key: ObjectKey) async -> Outcome {
        guard let target = observed[key] else { return .done }
        let find: (ObjectKey) -> SecretsDistribution? = { self.index.distributions[$0] }
        let pruning = Pruning(
            of: target, managedBy: settings.managedBy, onlyAssigned: settings.onlyAssigned, find: find)
        do throws(StoreError) {
            switch pruning {
            case .keep: return .done
            case .release(let target, let patch):
                _ = written("secret released", try await secrets.update(target, patch))
            case .delete(let target, let distribution):
                // A cache that lags must not cost a Secret: ask once more.
                let current = try await distributions.current(distribution)
                if let current, !current.isBeingDeleted, current.uid == target.distributionOwner?.uid,
                    current.target == nil || current.target == key
                {
                    record(current)
                    return .done
                }
                try await secrets.delete(target)
                observed[key] = nil
                if leftovers.removeValue(forKey: distribution) != nil, let target = current?.target {
                    enqueue([target])
                }
                logger.info(
                    "secret removed",
                    ["secret": .string(key.description), "distribution": .string(distribution.description)])
            }
            return .done
        } catch {
            return await pruneFailed(target, error)
        }
    }

    private func pruneFailed(_ target: ObservedTarget, _ error: StoreError) async -> Outcome {
        switch error {
        case .changed:
            _ = try? await lookAgain(target.key)
            return .retry()
        case .unavailable(_, let retryAfter): return .retry(notBefore: retryAfter ?? .zero)
        case .forbidden, .rejected, .cannotReplace:
            logger.warning(
                "secret stays although its distribution is gone",
                ["secret": .string(target.key.description), "error": .string(error.description)])
            // One that now describes another target can still say so.
            guard let key = target.distribution, let distribution = index.distributions[key] else { return .done }
            leftovers[key] = "Its former Secret \(target.key.name) is left over: \(error.description)."
            if let target = distribution.target { enqueue([target]) }
            return .done
        }
    }

    // MARK: Status

    /// Writes the status if it says something new, and logs a change.
    private func report(_ status: DistributionStatus, on key: ObjectKey) async -> Outcome {
        guard let distribution = index.distributions[key] else { return .done }
        log(status, of: key)
        outcomes[key] = status
        guard let next = status.update(of: distribution, on: definition, now: Timestamp.now().rfc3339) else {
            return .done
        }
        do {
            let (stored, traits) = try await distributions.write(next, to: distribution, on: definition)
            definition = traits
            record(stored)
            return .done
        } catch {
            switch error {
            case .changed:
                // Gone, or changed: its event is on the way, or was missed.
                return .retry()
            case .unavailable(_, let retryAfter): return .retry(notBefore: retryAfter ?? .zero)
            case .forbidden, .rejected, .cannotReplace:
                logger.warning(
                    "status cannot be written",
                    ["distribution": .string(key.description), "error": .string(error.description)])
                return .done
            }
        }
    }

    private func log(_ status: DistributionStatus, of key: ObjectKey) {
        guard outcomes[key]?.reason != status.reason || outcomes[key]?.message != status.message else { return }
        if status.reason == .synced {
            logger.info("distribution synced", ["distribution": .string(key.description)])
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
