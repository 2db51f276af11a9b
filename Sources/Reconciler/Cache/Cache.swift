import Distribution
import Kube
import MountWatch
import Observability
import Planning
import Snapshots
import Stores

/// The known state of the mount, the distributions, the Secrets with our label and the access policy, and whether each
/// is current.
///
/// A value. It changes through `apply`, and through the responses to the reconciler's own requests (`Cache+Answers`).
struct Cache: Sendable {
    typealias Instant = ContinuousClock.Instant

    var mount = MountState()
    /// Nil if the agent may not read them, or if the mount has no CSI volume.
    private(set) var versions: VaultVersions?
    var index: DistributionIndex
    /// Our Secrets, as last read or written.
    var targets: [ObjectKey: ObservedTarget] = [:]
    private var beingWritten: [ObjectKey: WriteInProgress] = [:]
    private(set) var scopes: [Scope: ScopeState]
    private(set) var policy: PolicyState
    var verdicts = PolicyVerdicts()
    /// Shares equal strings and collections of distributions and targets.
    var interner = Interner()
    /// How long a scope's Secrets may be neither listed nor watched before the statuses report it.
    private let staleAfter: Duration

    /// - Parameter isOurs: whether this instance acts on a distribution.
    init(
        scopes: [Scope], hasPolicy: Bool, staleAfter: Duration,
        isOurs: @escaping @Sendable (SecretsDistribution) -> Bool
    ) {
        index = DistributionIndex(isOurs: isOurs)
        self.scopes = Dictionary(uniqueKeysWithValues: scopes.map { ($0, ScopeState()) })
        policy = PolicyState(isWanted: hasPolicy)
        self.staleAfter = staleAfter
    }

    /// Applies an event.
    ///
    /// - Parameters:
    ///   - outcomes: the last results by distribution; text that they share with an object is stored once.
    ///   - time: the wall clock, for messages in statuses.
    mutating func apply(
        _ event: CacheEvent, sharing outcomes: [ObjectKey: DistributionStatus] = [:], at now: Instant, _ time: Timestamp
    ) -> CacheChange {
        var change = CacheChange()
        let staleAfter = staleAfter
        switch event {
        case .mount(let reading): apply(reading, &change)
        case .policy(let reading):
            change.affectsReadiness = true
            guard policy.store(reading) else { break }
            verdicts.forgetAll()
            change.isPolicyNew = true
            change.scopes = Set(scopes.keys)
        case .versions(let new):
            change.targets = index.targets(reading: new.changes(since: versions), folders: [])
            versions = new
        case .distributions(let scope, let event): apply(event, in: scope, sharing: outcomes, &change)
        case .targets(_, .upsert(let target)) where beingWritten[target.key] != nil,
            .targets(_, .delete(let target)) where beingWritten[target.key] != nil:
            // Of several events about one Secret, only the last counts.
            beingWritten[target.key]?.events.removeAll { $0.uid == target.uid }
            beingWritten[target.key]?.events.append((target.uid, event))
        case .targets(let scope, let event): apply(event, in: scope, sharing: outcomes, &change)
        case .namespaces(let event): apply(event, in: .cluster, sharing: outcomes, &change)
        case .targetsInParts(let scope, let parts, let error): apply(parts, of: scope, because: error, &change)
        case .distributionsWatch(let scope, let news):
            update(scope, &change) { state in
                switch news {
                case .failed(let error):
                    state.distributions.fail(error, besides: state.targets, at: now, time, limit: staleAfter)
                case .recovered: state.distributions.recover()
                case .relisting: state.distributions.relist()
                }
            }
        case .targetsWatch(let scope, let news): update(scope, \.targets, news, at: now, time, &change)
        case .namespacesWatch(let news): update(.cluster, \.namespaces, news, at: now, time, &change)
        }
        return change
    }

    /// Applies a change of the watch of Secrets or of namespaces.
    private mutating func update(
        _ scope: Scope, _ feed: WritableKeyPath<ScopeState, ListWatchState>, _ news: ListWatchStateChange,
        at now: Instant, _ time: Timestamp, _ change: inout CacheChange
    ) {
        let staleAfter = staleAfter
        update(scope, &change) { state in
            switch news {
            case .failed(let error):
                state[keyPath: feed].fail(error, besides: state.distributions, at: now, time, limit: staleAfter)
            case .recovered: state[keyPath: feed].recover()
            case .relisting: break
            }
        }
    }

    private mutating func apply(_ reading: MountReading, _ change: inout CacheChange) {
        let news = mount.apply(reading)
        change.affectsReadiness = true
        if news.affectsAll { change.scopes = Set(scopes.keys) }
        if news.isNew, let new = mount.snapshot, let old = news.old {
            change.targets = index.targets(
                reading: news.changed, folders: news.changed.filter { new.isFailed($0) || old.isFailed($0) })
        }
        if news.hasOtherFiles { verdicts.forgetFolders() }
        change.mount = news
    }

    /// Begins a write of a target. Events about it wait until `endWrite`: before the response, nothing shows whether they are
    /// about our write or about a later change of another writer.
    mutating func beginWrite(of target: ObjectKey) { beingWritten[target] = WriteInProgress() }

    /// Whether a list has replaced the target since the write began. It may be older than the response or newer.
    func isListed(sinceWriteOf target: ObjectKey) -> Bool { beingWritten[target]?.isListed == true }

    /// Ends a write of a target.
    ///
    /// - Returns: the events to apply after the response was stored, oldest first.
    mutating func endWrite(of target: ObjectKey) -> [CacheEvent] {
        beingWritten.removeValue(forKey: target)?.events.map(\.event) ?? []
    }

    /// Applies an event of any kind of object: an event changes one object, a list replaces all objects of its scope.
    private mutating func apply<Object: CachedObject>(
        _ event: ListWatchEvent<Object>, in scope: Scope, sharing outcomes: [ObjectKey: DistributionStatus],
        _ change: inout CacheChange
    ) {
        switch event {
        case .upsert(let object):
            handleChange(of: object, in: scope, &change)
            if let known = Object.known(object.key, in: self), object.isOlder(than: known) { return }
            Object.keep(object, isAuthoritative: false, in: &self, sharing: outcomes, &change)
        case .delete(let object):
            handleChange(of: object, in: scope, &change)
            guard Object.known(object.key, in: self)?.uid == object.uid else { return }
            Object.remove(object.key, isEvent: true, from: &self, &change)
        case .replace(let all, let unreadable):
            update(scope, &change) { $0[keyPath: Object.feed].list(unreadable: unreadable) }
            replace(all, in: scope, sharing: outcomes, &change)
            change.isList = true
            change.scopes.insert(scope)
        }
    }

    /// Records that the watch works, because an event about an object arrived.
    private mutating func handleChange<Object: CachedObject>(
        of object: Object, in scope: Scope, _ change: inout CacheChange
    ) {
        guard let feed = scopes[scope]?[keyPath: Object.feed], feed.failure != nil || !feed.unreadable.isEmpty else {
            return
        }
        update(scope, &change) { state in
            if feed.failure != nil { state[keyPath: Object.feed].recover() }
            if !Object.keepsUnreadable { state[keyPath: Object.feed].read(object.key) }
        }
    }

    /// Replaces all objects of `scope`, even if their resource versions are older than the cached ones, as after a
    /// restore of etcd. The events that follow the list include our own writes since then.
    private mutating func replace<Object: CachedObject>(
        _ all: [Object], in scope: Scope, sharing outcomes: [ObjectKey: DistributionStatus], _ change: inout CacheChange
    ) {
        let present = Set(all.map(\.key))
        if Object.self == ObservedTarget.self {
            for key in Array(beingWritten.keys) where scope.contains(key.namespace) {
                beingWritten[key] = WriteInProgress(isListed: true)
            }
        }
        let feed = scopes[scope]?[keyPath: Object.feed]
        for key in Object.keys(in: self) where scope.contains(key.namespace) && !present.contains(key) {
            if Object.keepsUnreadable, feed?.mayExistUnreadable(key) == true { continue }
            Object.remove(key, isEvent: false, from: &self, &change)
        }
        for object in all { Object.keep(object, isAuthoritative: true, in: &self, sharing: outcomes, &change) }
    }

    private mutating func apply(
        _ parts: [String: [ObservedTarget]], of scope: Scope, because error: StoreError, _ change: inout CacheChange
    ) {
        for (namespace, all) in parts { replace(all, in: .namespace(namespace), sharing: [:], &change) }
        let listed = Set(parts.keys)
        if scopes[scope]?.targets.listedNamespaces != listed {
            let others = Set(index.targets.map(\.namespace)).filter { scope.contains($0) }.subtracting(listed)
            change.logLines.append(.readByName(scope, namespaces: others.sorted(), error))
        }
        scopes[scope, default: ScopeState()].targets.list(only: listed, because: error)
        change.affectsReadiness = true
        change.isList = true
        change.scopes.insert(scope)
    }

    /// Changes the state of a scope, and requests a comparison of its targets if their statuses must change.
    private mutating func update(_ scope: Scope, _ change: inout CacheChange, _ body: (inout ScopeState) -> Void) {
        let old = scopes[scope] ?? ScopeState()
        var new = old
        body(&new)
        scopes[scope] = new
        change.affectsReadiness = true
        if new.isRefused != old.isRefused {
            if new.isRefused, let error = new.feeds.first(where: \.isRefused)?.failure {
                change.logLines.append(scope == .cluster ? .clusterSkipped(error) : .scopeSkipped(scope, error))
            } else {
                change.logLines.append(.scopeServed(scope))
            }
        }
        for (resource, old, new) in [
            (Resource.secrets, old.targets, new.targets), (.namespaces, old.namespaces, new.namespaces),
            (
                scope == .cluster ? .clusterSecretsDistributions : .secretsDistributions, old.distributions,
                new.distributions
            ),
        ] {
            // Log each one once, not with each list.
            for (key, reason) in new.unreadable where old.unreadable[key] != reason {
                change.logLines.append(.unreadable(resource, key, reason: reason))
            }
        }
        for (seen, sees) in [(old.targets, new.targets), (old.namespaces, new.namespaces)]
        where seen.isStale != sees.isStale || (seen.isRefused || sees.isRefused) && seen.failure != sees.failure {
            change.scopes.insert(scope)
        }
    }
}

/// A target that is being written.
private struct WriteInProgress: Sendable {
    /// The events about it that wait for the response.
    var events: [(uid: String, event: CacheEvent)] = []
    /// See `Cache.isListed`.
    var isListed = false
}
