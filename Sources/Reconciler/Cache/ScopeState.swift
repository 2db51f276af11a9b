import Distribution
import Kube
import Observability
import Stores

/// What is known of one scope: whether its distributions and its Secrets could be listed, and why they cannot be now.
struct ScopeState: Sendable {
    var distributions = FeedState()
    var targets = FeedState()

    /// Its targets may be looked at: what there is to know is known, or a status has to say why it is not.
    var isReady: Bool {
        distributions.isListed && (targets.isListed || targets.isRefused || targets.isStale)
    }

    /// The role gives no access to it: nothing can be done there, until the role or the namespace comes back.
    var isRefused: Bool {
        (distributions.isRefused && !distributions.isListed) || (targets.isRefused && !targets.isListed)
    }
}

/// Lists and watches of one kind of object in one scope.
struct FeedState: Sendable {
    /// Since when it has not worked.
    private struct Outage: Sendable {
        let start: ContinuousClock.Instant
        let time: Timestamp
    }

    /// There has been a list, as a whole or in parts.
    private(set) var isListed = false
    /// Why the list or the watch failed last; nil if it works. A role that allows lists alone leaves it set.
    private(set) var failure: StoreError?
    /// Namespaces that could be listed when the list of the whole scope failed; nil: the whole could be.
    private(set) var listedNamespaces: Set<String>?
    /// Why objects of the last list could not be read, by name, the empty one for all that have none that can be read.
    private(set) var unreadable: [ObjectKey: String] = [:]
    /// Nothing could be listed or watched for so long that what was seen last may not be so any more.
    private(set) var isStale = false
    /// It is being listed again, by a resync.
    private var isListing = false
    private var outage: Outage?

    var isRefused: Bool { if case .forbidden? = failure { true } else { false } }

    /// What is known may be out of date.
    var mayLag: Bool { isListing || (failure != nil && !isRefused) }

    /// A failure that lasts no longer than a watch that is opened again is none.
    var works: Bool { failure == nil || (isListed && !isRefused && !isStale && listedNamespaces == nil) }

    /// Lists and watches work.
    var isAccessible: Bool { isListed && works }

    /// When it began not to work, RFC 3339.
    var since: String? { outage?.time.rfc3339 }

    mutating func relist() { isListing = isListed }

    /// The list or the watch has failed. It is stale once it has not worked for `limit`, whatever else works: a server
    /// that fails every list may still take statuses.
    mutating func fail(
        _ error: StoreError, at now: ContinuousClock.Instant, _ time: Timestamp, limit: Duration
    ) {
        failure = error
        let start = outage?.start ?? now
        if outage == nil { outage = Outage(start: start, time: time) }
        if start.duration(to: now) >= limit { isStale = true }
    }

    /// All objects were listed. Whether they can be watched too is another matter.
    ///
    /// - Parameter unreadable: those that are there and could not be read.
    mutating func list(unreadable items: [UnreadableItem] = []) {
        unreadable = Dictionary(items.map { ($0.key, $0.reason) }) { first, _ in first }
        isListed = true
        isListing = false
        outage = nil
        isStale = false
        listedNamespaces = nil
        if !isRefused { failure = nil }
    }

    /// Of the objects those of `namespaces` were listed; the others have to be asked for by name.
    mutating func list(only namespaces: Set<String>, because error: StoreError) {
        isListed = true
        outage = nil
        isStale = false
        listedNamespaces = namespaces
        failure = error
    }

    /// The watch works.
    mutating func recover() {
        failure = nil
        outage = nil
        isStale = false
    }

    /// An object of the last list has come, or has gone, since.
    mutating func read(_ key: ObjectKey) {
        if !unreadable.isEmpty { unreadable[key] = nil }
    }

    /// Whether an object that is not known may be there all the same.
    func mayHide(_ key: ObjectKey) -> Bool {
        !unreadable.isEmpty && (unreadable[key] != nil || unreadable[UnreadableItem.nameless] != nil)
    }

    /// Whether objects of a namespace have to be asked for by name, because no list has them.
    func isUnlisted(_ namespace: String) -> Bool { listedNamespaces.map { !$0.contains(namespace) } ?? false }
}

extension UnreadableItem {
    fileprivate static let nameless = ObjectKey(namespace: "", name: "")

    fileprivate var key: ObjectKey {
        metadata.map { ObjectKey(namespace: $0.namespace ?? "", name: $0.name) } ?? Self.nameless
    }
}
