import Distribution
import JSON

/// Metadata of Secrets that were deleted to be replaced, until the replacement is made. A value; time is a parameter.
///
/// It belongs to the distribution that asked for the replacement: a Secret of that name that somebody else makes, another
/// distribution among them, does not get it.
struct ReplacedMetadata: Sendable {
    /// As long as Kubernetes keeps an Event. What hinders a replacement is an outage, a quota or a webhook: it is over by
    /// then, or what others put on the Secret has been put there again.
    private static let lifetime: Duration = .seconds(3600)
    /// Bytes of JSON: of one Secret, and of all. Beyond the latter the oldest goes first, of the namespace that has most.
    static let largest = 256 << 10
    private static let most = 4 << 20

    private struct Entry {
        let key: ObjectKey
        /// Of the Secret that was deleted.
        let uid: String
        /// JSON takes no more than what was written; what is decoded from it, ten times as much.
        let metadata: [UInt8]
        let end: ContinuousClock.Instant
    }

    /// By uid of the distribution: it has one target.
    private var entries: [String: Entry] = [:]

    /// Bytes of what is kept.
    var size: Int { entries.values.reduce(0) { $0 + $1.metadata.count } }

    /// What others put on the Secret in whose place a distribution makes another one; nil: nothing is known of one.
    func metadata(of key: ObjectKey, for distribution: String, at now: ContinuousClock.Instant) -> JSONValue? {
        guard let entry = entries[distribution], entry.key == key, now < entry.end else { return nil }
        return try? JSONBytes.decode(JSONValue.self, from: entry.metadata)
    }

    /// A Secret is about to be deleted.
    ///
    /// - Parameter metadata: see `ForeignMetadata`.
    mutating func keep(
        _ metadata: JSONValue, of key: ObjectKey, uid: String, for distribution: String,
        at now: ContinuousClock.Instant
    ) {
        entries = entries.filter { now < $0.value.end }
        entries[distribution] = nil
        // The annotation holds a copy of the values: not to be kept.
        let bytes = metadata.merging(["annotations": [WellKnownKeys.lastApplied: nil]]).encoded()
        guard bytes.count <= Self.largest else { return }
        entries[distribution] = Entry(key: key, uid: uid, metadata: bytes, end: now + Self.lifetime)
        while size > Self.most, let oldest = oldestOfLargestNamespace { entries[oldest] = nil }
    }

    private var oldestOfLargestNamespace: String? {
        let sizes = entries.values.reduce(into: [:]) { $0[$1.key.namespace, default: 0] += $1.metadata.count }
        let namespace = sizes.max { $0.value < $1.value }?.key
        return entries.filter { $0.value.key.namespace == namespace }.min { $0.value.end < $1.value.end }?.key
    }

    /// The distribution is gone, or has another target than `key`.
    mutating func forget(_ distribution: String, unless key: ObjectKey? = nil) {
        if let entry = entries[distribution], entry.key != key { entries[distribution] = nil }
    }

    /// The Secret is there: it was replaced, or was not deleted, or somebody else made it.
    mutating func forget(_ key: ObjectKey) { entries = entries.filter { $0.value.key != key } }

    /// A Secret is there. The event may be older than the deletion.
    mutating func saw(_ key: ObjectKey, uid: String) {
        guard !entries.isEmpty else { return }
        entries = entries.filter { $0.value.key != key || $0.value.uid == uid }
    }
}
