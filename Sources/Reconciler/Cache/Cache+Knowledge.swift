import Distribution
import Observability
import Planning
import Stores

/// Whether the cached state is complete and current.
extension Cache {
    private func scope(of namespace: String) -> ScopeState? { scopes.first { $0.key.contains(namespace) }?.value }

    private func feed(of target: ObjectKey) -> ListWatchState? { scope(of: target.namespace)?.targets }

    /// Whether the mount, the access policy and the objects of `namespace` are known. Until then, comparisons would be
    /// wrong.
    ///
    /// - Parameter namespace: empty for the cluster distributions themselves.
    func isReady(_ namespace: String) -> Bool {
        guard mount.wasRead, policy.isKnown else { return false }
        if namespace.isEmpty { return scopes[.cluster]?.distributions.isListed == true }
        return scope(of: namespace)?.isReady == true
    }

    /// Whether the cluster distributions have targets here: not if only some namespaces are watched.
    var servesCluster: Bool { scopes[.all] != nil }

    /// Why it is not known which namespaces the cluster distributions select; nil if it is known.
    var unknownNamespaces: String? {
        guard servesCluster else {
            return "this agent serves only the namespaces in WATCH_NAMESPACES, expected all for a"
                + " \(WellKnownKeys.clusterKind)"
        }
        guard let feed = scopes[.cluster]?.namespaces, !feed.isListed else { return nil }
        return "the namespaces cannot be listed" + (feed.failure.map { ": \($0.description)" } ?? " yet")
    }

    /// Whether the namespaces will not be listed soon, so that statuses must report it.
    var areNamespacesMissing: Bool {
        guard servesCluster, let feed = scopes[.cluster]?.namespaces else { return true }
        return !feed.isListed && (feed.isRefused || feed.isStale)
    }

    /// Whether it is known which distribution the target of a cluster distribution belongs to.
    ///
    /// - Parameter distribution: the one that it was written for; nil if it is gone.
    func knowsOwner(_ distribution: SecretsDistribution?, in namespace: String) -> Bool {
        guard scopes[.cluster]?.distributions.isListed == true, servesCluster else { return false }
        // In a namespace that is being deleted, the Secret is deleted with it.
        return distribution == nil
            || (unknownNamespaces == nil && index.namespaces[namespace]?.isBeingDeleted != true)
    }

    /// Whether the first list of cluster distributions, or of namespaces, is still pending.
    var awaitsCluster: Bool {
        guard servesCluster, let state = scopes[.cluster] else { return false }
        return state.distributions.isAwaited
            || (!index.clusterDistributions.isEmpty && state.namespaces.isAwaited)
    }

    /// Why changes of namespaces are noticed late; nil if they are noticed at once.
    var namespacesFailure: StoreError? {
        guard let feed = scopes[.cluster]?.namespaces, feed.isListed, feed.isRefused || feed.isStale else { return nil }
        return feed.failure
    }

    /// All keys of a scope: the targets that distributions describe, the other targets, which may have to be pruned,
    /// and the distributions that may have no target of their own.
    ///
    /// - Parameter scope: nil for all scopes.
    func items(in scope: Scope? = nil) -> [WorkItem] {
        let ofCluster = index.clusterDistributions.keys.map(WorkItem.status)
        if scope == .cluster {
            // The others may have to be pruned.
            let former = targets.values.filter {
                $0.distribution?.namespace.isEmpty == true && !index.isClaimed($0.key)
            }
            return index.clusterTargets.map(WorkItem.target) + former.map { .target($0.key) } + ofCluster
        }
        let contains = { (namespace: String) in scope?.contains(namespace) ?? true }
        var items = index.targets.filter { contains($0.namespace) }.map(WorkItem.target)
        items += targets.keys.filter { contains($0.namespace) && !index.isClaimed($0) }.map(WorkItem.target)
        for (key, distribution) in index.distributions where contains(key.namespace) {
            if index.mayLackTarget(distribution) { items.append(.status(key)) }
        }
        return scope == nil ? items + ofCluster : items
    }

    /// Whether a distribution in `namespace` may have changed without an event.
    func distributionsMayLag(in namespace: String) -> (mayLag: Bool, isStale: Bool) {
        guard let feed = scope(of: namespace)?.distributions else { return (false, false) }
        return (feed.mayLag, feed.isStale)
    }

    /// Why changes of targets in `namespace` are noticed late; nil if they are noticed at once.
    func watchFailure(in namespace: String) -> StoreError? {
        guard let feed = scope(of: namespace)?.targets, feed.isListed else { return nil }
        return feed.isRefused || feed.isUnlisted(namespace) ? feed.failure : nil
    }

    /// Why the targets in `namespace` cannot be listed; nil if they were listed, or if the failure is recent.
    func missingTargets(in namespace: String) -> StoreError? {
        guard let feed = scope(of: namespace)?.targets, !feed.isListed else { return nil }
        return feed.isRefused ? feed.failure : staleness(of: feed, in: namespace).map { .rejected($0) }
    }

    /// Whether a target must be read by name because no list contains it.
    func isUnlisted(_ target: ObjectKey) -> Bool {
        guard let feed = feed(of: target) else { return false }
        return feed.isUnlisted(target.namespace) || (targets[target] == nil && feed.mayExistUnreadable(target))
    }

    /// Replaces the status `synced` if the Secrets have not been listed for too long, because the target may be out of
    /// sync by now. Writes are not affected.
    func replacingStale(_ status: DistributionStatus, of target: ObjectKey) -> DistributionStatus {
        guard status.reason == .synced, let feed = feed(of: target),
            let staleness = staleness(of: feed, in: target.namespace)
        else { return status }
        var doubted = status
        doubted.reason = .writeFailed
        doubted.message = "Secret \(target.name) was in sync when last read, but \(staleness)."
        return doubted
    }

    private func staleness(of feed: ListWatchState, in namespace: String) -> String? {
        guard feed.isStale, let error = feed.failure, let since = feed.since else { return nil }
        return "the Secrets of namespace \(namespace) have not been listable since \(since): \(error.description)"
    }

    /// The namespaces to list one by one when the list of all namespaces fails: those of the distributions, because the
    /// role does not allow listing namespaces. Empty for a scope of one namespace; nil while the distributions are not
    /// known.
    func namespacesToList(of scope: Scope) -> [String]? {
        guard let feed = scopes[scope]?.distributions, feed.isListed, feed.failure == nil else { return nil }
        guard scope == .all else { return [] }
        return Set(index.targets.map(\.namespace)).sorted()
    }
}
