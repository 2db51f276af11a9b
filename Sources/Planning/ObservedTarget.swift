package import Distribution
package import Kube
package import Snapshots

/// The observed state of a Secret: digests of its values, never the values.
package struct ObservedTarget: Sendable, Equatable {
    package var key: ObjectKey
    package var uid: String
    package var resourceVersion: String
    package var type: String
    package var isImmutable: Bool
    /// Whether it has a deletion timestamp.
    package var isBeingDeleted: Bool
    /// By data key.
    package var digests: [String: Digest]
    package var labels: [String: String]
    /// Without `WellKnownKeys.lastApplied`.
    package var annotations: [String: String]
    package var owners: [OwnerReference]
    /// The field manager, other than ours, that changed it last; nil if none did, or if it is unknown.
    package var changedBy: String?
    /// Data keys that another writer wrote last, as far as known.
    package var foreignKeys: Set<String> = []
    /// Whether this value, with the content of `digests`, is the whole Secret. A Secret of which anything was left out when
    /// it was read, such as its finalizers, must not be sent as a whole.
    package var isComplete = false
    /// Which limit the Secret exceeds, as a phrase: `has 2000 data keys, expected at most 1000`. Only the identity and
    /// the owner marks of that Secret are kept. Nil if it exceeds no limit.
    package var excess: String?

    package init(
        key: ObjectKey, uid: String, resourceVersion: String, type: String, isImmutable: Bool = false,
        isBeingDeleted: Bool = false, digests: [String: Digest] = [:], labels: [String: String] = [:],
        annotations: [String: String] = [:], owners: [OwnerReference] = []
    ) {
        self.key = key
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.type = type
        self.isImmutable = isImmutable
        self.isBeingDeleted = isBeingDeleted
        self.digests = digests
        self.labels = labels
        self.annotations = annotations
        self.owners = owners
    }

    /// The maximum number of data keys, labels, annotations or owner references; a distribution cannot create more.
    package static let mostEntries = DistributionSpec.mostMappings

    /// The instance that manages the Secret; nil if there is none.
    package var managedBy: String? { annotations[WellKnownKeys.managedBy] }

    /// The distribution that it was written for.
    package var distribution: ObjectKey? { annotations[WellKnownKeys.distribution].flatMap { ObjectKey($0) } }

    /// The generation that the content came from; nil also if it is longer than any that this program writes.
    package var mountGeneration: String? {
        annotations[WellKnownKeys.mountGeneration].flatMap { $0.utf8.count <= 32_768 ? $0 : nil }
    }

    /// The owner reference that deletes the target together with its distribution, of either kind.
    package var distributionOwner: OwnerReference? { owners.first(where: \.isOurs) }

    /// Whether the annotation `WellKnownKeys.target` proves that this Secret, and not a copy of it, was written for the
    /// distribution of its owner reference.
    package var isOriginal: Bool {
        distributionOwner.map { annotations[WellKnownKeys.target] == WellKnownKeys.target(key, of: $0.uid) } ?? false
    }
}

/// The API server's response to a write, as a dry run simulates it. The caller sets the uid.
extension ObservedTarget {
    /// A new Secret.
    ///
    /// - Parameter old: the Secret that it replaces. Labels, annotations and owner references of others are copied.
    package init(creating desired: DesiredTarget, inPlaceOf old: ObservedTarget? = nil, uid: String) {
        var annotations = (old?.annotations ?? [:]).merging(desired.annotations) { $1 }
        annotations[WellKnownKeys.mountGeneration] = desired.generation
        self.init(
            key: desired.key, uid: uid, resourceVersion: "", type: desired.type,
            digests: (old?.digests ?? [:]).filter { desired.storedKeys.contains($0.key) }
                .merging(desired.data.mapValues(\.digest)) { $1 },
            labels: (old?.labels ?? [:]).merging(desired.labels) { $1 },
            annotations: annotations,
            owners: (old?.owners ?? []).filter { !$0.isOurs } + (desired.owner.map { [$0] } ?? []))
        isComplete = true
    }

    /// This Secret after `patch`.
    package func applying(_ patch: TargetPatch) -> ObservedTarget {
        var next = self
        next.digests.merge(patch.set.mapValues(\.digest)) { $1 }
        for key in patch.removed { next.digests[key] = nil }
        next.labels.merge(patch.labels) { $1 }
        next.annotations.merge(patch.annotations) { $1 }
        if let owners = patch.owners { next.owners = owners }
        return next
    }
}
