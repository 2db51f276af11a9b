package import Distribution
import Kube
package import Planning
package import Stores

/// What the controller hears of lists and watches that fail and work again, and what follows from it.
extension Controller {
    /// The distributions of `scope` cannot be listed, or not be watched. What is known stays.
    package func distributionsFailed(_ scope: Scope, _ error: StoreError) {
        defer { noteStart() }
        change(scope) {
            $0.distributions.fail(error, at: .now, .now())
            $0.distributions.expire(at: .now, limit: staleAfter)
        }
    }

    package func distributionsRecovered(_ scope: Scope) {
        guard scopes[scope]?.distributions.failure != nil else { return }
        change(scope) { $0.distributions.recover() }
    }

    /// The targets of `scope` cannot be listed, or not be watched. What is known stays; their distributions say so, if the
    /// role forbids it at once, else after `staleAfter`.
    package func targetsFailed(_ scope: Scope, _ error: StoreError) {
        defer { noteStart() }
        change(scope) { $0.targetsFailed(error, at: .now, .now(), limit: staleAfter) }
    }

    package func targetsRecovered(_ scope: Scope) {
        guard scopes[scope]?.targets.failure != nil else { return }
        change(scope) { $0.targets.recover() }
    }

    /// The distributions of `scope` are about to be listed again.
    package func resync(_ scope: Scope) { change(scope) { $0.distributions.relist() } }

    /// Before a write: asks for the distribution if what is known of it may be out of date. After a restore of etcd the
    /// Secrets may be listed first, and what a distribution that was lost asks for would stay for good.
    ///
    /// - Returns: whether what was planned by it still holds; if not, what is known was corrected.
    /// - Throws: if it cannot be asked for, until that has lasted; then what is known has to do.
    func confirm(_ known: SecretsDistribution) async throws(StoreError) -> Bool {
        let key = known.key
        guard let feed = scopes.first(where: { $0.key.contains(key.namespace) })?.value.distributions, feed.mayLag
        else { return true }
        let generation = snapshot?.generation
        let answer: SecretsDistribution?
        do {
            answer = try await distributions.current(key)
        } catch {
            if case .forbidden = error { return true }
            if feed.isStale { return true }
            throw error
        }
        // That it is gone only a list or an event can say: a server that has just started may not know the resource yet.
        guard let current = answer else {
            throw .unavailable("SecretsDistribution \(key) is not there any more", retryAfter: nil)
        }
        // Unless an event has come meanwhile.
        if current.uid != known.uid || current.resourceVersion != known.resourceVersion,
            index.distributions[key]?.resourceVersion == known.resourceVersion
        {
            replace(current)
        }
        guard let now = index.distributions[key] else { return false }
        return now.uid == known.uid && now.spec == known.spec && isOurs(now) && denial(of: now) == nil
            && snapshot?.generation == generation
    }

    /// Which namespaces to list one by one because the list of all fails; empty for a scope of one namespace. Those of the
    /// distributions: a list of namespaces is more than the role gives.
    ///
    /// - Returns: nil while it is not known which targets there should be.
    package func namespacesToList(of scope: Scope) -> [String]? {
        guard let state = scopes[scope], state.distributions.isListed, state.distributions.failure == nil else {
            return nil
        }
        guard scope == .all else { return [] }
        return Set(index.distributions.keys.map(\.namespace)).sorted()
    }

    /// What could be listed of a scope whose list fails as a whole. All other targets are asked for one by one.
    package func targets(_ scope: Scope, inParts parts: [String: [ObservedTarget]], because error: StoreError) {
        defer { noteStart() }
        for (namespace, all) in parts { replace(all, in: .namespace(namespace)) }
        isUntidy = true
        let listed = Set(parts.keys)
        if scopes[scope]?.targets.listedNamespaces != listed {
            let others = Set(index.targets.map(\.namespace)).filter { scope.contains($0) }.subtracting(listed)
            logger.warning(
                "secrets are read one by one",
                [
                    "scope": .string(scope.description), "namespaces": .strings(others.sorted()),
                    "error": .string(error.description),
                ])
        }
        scopes[scope, default: ScopeState()].targets.list(only: listed, because: error)
        enqueueAll(in: scope)
    }

    /// Logs what changes of the access to `scope`, and has its targets looked at if their statuses have to say something
    /// else.
    func change(_ scope: Scope, _ change: (inout ScopeState) -> Void) {
        let old = scopes[scope] ?? ScopeState()
        var new = old
        change(&new)
        scopes[scope] = new
        if new.isRefused != old.isRefused {
            if new.isRefused, let error = [new.distributions, new.targets].first(where: \.isRefused)?.failure {
                logger.warning(
                    "scope is left out",
                    ["scope": .string(scope.description), "error": .string(error.description)])
            } else {
                logger.info("scope is served again", ["scope": .string(scope.description)])
            }
        }
        logUnreadable(.secrets, old.targets, new.targets)
        logUnreadable(.secretsDistributions, old.distributions, new.distributions)
        let (seen, sees) = (old.targets, new.targets)
        if seen.isStale != sees.isStale || (seen.isRefused || sees.isRefused) && seen.failure != sees.failure {
            enqueueAll(in: scope)
        }
    }

    /// Each object that cannot be read once, not with each list.
    private func logUnreadable(_ resource: Resource, _ old: FeedState, _ new: FeedState) {
        for (key, reason) in new.unreadable where old.unreadable[key] != reason {
            logger.warning(
                "object cannot be read",
                [
                    "resource": .string(resource.plural), "object": .string(key.description),
                    "error": .string(reason),
                ])
        }
    }

    // MARK: What statuses say of it

    private func targets(in namespace: String) -> FeedState? {
        scopes.first { $0.key.contains(namespace) }?.value.targets
    }

    /// Why changes of targets in a namespace are not heard of at once; nil if they are.
    func blindness(in namespace: String) -> StoreError? {
        guard let targets = targets(in: namespace), targets.isListed else { return nil }
        return targets.isRefused || targets.isUnlisted(namespace) ? targets.failure : nil
    }

    /// Why nothing is known of the targets in a namespace; nil if it is.
    func missingTargets(in namespace: String) -> StoreError? {
        guard let targets = targets(in: namespace), !targets.isListed else { return nil }
        return targets.isRefused ? targets.failure : staleness(of: targets, in: namespace).map { .rejected($0) }
    }

    /// Whether a target has to be asked for by its name: no list has it.
    func isUnlisted(_ target: ObjectKey) -> Bool {
        guard let targets = targets(in: target.namespace) else { return false }
        return targets.isUnlisted(target.namespace) || (observed[target] == nil && targets.mayHide(target))
    }

    /// A status of a target in line that has not been seen for long: it may not be so any more. Writes go on.
    func doubt(_ status: DistributionStatus, of target: ObjectKey) -> DistributionStatus {
        guard status.reason == .synced, let targets = targets(in: target.namespace),
            let staleness = staleness(of: targets, in: target.namespace)
        else { return status }
        var doubted = status
        doubted.reason = .writeFailed
        doubted.message = "Secret \(target.name) was in line when it was last seen, but \(staleness)."
        return doubted
    }

    private func staleness(of targets: FeedState, in namespace: String) -> String? {
        guard targets.isStale, let error = targets.failure, let since = targets.since else { return nil }
        return "the Secrets of namespace \(namespace) cannot be listed since \(since): \(error.description)"
    }
}
