import Distribution
import Planning

/// What the reconciler's own requests bring back.
extension Cache {
    /// Takes over a target that was written, or read while an event about it may have come.
    ///
    /// - Returns: whether it says something new. A version before our own last write does not.
    mutating func take(_ target: ObservedTarget) -> Bool {
        if let known = targets[target.key], target.isOlder(than: known) || known == target { return false }
        put(target)
        return true
    }

    /// Takes over a target as it is now, whatever its version.
    mutating func put(_ target: ObservedTarget) {
        var target = target
        interner.share(&target, with: targets[target.key], index.known(target.key))
        targets[target.key] = target
    }

    /// Takes over a distribution that was read.
    ///
    /// - Parameter isTruth: it replaces what is known, whatever its version.
    mutating func take(
        _ distribution: SecretsDistribution, isTruth: Bool = false, sharing outcomes: [ObjectKey: DistributionStatus]
    ) -> CacheChange {
        var change = CacheChange()
        if !isTruth, let known = index.distributions[distribution.key], distribution.isOlder(than: known) {
            return change
        }
        SecretsDistribution.keep(distribution, isTruth: isTruth, in: &self, sharing: outcomes, &change)
        return change
    }

    /// Takes over a distribution that a status was written to.
    ///
    /// - Returns: targets other than its own that are to be compared.
    mutating func take(
        _ distribution: SecretsDistribution, sharing outcome: DistributionStatus?, _ change: inout CacheChange
    ) -> Set<ObjectKey> {
        guard let known = index.distributions[distribution.key], known.uid == distribution.uid,
            !distribution.isOlder(than: known)
        else { return [] }
        return put(distribution, sharing: outcome, &change).filter { $0 != distribution.target }
    }

    /// - Returns: the targets of the former and of the new distribution.
    mutating func put(
        _ distribution: SecretsDistribution, sharing outcome: DistributionStatus?, _ change: inout CacheChange
    ) -> Set<ObjectKey> {
        var distribution = distribution
        let known = index.distributions[distribution.key]
        interner.share(&distribution, with: known, outcome)
        if let known, known.uid != distribution.uid || known.target != distribution.target {
            change.retargeted.append((known, known.uid == distribution.uid ? distribution.target : nil))
        }
        return index.upsert(distribution)
    }
}
