import Distribution
import Observability
import Planning
import Snapshots

/// Whether the agent does its work: it has seen what it works with.
extension Controller {
    /// Why it does not, a phrase each; empty if it is ready.
    package var unreadiness: [String] { probes.readiness.compactMap(\.problem) }

    static func readiness(of cache: Cache) -> [HealthCheck] {
        var checks = [
            HealthCheck("mount", problem: cache.mount.snapshot == nil ? "the mount has had no files yet" : nil)
        ]
        // The others are served; without any, the agent does nothing.
        let othersAreServed = !cache.scopes.values.allSatisfy(\.isRefused)
        for (scope, state) in cache.scopes.sorted(by: { $0.key.description < $1.key.description }) {
            let isLeftOut = state.isRefused && othersAreServed
            for (name, feed) in [("distributions", state.distributions), ("Secrets", state.targets)] {
                let problem = feed.problem(of: "the \(name) of \(scope)")
                let isExcused = feed.isListed || isLeftOut
                checks.append(
                    HealthCheck(
                        "\(name) in \(scope)", problem: isExcused ? nil : problem, note: isExcused ? problem : nil))
            }
        }
        if cache.policy.isWanted { checks.append(HealthCheck("access policy", problem: cache.policy.unreadiness)) }
        return checks
    }

    /// Logs that the agent is ready, or a reason why it is not that was not known.
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
    /// The first full pass is done once all is known and each key that was to be worked on then has had a turn, whatever came
    /// of it. Waiting for a verdict counts: whoever makes work all the time must not keep the agent from starting.
    ///
    /// A follower leaves the pass to the leader, if there is one; where there is nothing to write it waits for nobody: a
    /// container that was started again, perhaps after the leader, must not take its application out of service until
    /// another leads.
    ///
    /// To be called when what an event calls for is in the queue.
    func noteStart() {
        guard !probes.hasStarted, unreadiness.isEmpty,
            isFollowing ? start.isLed || isAllInSync() : isFirstPassDone()
        else { return }
        probes.hasStarted = true
        start.reset()
        logger.info("first pass done", ["distributions": .int(cache.index.distributions.count)])
        dependencies.firstPassDone(statuses.outcomes)
    }

    private func isFirstPassDone() -> Bool {
        if start.firstPass == nil { start.firstPass = Set(worker.read { $0.unfinished }) }
        return start.firstPass?.isEmpty == true
    }

    /// Whether a leader would write no content. Each target is looked at until it is in line, and not again: a burst of events
    /// costs one look. What waits for a verdict counts as looked at, as in a leader's first pass.
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
            let desired = try? DesiredTarget(
                distribution, from: cache.mount.snapshot, managedBy: settings.managedBy, pairs: &pairs)
        else { return true }
        let review = TargetReview(
            of: desired, by: distribution.spec, over: cache.targets[key], pairs: &pairs, now: Timestamp.now())
        switch Plan(
            desired: desired, observed: cache.targets[key], managedBy: settings.managedBy, held: review.refusal)
        {
        case .unchanged, .refuse: return true
        // Another's Secret is not in the cache; the status says that it is there.
        case .create: return distribution.status.ready?.reason == Reason.notManaged.rawValue
        case .update(let old, let patch): return !patch.changesContent || isAhead(old)
        case .recreate(let old, _): return isAhead(old)
        }
    }
}

extension FeedState {
    /// Why it does not work, a phrase.
    fileprivate func problem(of name: String) -> String? {
        if works { return isListed ? nil : "\(name) have not been listed yet" }
        guard let failure else { return nil }
        if listedNamespaces != nil { return "\(name) cannot be listed as a whole: \(failure)" }
        return isListed
            ? "\(name) cannot be listed or not be watched: \(failure)" : "\(name) cannot be listed: \(failure)"
    }
}
