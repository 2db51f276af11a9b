import Distribution
import Planning
import Stores

/// Removes or releases targets that no distribution describes any more.
extension Controller {
    func prune(_ key: ObjectKey) async throws(StoreError) -> Outcome {
        guard var target = cache.targets[key], cache.policy.allowsWrites else { return .done }
        do throws(StoreError) {
            if notes.uncertain.contains(.target(key)) {
                let found = try await read(key)
                notes.uncertain.remove(.target(key))
                guard found != nil, let found = cache.targets[key] else { return .done }
                target = found
            }
            var pruning = pruning(of: target) { self.cache.index.distributions[$0] }
            var successor: SecretsDistribution?
            if case .delete(_, let distribution) = pruning {
                // The cache may be out of date: read the distribution before the Secret is deleted.
                successor = try await readDistribution(distribution)
                let current = successor
                pruning = self.pruning(of: target) { _ in current }
            }
            switch pruning {
            case .keep:
                contention.forget(key)
                return .done
            case .release(let target, let patch):
                _ = cache.take(try await secrets.release(target, patch))
            case .delete(let target, let distribution):
                if let successor, !successor.isBeingDeleted, !isInLine(successor) {
                    // The new target does not hold the values yet: the old one is removed when the new one is in sync.
                    if cache.targets[key] != nil { remarks.await(key, for: distribution) }
                    return .done
                }
                try await remove(target)
            }
            enqueueOwners(remarks.forgetLeftover(key))
            return .done
        } catch {
            await pruneFailed(target, error)
            throw error
        }
    }

    private func pruning(of target: ObservedTarget, find: (ObjectKey) -> SecretsDistribution?) -> Pruning {
        Pruning(of: target, managedBy: settings.managedBy, onlyAssigned: settings.onlyAssigned, find: find)
    }

    private func isInLine(_ distribution: SecretsDistribution) -> Bool {
        guard statuses.outcomes[distribution.key]?.reason == .synced, let target = distribution.target else {
            return false
        }
        return cache.targets[target]?.distribution == distribution.key
    }

    private func pruneFailed(_ target: ObservedTarget, _ error: StoreError) async {
        if case .changed = error { _ = try? await read(target.key) }
        if !error.isRetried {
            logger.warning(
                "orphaned secret cannot be removed",
                ["secret": .string(target.key.description), "error": .string(error.description)])
            dependencies.reportFault("\(target.key): no distribution describes it, but \(error.description)")
            // If its distribution now describes another target, that status reports it.
            if cache.targets[target.key] != nil, let key = target.distribution,
                let distribution = cache.index.distributions[key]
            {
                remarks.leftOver(
                    target.key, of: key,
                    "Its former Secret \(target.key.name) was not removed: \(error.description).")
                if let target = distribution.target { enqueue([target]) }
            }
        }
    }
}
