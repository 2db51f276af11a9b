import Distribution
import Planning
import Stores

/// What the access policy does to distributions and their targets.
extension Controller {
    /// Why the policy, which has been asked, keeps `distribution` from its target; nil if it does not.
    func denial(of distribution: SecretsDistribution) -> Refusal? {
        cache.policy.refusal(of: distribution, cache.verdicts)
    }

    /// If the policy, which has been asked, denies `distribution` its target: removes that, or leaves it, and says so. Nil if
    /// it does not.
    ///
    /// A distribution that cannot be read is left to say that itself: what it wants is not known.
    func deny(_ key: ObjectKey, _ distribution: SecretsDistribution) async -> Comparison? {
        guard distribution.refusal == nil else { return nil }
        audit(distribution)
        guard let refusal = denial(of: distribution) else { return nil }
        var message = refusal.message
        var failure: StoreError?
        do throws(StoreError) {
            if let rest = try await withdraw(key, distribution) { message += " \(rest)" }
        } catch {
            message += " Secret \(key.name) still holds what it held: \(error.description)."
            // Another distribution by now, or another policy.
            guard cache.index.distributions[distribution.key].map(hasVerdict) != false else { return .unjudged }
            failure = error
            if !error.isRetried {
                logger.warning(
                    "secret stays although the policy denies it",
                    ["secret": .string(key.description), "error": .string(error.description)])
            }
        }
        return .denied(DistributionStatus(reason: refusal.reason, message: message), failure)
    }

    /// Removes the target of a distribution that is denied, if it is ours and goes with the distribution's wishes.
    ///
    /// - Returns: a sentence on what is left; nil if nothing of ours is.
    private func withdraw(
        _ key: ObjectKey, _ distribution: SecretsDistribution
    ) async throws(StoreError) -> String? {
        let isRemoved = cache.policy.allowsWrites && distribution.spec.deletionPolicy == .delete
        // A cache that lags must not cost a Secret; nor is every Secret of ours in it.
        let target = isRemoved || cache.targets[key] == nil ? try await read(key) : cache.targets[key]
        guard let target, target.managedBy == settings.managedBy, !target.isBeingDeleted else { return nil }
        let rest = "Secret \(key.name) still holds what it held"
        guard isRemoved else {
            return cache.policy.allowsWrites ? "\(rest), because deletionPolicy is not Delete." : "\(rest)."
        }
        guard target.distribution == distribution.key else {
            return "\(rest), because it was not written for this distribution."
        }
        // The distribution may be another by now, and so may the policy after each wait: judge by what there is.
        let current = try await readDistribution(distribution.key)
        guard let current, hasVerdict(on: current) else {
            throw .changed("SecretsDistribution \(distribution.key) was changed meanwhile")
        }
        let winner = cache.index.winner(of: key)
        guard current.uid == distribution.uid, winner?.uid == current.uid, current.refusal == nil,
            current.spec.deletionPolicy == .delete, cache.policy.allowsWrites, denial(of: current) != nil
        else { throw .changed("SecretsDistribution \(distribution.key) or the policy was changed meanwhile") }
        try await remove(target)
        return nil
    }

    /// Logs what is let through only because the policy audits, once for each change of it.
    private func audit(_ distribution: SecretsDistribution) {
        let remark = cache.policy.remark(on: distribution, cache.verdicts)
        guard remarks.audit(distribution.key, remark), let remark else { return }
        logger.warning(
            "access policy audited",
            ["distribution": .string(distribution.key.description), "detail": .string(remark)])
    }
}
