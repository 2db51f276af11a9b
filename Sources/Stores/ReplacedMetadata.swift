import Distribution
import JSON

/// The metadata of Secrets that were deleted to be replaced, until the replacement is created. A value; time is a
/// parameter.
///
/// The metadata belongs to the distribution that is the reason for the replacement. A Secret of the same name that
/// another distribution or another writer creates does not get it.
struct ReplacedMetadata: Sendable {
    /// As long as Kubernetes keeps an Event. A replacement is delayed by an outage, a quota or a webhook. By then that
    /// is over, or others have set their metadata again.
    private static let lifetime: Duration = .seconds(3600)
    /// The limits for one Secret (`largest`) and for all (`most`), in bytes of JSON. If the total exceeds `most`, the
    /// oldest entry of the namespace with the most bytes is removed first.
    static let largest = 256 << 10
    private static let most = 4 << 20

    private struct Entry {
        let key: ObjectKey
        /// The uid of the Secret that was deleted.
        let uid: String
        /// Kept as JSON, because decoded values take ten times the memory.
        let metadata: [UInt8]
        let end: ContinuousClock.Instant
    }

    /// A distribution has one target in a namespace.
    private struct Owner: Hashable {
        /// The uid of the distribution.
        let distribution: String
        let namespace: String
    }

    private var entries: [Owner: Entry] = [:]

    /// The total size in bytes.
    var size: Int { entries.values.reduce(0) { $0 + $1.metadata.count } }

    /// The metadata of the Secret that a distribution replaces; nil if there is none.
    func metadata(of key: ObjectKey, for distribution: String, at now: ContinuousClock.Instant) -> JSONValue? {
        let owner = Owner(distribution: distribution, namespace: key.namespace)
        guard let entry = entries[owner], entry.key == key, now < entry.end else { return nil }
        return try? JSONBytes.decode(JSONValue.self, from: entry.metadata)
    }

    /// Stores the metadata of a Secret that is about to be deleted.
    ///
    /// - Parameter metadata: see `ForeignMetadata`.
    mutating func keep(
        _ metadata: JSONValue, of key: ObjectKey, uid: String, for distribution: String,
        at now: ContinuousClock.Instant
    ) {
        entries = entries.filter { now < $0.value.end }
        let owner = Owner(distribution: distribution, namespace: key.namespace)
        entries[owner] = nil
        // This annotation contains a copy of the values, which must not be kept.
        let bytes = metadata.merging(["annotations": [WellKnownKeys.lastApplied: nil]]).encoded()
        guard bytes.count <= Self.largest else { return }
        entries[owner] = Entry(key: key, uid: uid, metadata: bytes, end: now + Self.lifetime)
        while size > Self.most, let oldest = oldestOfLargestNamespace { entries[oldest] = nil }
    }

    private var oldestOfLargestNamespace: Owner? {
        let sizes = entries.values.reduce(into: [:]) { $0[$1.key.namespace, default: 0] += $1.metadata.count }
        let namespace = sizes.max { $0.value < $1.value }?.key
        return entries.filter { $0.value.key.namespace == namespace }.min { $0.value.end < $1.value.end }?.key
    }

    /// Forgets the metadata of a distribution that was deleted, or whose target is no longer `key`.
    mutating func forget(_ distribution: String, unless key: ObjectKey? = nil) {
        guard !entries.isEmpty else { return }
        entries = entries.filter { $0.key.distribution != distribution || $0.value.key == key }
    }

    /// Forgets the metadata of a Secret that exists: it was replaced, was not deleted, or was created by another
    /// writer.
    mutating func forget(_ key: ObjectKey) { entries = entries.filter { $0.value.key != key } }

    /// Forgets the metadata of a Secret if an event shows a new object of that name. An event with the old uid may be
    /// older than the deletion.
    mutating func observe(_ key: ObjectKey, uid: String) {
        guard !entries.isEmpty else { return }
        entries = entries.filter { $0.value.key != key || $0.value.uid == uid }
    }
}
