import Distribution
import Planning
import Stores

/// Removes or releases targets that no distribution describes any more.
extension Controller {
    func prune(_ key: ObjectKey) async throws(StoreError) -> Outcome {
        guard var target = cache.targets[key] else {
            drift.recordInSync(key, at: now)
            return nothingToPrune(key)
        }
        guard cache.policy.allowsWrites else { return .done }
        // A cluster distribution may describe it.
        if cache.awaitsCluster {
            targetRecords.awaitingCluster.insert(key)
            return .done
        }
        do throws(StoreError) {
            if targetRecords.uncertain.contains(.target(key)) {
                let found = try await read(key)
                targetRecords.uncertain.remove(.target(key))
                guard found != nil, let found = cache.targets[key] else { return .done }
                target = found
            }
            var pruning = pruning(of: target) { self.cache.index[$0] }
            var successor: SecretsDistribution?
            if let pause = pauseBeforeRemoval(of: key), pruning.isWrite { return .again(after: pause) }
            if case .delete(_, let distribution) = pruning {
                // The cache may be out of date: read the distribution before the Secret is deleted.
                successor = try await readDistribution(distribution).map { cache.index.bind($0, to: key.namespace) }
                if let known = successor, known.isCluster, known.target == nil {
                    // The namespace's labels may be out of date too.
                    try await readNamespace(key.namespace)
                    successor = cache.index[distribution].map { cache.index.bind($0, to: key.namespace) }
                }
                let current = successor
                pruning = self.pruning(of: target) { _ in current }
            }
            let isReleased: Bool
            switch pruning {
            case .keep:
                drift.recordInSync(key, at: now)
                return nothingToPrune(key)
            case .release(let target, let patch):
                _ = try await write(key, desiredHash: DriftTracker.removal) { () async throws(StoreError) in
                    try await secrets.release(target, patch)
                }
                isReleased = true
            case .delete(let target, _):
                if let successor, !successor.isBeingDeleted, successor.target != nil, !isInLine(successor) {
                    // The new target does not hold the values yet: the old one is removed when the new one is in sync.
                    if cache.targets[key] != nil { statusRecords.await(key, for: successor.claim) }
                    return .done
                }
                try await remove(target)
                isReleased = false
            }
            if let restoration = restoration(of: key) {
                reportRestored(target, isReleased: isReleased, restoration.text)
            }
            return nothingToPrune(key)
        } catch {
            await pruneFailed(target, error)
            throw error
        }
    }

    /// The result for a target that is gone or stays as it is. Its key is processed again while other writers keep
    /// restoring it, because a status reports that.
    private func nothingToPrune(_ key: ObjectKey) -> Outcome {
        if let restoration = restoration(of: key) { return .again(after: restoration.lasts) }
        enqueueOwners(statusRecords.forgetLeftover(key))
        return .done
    }

    private func pruning(of target: ObservedTarget, find: (ObjectKey) -> SecretsDistribution?) -> Pruning {
        let namespace = target.key.namespace
        if let key = target.distribution, key.namespace.isEmpty, !cache.knowsOwner(find(key), in: namespace) {
            return .keep
        }
        return Pruning(of: target, managedBy: settings.managedBy, onlyAssigned: settings.onlyAssigned) { key in
            find(key).map { cache.index.bind($0, to: namespace) }
        }
    }

    private func isInLine(_ distribution: SecretsDistribution) -> Bool {
        guard lastReason(of: distribution) == .synced, let target = distribution.target else { return false }
        return cache.targets[target]?.distribution == distribution.key
    }

    private func pruneFailed(_ target: ObservedTarget, _ error: StoreError) async {
        if case .changed = error { _ = try? await read(target.key) }
        guard !error.isRetried else { return }
        logger.warning(
            "orphaned secret cannot be removed",
            ["secret": .string(target.key.description), "error": .string(error.description)])
        dependencies.reportFault("\(target.key): no distribution describes it, but \(error.description)")
        if cache.targets[target.key] != nil { recordLeftover("was not removed: \(error.description)", on: target) }
    }

    /// Reports that other writers keep restoring a target that was just removed or released.
    private func reportRestored(_ target: ObservedTarget, isReleased: Bool, _ restoration: String) {
        logger.warning(
            "orphaned secret is restored again and again",
            ["secret": .string(target.key.description), "error": .string(restoration)])
        dependencies.reportFault("\(target.key): no distribution describes it, but \(restoration)")
        recordLeftover("was \(isReleased ? "released" : "removed"), but \(restoration)", on: target)
    }

    /// Adds a sentence about a former target to the status of its distribution, if that now describes another target.
    private func recordLeftover(_ predicate: String, on target: ObservedTarget) {
        guard let key = target.distribution, let distribution = cache.index[key] else { return }
        let claim =
            distribution.isCluster ? Claim(distribution: key, namespace: target.key.namespace) : distribution.claim
        statusRecords.leftOver(target.key, of: claim, "Its former Secret \(target.key.name) \(predicate).")
        if let target = cache.index.target(of: claim) { enqueue([target]) }
        if distribution.isCluster { enqueue(.status(key)) }
    }
}
