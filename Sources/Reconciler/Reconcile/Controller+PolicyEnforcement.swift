import Distribution
import Planning
import Stores

/// Enforces the access policy on distributions and their targets.
extension Controller {
    /// Why the policy denies `distribution` its target; nil if it does not. The policy must have been evaluated.
    func denial(of distribution: SecretsDistribution) -> Refusal? {
        cache.policy.refusal(of: distribution, cache.verdicts)
    }

    /// If the policy denies `distribution` its target, removes or keeps the target and returns the result; nil if the
    /// policy does not deny it. The policy must have been evaluated.
    ///
    /// Returns nil for an invalid distribution, whose status reports that it is invalid.
    func deny(_ key: ObjectKey, _ distribution: SecretsDistribution) async -> Comparison? {
        guard distribution.refusal == nil else { return nil }
        audit(distribution)
        guard let refusal = denial(of: distribution) else { return nil }
        var message = refusal.message
        var failure: StoreError?
        let isRemoved = isRemovedIfDenied(distribution)
        var again = isRemoved ? pauseBeforeRemoval(of: key) : nil
        do throws(StoreError) {
            if again == nil, let rest = try await withdraw(key, distribution, isRemoved: isRemoved) {
                message += " \(rest)"
            } else if isRemoved, let restoration = restoration(of: key) {
                message += " Secret \(key.name) was removed, but \(restoration.text)."
                again = again ?? restoration.lasts
            }
        } catch {
            message += " Secret \(key.name) keeps its content: \(error.description)."
            // The distribution or the policy changed in the meantime.
            guard cache.index.current(distribution).map(hasVerdict) != false else { return .unevaluated }
            failure = error
            if !error.isRetried {
                logger.warning(
                    "denied secret cannot be removed",
                    ["secret": .string(key.description), "error": .string(error.description)])
            }
        }
        return .denied(DistributionStatus(reason: refusal.reason, message: message), failure, again: again)
    }

    /// Whether the target of a denied distribution is to be removed, and not kept.
    private func isRemovedIfDenied(_ distribution: SecretsDistribution) -> Bool {
        cache.policy.allowsWrites && distribution.spec.deletionPolicy == .delete
    }

    /// Removes the target of a denied distribution if the target is ours and `isRemoved` is true.
    ///
    /// - Returns: a sentence that says why the target is kept; nil if it was removed or is not ours.
    private func withdraw(
        _ key: ObjectKey, _ distribution: SecretsDistribution, isRemoved: Bool
    ) async throws(StoreError) -> String? {
        // The cache may be out of date, and does not contain every Secret of ours.
        let target = isRemoved || cache.targets[key] == nil ? try await read(key) : cache.targets[key]
        guard let target, target.managedBy == settings.managedBy, !target.isBeingDeleted else {
            drift.recordInSync(key, at: now)
            return nil
        }
        let rest = "Secret \(key.name) keeps its content"
        // A kept target is not contested, whoever restored it before.
        guard isRemoved else {
            drift.recordInSync(key, at: now)
            return cache.policy.allowsWrites ? "\(rest), because deletionPolicy is not Delete." : "\(rest)."
        }
        guard target.distribution == distribution.key else {
            drift.recordInSync(key, at: now)
            return "\(rest), because it was not written for this distribution."
        }
        // The distribution, and after each suspension the policy, may have changed: decide by their current state.
        let current = try await readDistribution(distribution.key).map { cache.index.bind($0, to: key.namespace) }
        guard let current, hasVerdict(on: current) else {
            throw .changed("\(distribution.kind) \(distribution.key) changed meanwhile")
        }
        let winner = cache.index.winner(of: key)
        guard current.uid == distribution.uid, winner?.uid == current.uid, current.refusal == nil,
            current.spec.deletionPolicy == .delete, cache.policy.allowsWrites, denial(of: current) != nil
        else { throw .changed("\(distribution.kind) \(distribution.key) or the policy changed meanwhile") }
        try await remove(target)
        return nil
    }

    /// Logs what an enforcing policy would deny, once for each change.
    private func audit(_ distribution: SecretsDistribution) {
        let remark = cache.policy.remark(on: distribution, cache.verdicts)
        guard statusRecords.audit(distribution.claim, remark), let remark else { return }
        logger.warning(
            "access policy would deny",
            ["distribution": .string(distribution.key.description), "detail": .string(remark)])
    }
}
