import Distribution
import Kube
import Observability
import Stores

/// The state of one scope: whether its objects were listed, and why they cannot be listed now.
struct ScopeState: Sendable {
    var distributions = ListWatchState()
    /// Not used for the cluster.
    var targets = ListWatchState()
    /// Used only for the cluster.
    var namespaces = ListWatchState()

    var feeds: [ListWatchState] { [distributions, targets, namespaces] }

    /// Whether the scope's targets can be reconciled: its objects are known, or a status must report why they are not.
    var isReady: Bool {
        distributions.isListed && (targets.isListed || targets.isRefused || targets.isStale)
    }

    /// Whether the role gives no access to the scope. The scope is skipped until the role or the namespace exists
    /// again.
    var isRefused: Bool {
        feeds.contains { $0.isRefused && !$0.isListed }
    }
}

/// The state of the list and watch of one kind of object in one scope.
struct ListWatchState: Sendable {
    private struct Outage: Sendable {
        /// When the outage began.
        let start: ContinuousClock.Instant
        let time: Timestamp
        /// The start of the time that makes the objects stale.
        var countsFrom: ContinuousClock.Instant
        /// Whether the outage has reached the limit.
        var isLong = false
    }

    /// Whether the objects were listed, completely or in parts.
    private(set) var isListed = false
    /// Why the list or the watch failed last; nil if both work. Stays set if the role allows lists but not watches.
    private(set) var failure: StoreError?
    /// The namespaces that could be listed when the list of the whole scope failed; nil if the whole scope was listed.
    private(set) var listedNamespaces: Set<String>?
    /// Why objects of the last list could not be read, by key. The empty key stands for all objects whose name cannot
    /// be read.
    private(set) var unreadable: [ObjectKey: String] = [:]
    /// Whether lists and watches have failed for so long that the cached objects may be out of date. Statuses report it.
    private(set) var isStale = false
    /// Whether a resync is listing the objects again.
    private var isListing = false
    private var outage: Outage?

    var isRefused: Bool { if case .forbidden? = failure { true } else { false } }

    private var isUnreachable: Bool { if case .unreachable? = failure { true } else { false } }

    /// Whether the first list is still to come.
    var isAwaited: Bool { !isListed && !isRefused && !isStale }

    /// Whether the cached objects may be out of date.
    var mayLag: Bool { isListing || (failure != nil && !isRefused) }

    /// Whether lists and watches work. A short outage after a complete list does not count, although `failure` shows it
    /// until the watch is reopened.
    var works: Bool {
        failure == nil || (isListed && !isRefused && outage?.isLong != true && listedNamespaces == nil)
    }

    /// Whether the objects were listed, and lists and watches work.
    var isAccessible: Bool { isListed && works }

    /// When the outage began, RFC 3339.
    var since: String? { outage?.time.rfc3339 }

    mutating func relist() { isListing = isListed }

    /// Records a failed list or watch. The objects become stale after `limit`, even if nothing else can be listed either:
    /// a server that fails every list may still accept statuses.
    ///
    /// The time without a connection for both kinds of objects does not make them stale. No status can be written then,
    /// and afterwards thousands would change twice, before and after the first list.
    ///
    /// - Parameter other: the state of the other kind of objects of the scope.
    mutating func fail(
        _ error: StoreError, besides other: ListWatchState, at now: ContinuousClock.Instant, _ time: Timestamp,
        limit: Duration
    ) {
        failure = error
        var current = outage ?? Outage(start: now, time: time, countsFrom: now)
        current.isLong = current.start.duration(to: now) >= limit
        if isUnreachable, other.isUnreachable {
            current.countsFrom = now
        } else if current.countsFrom.duration(to: now) >= limit {
            isStale = true
        }
        outage = current
    }

    /// Records a list of all objects. It does not show whether they can be watched.
    ///
    /// - Parameter unreadable: the objects in the list that could not be read.
    mutating func list(unreadable items: [UnreadableItem] = []) {
        unreadable = Dictionary(items.map { ($0.key, $0.reason) }) { first, _ in first }
        isListed = true
        isListing = false
        outage = nil
        isStale = false
        listedNamespaces = nil
        if !isRefused { failure = nil }
    }

    /// Records a list of the objects of `namespaces` only. All others must be read by name.
    mutating func list(only namespaces: Set<String>, because error: StoreError) {
        isListed = true
        outage = nil
        isStale = false
        listedNamespaces = namespaces
        failure = error
    }

    /// Records that the watch works.
    mutating func recover() {
        failure = nil
        outage = nil
        isStale = false
    }

    /// Records that an event about an object arrived after the last list.
    mutating func read(_ key: ObjectKey) {
        if !unreadable.isEmpty { unreadable[key] = nil }
    }

    /// Whether an object that is not in the cache may exist, because the list contains unreadable objects.
    func mayExistUnreadable(_ key: ObjectKey) -> Bool {
        !unreadable.isEmpty && (unreadable[key] != nil || unreadable[UnreadableItem.nameless] != nil)
    }

    /// Whether objects of a namespace must be read by name because no list contains them.
    func isUnlisted(_ namespace: String) -> Bool { listedNamespaces.map { !$0.contains(namespace) } ?? false }
}

extension UnreadableItem {
    fileprivate static let nameless = ObjectKey(namespace: "", name: "")

    fileprivate var key: ObjectKey {
        metadata.map { ObjectKey(namespace: $0.namespace ?? "", name: $0.name) } ?? Self.nameless
    }
}
