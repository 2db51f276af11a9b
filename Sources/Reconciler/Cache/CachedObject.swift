import Distribution
import Kube
import Planning

/// A kind of object that is listed and watched. Conformances hold what differs between kinds; `Cache` holds the rest.
protocol CachedObject: Sendable {
    var key: ObjectKey { get }
    var uid: String { get }
    var resourceVersion: String { get }

    /// The state of the kind's list and watch in a scope.
    static var feed: WritableKeyPath<ScopeState, ListWatchState> { get }
    /// Whether the cached version of an object is kept if a list contains the object but it cannot be read.
    static var keepsUnreadable: Bool { get }

    static func keys(in cache: Cache) -> [ObjectKey]
    static func known(_ key: ObjectKey, in cache: Cache) -> Self?

    /// - Parameter isAuthoritative: whether the object comes from a list or a response, and so is current regardless of its
    ///   resource version.
    static func keep(
        _ object: Self, isAuthoritative: Bool, in cache: inout Cache, sharing outcomes: [ObjectKey: DistributionStatus],
        _ change: inout CacheChange)

    /// - Parameter isEvent: true if a deletion event arrived; false if a list does not contain the object.
    static func remove(_ key: ObjectKey, isEvent: Bool, from cache: inout Cache, _ change: inout CacheChange)
}

extension CachedObject {
    /// Whether `known` is a newer version of the same object.
    func isOlder(than known: Self) -> Bool {
        uid == known.uid && known.resourceVersion.isNewerVersion(than: resourceVersion)
    }

    func isSameVersion(as other: Self) -> Bool { uid == other.uid && resourceVersion == other.resourceVersion }
}

extension SecretsDistribution: CachedObject {
    static var feed: WritableKeyPath<ScopeState, ListWatchState> { \.distributions }
    static var keepsUnreadable: Bool { true }

    static func keys(in cache: Cache) -> [ObjectKey] { cache.index.keys }
    static func known(_ key: ObjectKey, in cache: Cache) -> Self? { cache.index[key] }

    static func keep(
        _ object: Self, isAuthoritative: Bool, in cache: inout Cache, sharing outcomes: [ObjectKey: DistributionStatus],
        _ change: inout CacheChange
    ) {
        let key = object.key
        let known = cache.index[key]
        if isAuthoritative, let known, known.uid != object.uid || object.isOlder(than: known) {
            change.replaced.append(key)
        }
        let affected = cache.put(object, sharing: outcomes[key], &change)
        // Includes the former target, which it no longer describes.
        change.targets.formUnion(affected)
        if let known, known.uid == object.uid, known.forceSync != object.forceSync {
            change.requested[key] = affected.union(cache.index.targets(of: key))
            change.targets.formUnion(cache.index.targets(of: key))
        }
        if object.isCluster || cache.index.mayLackTarget(object) { change.statuses.append(key) }
        if !isAuthoritative, let known { change.updated = (known, cache.index[key] ?? object) }
    }

    static func remove(_ key: ObjectKey, isEvent: Bool, from cache: inout Cache, _ change: inout CacheChange) {
        if let old = cache.index[key] { change.removed.append(old) }
        let targets = cache.index.remove(key)
        for target in targets { cache.verdicts.forget(target) }
        change.targets.formUnion(targets)
    }
}

extension Namespace: CachedObject {
    var key: ObjectKey { ObjectKey(namespace: "", name: name) }

    static var feed: WritableKeyPath<ScopeState, ListWatchState> { \.namespaces }
    static var keepsUnreadable: Bool { true }

    static func keys(in cache: Cache) -> [ObjectKey] {
        cache.index.namespaces.keys.map { ObjectKey(namespace: "", name: $0) }
    }

    static func known(_ key: ObjectKey, in cache: Cache) -> Self? { cache.index.namespaces[key.name] }

    static func keep(
        _ object: Self, isAuthoritative: Bool, in cache: inout Cache, sharing outcomes: [ObjectKey: DistributionStatus],
        _ change: inout CacheChange
    ) {
        var object = object
        cache.interner.share(&object)
        recordTargets(cache.index.upsert(object), in: &cache, &change)
    }

    static func remove(_ key: ObjectKey, isEvent: Bool, from cache: inout Cache, _ change: inout CacheChange) {
        recordTargets(cache.index.remove(namespace: key.name), in: &cache, &change)
    }

    /// Records the targets that are described now, or not any more. The statuses show how many there are.
    private static func recordTargets(_ targets: Set<ObjectKey>, in cache: inout Cache, _ change: inout CacheChange) {
        guard !targets.isEmpty else { return }
        for target in targets { cache.verdicts.forget(target) }
        change.targets.formUnion(targets)
        change.hasOtherNamespaces = true
    }
}

extension ObservedTarget: CachedObject {
    static var feed: WritableKeyPath<ScopeState, ListWatchState> { \.targets }
    /// An unreadable Secret is read by name instead.
    static var keepsUnreadable: Bool { false }

    static func keys(in cache: Cache) -> [ObjectKey] { Array(cache.targets.keys) }
    static func known(_ key: ObjectKey, in cache: Cache) -> Self? { cache.targets[key] }

    static func keep(
        _ object: Self, isAuthoritative: Bool, in cache: inout Cache, sharing outcomes: [ObjectKey: DistributionStatus],
        _ change: inout CacheChange
    ) {
        let known = cache.targets[object.key]
        if let excess = object.excess, known?.excess != excess { change.logLines.append(.unusable(object.key, excess)) }
        guard isAuthoritative || known != object else { return }
        cache.put(object)
        guard !isAuthoritative else {
            if let known, known.uid != object.uid || known.resourceVersion != object.resourceVersion {
                change.changedBeforeList.append(object.key)
            }
            return
        }
        change.foreignChanges.append((object.key, object.changedBy))
        change.targets.insert(object.key)
    }

    static func remove(_ key: ObjectKey, isEvent: Bool, from cache: inout Cache, _ change: inout CacheChange) {
        cache.targets[key] = nil
        change.lost.append(key)
        guard isEvent else {
            change.changedBeforeList.append(key)
            return
        }
        change.foreignChanges.append((key, nil))
        change.targets.insert(key)
    }
}
