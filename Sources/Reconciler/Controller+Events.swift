package import Distribution
import MountWatch
import Observability
import Planning
import Stores

/// Events: they change the cache, queue keys and update the controller's other state.
extension Controller {
    package func handle(_ event: CacheEvent) {
        let change = cache.apply(event, sharing: statuses.outcomes, at: now, .now())
        if change.affectsReadiness { announceReadiness() }
        if case .distributions(.cluster, _) = event { recentReads.handleEvent() }
        carryOut(change)
        if case .distributions(_, .replace) = event {
            // The resource definition may have been replaced: detect its traits again.
            statuses.definition = .current
        }
        checkFirstPass()
    }

    /// Reads the mount and compares every target.
    package func compareAll() {
        dependencies.readMount()
        enqueueAll()
    }

    package var hasClusterDistributions: Bool { !cache.index.clusterDistributions.isEmpty }

    package func namespacesToList(of scope: Scope) -> [String]? { cache.namespacesToList(of: scope) }

    /// Acts on a change of the cache. Queues all keys at once, at the end.
    func carryOut(_ change: CacheChange) {
        var items: [WorkItem] = []
        for line in change.logLines { log(line) }
        for key in change.replaced { statuses.forgetWritten(key) }
        for (old, target) in change.retargeted { secrets.forget(old.uid, unless: target) }
        for (key, targets) in change.requested { request(targets, for: key) }
        for distribution in change.removed { items += forget(distribution).map(WorkItem.target) }
        for key in change.lost {
            targetRecords.forgetDeleted(key)
            items += self.items(of: statusRecords.forgetDeleted(key))
        }
        for (target, manager) in change.foreignChanges { recordForeignChange(target, by: manager) }
        if let news = change.mount {
            mountChanged(news, change.targets)
            items += targetRecords.ahead.keys.map(WorkItem.target)
        }
        if change.isPolicyNew {
            start.reset()
            ongoingEvaluations.forgetAll()
        }
        if change.hasOtherNamespaces { items += namespacesChanged(change.targets) }
        if !targetRecords.awaitingCluster.isEmpty, !cache.awaitsCluster {
            items += targetRecords.awaitingCluster.map(WorkItem.target)
            targetRecords.awaitingCluster = []
        }
        if change.isList {
            requestTidying()
            for target in change.changedBeforeList { markChanged(target) }
            targetRecords.changedByOthers = targetRecords.changedByOthers.filter { target, _ in
                cache.index.isClaimed(target) || cache.targets[target] != nil
            }
        }
        if change.scopes.count == cache.scopes.count {
            items += cache.items()
        } else {
            for scope in change.scopes { items += cache.items(in: scope) }
        }
        // An event that only returns our own status queues nothing.
        if change.updated.map({ statuses.isOwn($0.new, after: $0.old) }) != true {
            items += change.targets.map(WorkItem.target)
            items += change.statuses.map(WorkItem.status)
        }
        enqueue(items)
    }

    private func mountChanged(_ news: MountState.Change, _ targets: Set<ObjectKey>) {
        if !news.plainVolumes.isEmpty {
            logger.warning(
                "files are written one by one: a Secret can mix old and new content",
                ["volumes": .strings(news.plainVolumes)])
        }
        guard news.isNew, let snapshot = cache.mount.snapshot else { return }
        targetRecords.newerGenerations.forget(news.changed)
        certificateChecks = CertificateCheckCache()
        if news.old != nil, !news.changed.isEmpty { rotated(to: snapshot, news.changed, targets) }
    }

    /// Forgets the results for namespaces that are not selected any more.
    ///
    /// - Returns: the statuses of the cluster distributions, which show the numbers of namespaces.
    private func namespacesChanged(_ targets: Set<ObjectKey>) -> [WorkItem] {
        for key in cache.index.clusterDistributions.keys {
            let selected = cache.index.namespaces(of: key)
            for target in targets where !selected.contains(target.namespace) {
                let claim = Claim(distribution: key, namespace: target.namespace)
                clusterTargets.forget(claim)
                statusRecords.forgetAudit(claim)
            }
        }
        return cache.index.clusterDistributions.keys.map(WorkItem.status)
    }

    private func request(_ targets: Set<ObjectKey>, for distribution: ObjectKey) {
        if !targetRecords.requested.isSuperset(of: targets) {
            logger.info("comparison requested", ["distribution": .string(distribution.description)])
        }
        targetRecords.requested.formUnion(targets)
    }

    /// - Returns: former targets whose removal waited for the distribution.
    private func forget(_ distribution: SecretsDistribution) -> Set<ObjectKey> {
        let key = distribution.key
        statuses.forget(key)
        clusterTargets.forget(key)
        targetRecords.uncertain.remove(.status(key))
        secrets.forget(distribution.uid, unless: nil)
        return statusRecords.forget(key)
    }

    /// Records that another writer changed or removed a target. It may also have been our own write, if its response
    /// has not arrived yet.
    private func recordForeignChange(_ target: ObjectKey, by manager: String?) {
        guard cache.index.isClaimed(target) || cache.targets[target] != nil else { return }
        markChanged(target)
        if !isFollowing { drift.recordForeignChange(target, by: manager, at: now) }
    }

    /// Records that another writer changed a target. Its distribution is read before the next write: the writer may be an
    /// agent that has seen more events than this one.
    func markChanged(_ target: ObjectKey) {
        guard !settings.dryRun else { return }
        targetRecords.changedByOthers[target] = now
    }

    /// The keys that report about claims: their targets, and the statuses of cluster distributions.
    private func items(of claims: [Claim]) -> [WorkItem] {
        claims.compactMap { claim in
            claim.distribution.namespace.isEmpty
                ? .status(claim.distribution) : cache.index.target(of: claim).map(WorkItem.target)
        }
    }

    /// Queues what reports about claims.
    func enqueueOwners(_ claims: [Claim]) { enqueue(items(of: claims)) }

    private func log(_ line: CacheChange.LogLine) {
        switch line {
        case .scopeSkipped(let scope, let error):
            logger.warning(
                "scope is skipped", ["scope": .string(scope.description), "error": .string(error.description)])
        case .clusterSkipped(let error):
            let fields: Logger.Fields = ["error": .string(error.description)]
            if cache.index.clusterDistributions.isEmpty {
                // Cluster distributions are optional.
                logger.info("cluster distributions are not served", fields)
            } else {
                logger.warning("namespaces cannot be listed", fields)
            }
        case .scopeServed(let scope):
            logger.info("scope is served again", ["scope": .string(scope.description)])
        case .unreadable(let resource, let key, let reason):
            logger.warning(
                "object cannot be read",
                [
                    "resource": .string(resource.plural), "object": .string(key.description),
                    "error": .string(reason),
                ])
        case .unusable(let key, let excess):
            logger.warning(
                "secret cannot be used", ["secret": .string(key.description), "error": .string(excess)])
        case .readByName(let scope, let namespaces, let error):
            logger.warning(
                "secrets are read one by one",
                [
                    "scope": .string(scope.description), "namespaces": .strings(namespaces),
                    "error": .string(error.description),
                ])
        }
    }
}
