import Distribution
import Observability
import Planning
import Stores

/// How well the cache knows, for reconciling and for statuses.
extension Cache {
    private func scope(of namespace: String) -> ScopeState? { scopes.first { $0.key.contains(namespace) }?.value }

    private func feed(of target: ObjectKey) -> FeedState? { scope(of: target.namespace)?.targets }

    /// All is known that has to be known before anything in `namespace` is compared: before that a comparison could only
    /// be wrong.
    func isReady(_ namespace: String) -> Bool {
        mount.wasRead && policy.isKnown && scope(of: namespace)?.isReady == true
    }

    /// All that can be reconciled in a scope: targets that are described, those that are not and may have to be pruned, and
    /// distributions that have no target of their own.
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

    /// Why changes of targets in `namespace` are noticed late; nil if they are not.
    func blindness(in namespace: String) -> StoreError? {
        guard let feed = scope(of: namespace)?.targets, feed.isListed else { return nil }
        return feed.isRefused || feed.isUnlisted(namespace) ? feed.failure : nil
    }

    /// Why nothing is known of the targets in `namespace`; nil if something is.
    func missingTargets(in namespace: String) -> StoreError? {
        guard let feed = scope(of: namespace)?.targets, !feed.isListed else { return nil }
        return feed.isRefused ? feed.failure : staleness(of: feed, in: namespace).map { .rejected($0) }
    }

    /// Whether a target has to be read by its name, because no list has it.
    func isUnlisted(_ target: ObjectKey) -> Bool {
        guard let feed = feed(of: target) else { return false }
        return feed.isUnlisted(target.namespace) || (targets[target] == nil && feed.mayHide(target))
    }

    /// The status of a target in sync whose Secrets have not been seen for long: it may not be so any more. Writes go on.
    func doubt(_ status: DistributionStatus, of target: ObjectKey) -> DistributionStatus {
        guard status.reason == .synced, let feed = feed(of: target),
            let staleness = staleness(of: feed, in: target.namespace)
        else { return status }
        var doubted = status
        doubted.reason = .writeFailed
        doubted.message = "Secret \(target.name) was in line when it was last seen, but \(staleness)."
        return doubted
    }

    private func staleness(of feed: FeedState, in namespace: String) -> String? {
        guard feed.isStale, let error = feed.failure, let since = feed.since else { return nil }
        return "the Secrets of namespace \(namespace) cannot be listed since \(since): \(error.description)"
    }

    /// Which namespaces to list one by one because the list of all fails; empty for a scope of one namespace. Those of the
    /// distributions: a list of namespaces is more than the role gives. Nil while the distributions are not known.
    func namespacesToList(of scope: Scope) -> [String]? {
        guard let feed = scopes[scope]?.distributions, feed.isListed, feed.failure == nil else { return nil }
        guard scope == .all else { return [] }
        return Set(index.distributions.keys.map(\.namespace)).sorted()
    }
}
