import Distribution
import Planning

/// Stores the responses to the reconciler's own requests.
extension Cache {
    /// Stores a target that was written, or that was read while an event about it may have arrived.
    ///
    /// - Returns: false if the target is known already, or is older than our own last write.
    mutating func store(_ target: ObservedTarget) -> Bool {
        if let known = targets[target.key], target.isOlder(than: known) || known == target { return false }
        put(target)
        return true
    }

    /// Stores a target regardless of its resource version.
    mutating func put(_ target: ObservedTarget) {
        var target = target
        interner.share(&target, with: targets[target.key], index.known(target.key))
        targets[target.key] = target
    }

    /// Stores a distribution that was read.
    ///
    /// - Parameter isAuthoritative: whether it replaces the cached one regardless of its resource version.
    mutating func store(
        _ distribution: SecretsDistribution, isAuthoritative: Bool = false,
        sharing outcomes: [ObjectKey: DistributionStatus]
    ) -> CacheChange {
        var change = CacheChange()
        if !isAuthoritative, let known = index[distribution.key], distribution.isOlder(than: known) {
            return change
        }
        SecretsDistribution.keep(distribution, isAuthoritative: isAuthoritative, in: &self, sharing: outcomes, &change)
        return change
    }

    /// Stores a namespace that was read.
    mutating func store(_ namespace: Namespace) -> CacheChange {
        var change = CacheChange()
        if let known = index.namespaces[namespace.name], namespace.isOlder(than: known) { return change }
        Namespace.keep(namespace, isAuthoritative: true, in: &self, sharing: [:], &change)
        return change
    }

    /// Stores a distribution whose status was written.
    ///
    /// - Returns: the targets other than its own that must be compared.
    mutating func store(
        _ distribution: SecretsDistribution, sharing outcome: DistributionStatus?, _ change: inout CacheChange
    ) -> Set<ObjectKey> {
        guard let known = index[distribution.key], known.uid == distribution.uid,
            !distribution.isOlder(than: known)
        else { return [] }
        return put(distribution, sharing: outcome, &change).filter { $0 != distribution.target }
    }

    /// - Returns: the targets of the old and the new version of the distribution.
    mutating func put(
        _ distribution: SecretsDistribution, sharing outcome: DistributionStatus?, _ change: inout CacheChange
    ) -> Set<ObjectKey> {
        var distribution = distribution
        let known = index[distribution.key]
        interner.share(&distribution, with: known, outcome)
        if let known, known.uid != distribution.uid || known.spec.name != distribution.spec.name {
            change.retargeted.append((known, known.uid == distribution.uid ? distribution.target : nil))
        }
        let affected = index.upsert(distribution)
        // A tenant can rename its distribution over and over.
        for target in affected where !index.isClaimed(target) { verdicts.forget(target) }
        return affected
    }
}
