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
    func isReady(_ namespace: String) -> Bool {
        mount.wasRead && policy.isKnown && scope(of: namespace)?.isReady == true
    }

    /// All keys of a scope: the targets that distributions describe, the other targets, which may have to be pruned,
    /// and the distributions that may have no target of their own.
    func items(in scope: Scope) -> [WorkItem] {
        var items = index.targets.filter { scope.contains($0.namespace) }.map(WorkItem.target)
        items += targets.keys.filter { scope.contains($0.namespace) && index.known($0) == nil }.map(WorkItem.target)
        for (key, distribution) in index.distributions where scope.contains(key.namespace) {
            if index.mayLackTarget(distribution) { items.append(.status(key)) }
        }
        return items
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
    func doubt(_ status: DistributionStatus, of target: ObjectKey) -> DistributionStatus {
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
        return Set(index.distributions.keys.map(\.namespace)).sorted()
    }
}
