import Distribution
import Planning
import Stores

/// What becomes of targets that no distribution describes any more.
extension Controller {
    func prune(_ key: ObjectKey) async -> Outcome {
        guard var target = observed[key], access.allowsWrites else { return .done }
        do throws(StoreError) {
            if uncertain.contains(.target(key)) {
                let found = try await lookAgain(key)
                uncertain.remove(.target(key))
                guard found != nil, let found = observed[key] else { return .done }
                target = found
            }
            var pruning = pruning(of: target) { self.index.distributions[$0] }
            var successor: SecretsDistribution?
            if case .delete(_, let distribution) = pruning {
                // A cache that lags must not cost a Secret: ask once more, and judge by the answer.
                successor = try await askAgain(for: distribution)
                let current = successor
                pruning = self.pruning(of: target) { _ in current }
            }
            switch pruning {
            case .keep:
                contention.forget(key)
                return .done
            case .release(let target, let patch):
                _ = try await write(.released, "secret released") { () async throws(StoreError) in
                    try await secrets.update(target, patch)
                }
            case .delete(let target, let distribution):
                if let successor, !successor.isBeingDeleted, !isInLine(successor) {
                    // Its values are nowhere else yet: it goes when the target that follows it is in line.
                    if observed[key] != nil { awaited[distribution, default: []].insert(key) }
                    return .done
                }
                try await remove(target)
                if !settings.dryRun {
                    logger.info(
                        "secret removed",
                        ["secret": .string(key.description), "distribution": .string(distribution.description)])
                }
            }
            forgetLeftover(key)
            return .done
        } catch {
            return await pruneFailed(target, error)
        }
    }

    /// Asks for a distribution as it is now, and takes the answer over.
    func askAgain(for key: ObjectKey) async throws(StoreError) -> SecretsDistribution? {
        var known: SecretsDistribution?
        var answer: SecretsDistribution?
        // An answer that was given before the distribution was deleted may arrive after the event of the deletion.
        repeat {
            known = index.distributions[key]
            answer = try await distributions.current(key)
        } while answer != nil && known != nil && index.distributions[key] == nil
        // News alone: it puts keys into the queue.
        if let answer, answer != index.distributions[key] { upsert(answer) }
        return answer
    }

    private func pruning(of target: ObservedTarget, find: (ObjectKey) -> SecretsDistribution?) -> Pruning {
        Pruning(of: target, managedBy: settings.managedBy, onlyAssigned: settings.onlyAssigned, find: find)
    }

    private func isInLine(_ distribution: SecretsDistribution) -> Bool {
        guard outcomes[distribution.key]?.reason == .synced, let target = distribution.target else { return false }
        return observed[target]?.distribution == distribution.key
    }

    private func pruneFailed(_ target: ObservedTarget, _ error: StoreError) async -> Outcome {
        if case .changed = error { _ = try? await lookAgain(target.key) }
        if !error.isRetried {
            logger.warning(
                "secret stays although no distribution describes it",
                ["secret": .string(target.key.description), "error": .string(error.description)])
            fault("\(target.key): no distribution describes it, but \(error.description)")
            // A distribution that now describes another target can say so.
            if observed[target.key] != nil, let key = target.distribution, let distribution = index.distributions[key] {
                leftovers[key, default: [:]][target.key] =
                    "Its former Secret \(target.key.name) is left over: \(error.description)."
                if let target = distribution.target { enqueue([target]) }
            }
        }
        return outcome(of: error, for: .target(target.key))
    }

    /// The target is gone: it waits for no successor.
    func forgetAwaited(_ target: ObjectKey) {
        for key in awaited.keys where awaited[key]?.remove(target) != nil {
            if awaited[key]?.isEmpty == true { awaited[key] = nil }
        }
    }

    /// The target is gone, or somebody's again: no distribution need speak of it any more.
    func forgetLeftover(_ target: ObjectKey) {
        for key in leftovers.keys where leftovers[key]?.removeValue(forKey: target) != nil {
            if leftovers[key]?.isEmpty == true { leftovers[key] = nil }
            if let own = index.distributions[key]?.target { enqueue([own]) }
        }
    }
}
