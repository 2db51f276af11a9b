package import Distribution
package import Kube
package import Snapshots

/// What is kept of an actual Secret: digests of its values, never the values.
package struct ObservedTarget: Sendable, Equatable {
    package var key: ObjectKey
    package var uid: String
    package var resourceVersion: String
    package var type: String
    package var isImmutable: Bool
    /// It has a deletion timestamp.
    package var isBeingDeleted: Bool
    /// By data key.
    package var digests: [String: Digest]
    package var labels: [String: String]
    /// Without `WellKnownKeys.lastApplied`.
    package var annotations: [String: String]
    package var owners: [OwnerReference]
    /// Who besides us changed it last, by the field manager's name; nil if nobody did, or nobody knows.
    package var changedBy: String?
    /// Data keys that others wrote last, as far as that is known.
    package var foreignKeys: Set<String> = []
    /// What there is too much of, as a phrase: `has 2000 data keys, expected at most 1000`. Of such a Secret nothing is kept
    /// but by which it is known as ours. Nil if all is kept.
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

    /// No distribution makes a Secret with more data keys, labels, annotations or owner references.
    package static let mostEntries = DistributionSpec.mostMappings

    /// Nil if nobody says that it is theirs.
    package var managedBy: String? { annotations[WellKnownKeys.managedBy] }

    /// The distribution that it was written for.
    package var distribution: ObjectKey? { annotations[WellKnownKeys.distribution].flatMap { ObjectKey($0) } }

    /// Nil also for one that is longer than any that this program writes.
    package var mountGeneration: String? {
        annotations[WellKnownKeys.mountGeneration].flatMap { $0.utf8.count <= 32_768 ? $0 : nil }
    }

    /// The owner reference by which a target goes with its distribution.
    package var distributionOwner: OwnerReference? { owners.first(where: \.isOurs) }

    /// Its mark says that this very Secret was written for the distribution of its owner reference.
    package var isOriginal: Bool {
        distributionOwner.map { annotations[WellKnownKeys.target] == WellKnownKeys.target(key, of: $0.uid) } ?? false
    }
}

/// What the API server would answer to a write; versions and uids are the caller's.
extension ObservedTarget {
    /// A new Secret.
    ///
    /// - Parameter old: one in whose place it comes; what others put there is carried over.
    package init(creating desired: DesiredTarget, inPlaceOf old: ObservedTarget? = nil, uid: String) {
        var annotations = (old?.annotations ?? [:]).merging(desired.annotations) { $1 }
        annotations[WellKnownKeys.mountGeneration] = desired.generation
        self.init(
            key: desired.key, uid: uid, resourceVersion: "", type: desired.type,
            digests: desired.data.mapValues(\.digest), labels: (old?.labels ?? [:]).merging(desired.labels) { $1 },
            annotations: annotations,
            owners: (old?.owners ?? []).filter { !$0.isOurs } + (desired.owner.map { [$0] } ?? []))
    }

    /// This Secret with `patch` in it.
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
