import Distribution
import Observability
import Planning
import Snapshots

/// Readiness: the agent is ready when it knows the mount, the objects and the access policy.
extension Controller {
    /// Why the agent is not ready, as phrases; empty if it is ready.
    package var unreadiness: [String] { probes.readiness.compactMap(\.problem) }

    static func readiness(of cache: Cache) -> [HealthCheck] {
        var checks = [
            HealthCheck("mount", problem: cache.mount.snapshot == nil ? "the mount has had no files yet" : nil)
        ]
        // A skipped scope does not make the agent unready, unless all scopes are skipped.
        let scopes = cache.scopes.filter { $0.key != .cluster }
        let othersAreServed = !scopes.values.allSatisfy(\.isRefused)
        for (scope, state) in scopes.sorted(by: { $0.key.description < $1.key.description }) {
            let isSkipped = state.isRefused && othersAreServed
            for (name, feed) in [("distributions", state.distributions), ("Secrets", state.targets)] {
                let problem = feed.problem(of: "the \(name) of \(scope)")
                let isExcused = feed.isListed || isSkipped
                checks.append(
                    HealthCheck(
                        "\(name) in \(scope)", problem: isExcused ? nil : problem, note: isExcused ? problem : nil))
            }
        }
        for (name, feed) in clusterFeeds(of: cache) {
            let problem = feed.problem(of: "the \(name)")
            let isExcused = feed.isListed || feed.isRefused
            checks.append(HealthCheck(name, problem: isExcused ? nil : problem, note: isExcused ? problem : nil))
        }
        if cache.policy.isWanted { checks.append(HealthCheck("access policy", problem: cache.policy.unreadiness)) }
        return checks
    }

    /// The lists that cluster distributions need. They are optional: without the resource definition or a role there
    /// are none.
    private static func clusterFeeds(of cache: Cache) -> [(name: String, feed: ListWatchState)] {
        guard let state = cache.scopes[.cluster] else { return [] }
        let isUsed = !cache.index.clusterDistributions.isEmpty
        if state.distributions.isRefused, !isUsed { return [] }
        let feeds = [("cluster distributions", state.distributions)]
        return isUsed && cache.servesCluster ? feeds + [("namespaces", state.namespaces)] : feeds
    }

    /// Logs that the agent became ready, or why it is not if there is a new reason.
    func announceReadiness() {
        let known = unreadiness
        probes.readiness = Self.readiness(of: cache)
        let reasons = unreadiness
        if reasons.isEmpty {
            if !known.isEmpty { logger.info("ready") }
        } else if !reasons.allSatisfy(known.contains) {
            logger.warning("not ready", ["reasons": .strings(reasons)])
        }
    }
}

extension Controller {
    /// Checks whether the first full pass is done, and records it.
    ///
    /// The pass is done when the agent is ready and each key that was queued at that moment has been processed,
    /// whatever the result. A key that waits for a policy evaluation, or for the time that the server asked for, counts as
    /// processed: a distribution that keeps changing must not keep the agent from starting.
    ///
    /// A follower leaves the pass to the leader. Without a leader it is done if there is nothing to write. Otherwise a
    /// restarted container, perhaps the former leader's, would keep its application out of service until another agent
    /// leads.
    ///
    /// Call this after the keys of an event were queued.
    func checkFirstPass() {
        guard !probes.hasStarted, unreadiness.isEmpty,
            isFollowing ? start.hasOtherLeader || isAllInSync() : isFirstPassDone()
        else { return }
        probes.hasStarted = true
        start.reset()
        logger.info("first pass done", ["distributions": .int(cache.index.count)])
        dependencies.firstPassDone(statuses.outcomes)
    }

    private func isFirstPassDone() -> Bool {
        if start.firstPass == nil { start.firstPass = Set(worker.read { $0.unfinished }) }
        return start.firstPass?.isEmpty == true
    }

    /// Whether a leader would write no content. A target that was in sync once is not checked again, so that a burst of
    /// events costs one check of each. A target that waits for a policy evaluation counts as in sync, as in a leader's
    /// first pass.
    private func isAllInSync() -> Bool {
        var unseen = start.unseen ?? Array(cache.index.targets)
        while let key = unseen.last, isInSync(key) { unseen.removeLast() }
        start.unseen = unseen
        return unseen.isEmpty
    }

    private func isInSync(_ key: ObjectKey) -> Bool {
        guard let distribution = cache.index.winner(of: key), hasVerdict(on: distribution)
        else {
            return true
        }
        guard denial(of: distribution) == nil,
            var desired = try? DesiredTarget(
                distribution, from: cache.mount.snapshot, managedBy: settings.managedBy, checks: &certificateChecks)
        else { return true }
        desired.compareGenerated(with: cache.targets[key], wasWritten: false, at: .now())
        let review = TargetReview(
            of: desired, by: distribution.spec, over: cache.targets[key], checks: &certificateChecks,
            now: Timestamp.now())
        switch Plan(
            desired: desired, observed: cache.targets[key], managedBy: settings.managedBy,
            held: review.refusal ?? secrets.refusal(of: desired))
        {
        case .unchanged, .refuse: return true
        // Another owner's Secret is not in the cache; the status reports that it exists.
        case .create: return distribution.isReported(.notManaged)
        case .update(let old, let patch): return !patch.changesContent || isAhead(old)
        case .recreate(let old, _): return isAhead(old)
        }
    }
}

extension SecretsDistribution {
    /// Whether the stored status gives this reason for the target.
    fileprivate func isReported(_ reason: Reason) -> Bool {
        guard isCluster else { return status.ready?.reason == reason.rawValue }
        guard let targets = status.targets, let namespace = targetNamespace else { return false }
        // The status names only the first ones.
        if targets.all - targets.inSync > targets.notInSync.count, let last = targets.notInSync.last,
            last.namespace < namespace
        {
            return true
        }
        return targets.notInSync.contains { $0.namespace == namespace && $0.reason == reason.rawValue }
    }
}

extension ListWatchState {
    /// Why the list and watch do not work, as a phrase.
    fileprivate func problem(of name: String) -> String? {
        if works { return isListed ? nil : "\(name) have not been listed yet" }
        guard let failure else { return nil }
        if listedNamespaces != nil { return "\(name) cannot be listed as a whole: \(failure)" }
        return isListed
            ? "\(name) cannot be listed or watched: \(failure)" : "\(name) cannot be listed: \(failure)"
    }
}
