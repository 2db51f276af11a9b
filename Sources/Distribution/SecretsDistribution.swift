/// One `SecretsDistribution` resource as it was read, usable or not.
package struct SecretsDistribution: Sendable, Equatable {
    package var key: ObjectKey
    /// The name, and the namespace if there is one, are such as Kubernetes allows.
    package var hasUsableName: Bool
    package var uid: String
    package var resourceVersion: String
    /// `metadata.generation`; 0 where there is none (local mode).
    package var generation: Int
    /// RFC 3339, as the API server wrote it; older resources win a target, then the smaller name.
    package var createdAt: String
    /// The instance that it is assigned to by annotation `xlscsde.nhs.uk/managedBy`.
    package var assignedTo: String?
    /// Annotation `xlscsde.nhs.uk/forceSync`; each change of it asks for a comparison.
    package var forceSync: String?
    /// It has a deletion timestamp: somebody's finalizer is all that keeps it.
    package var isBeingDeleted: Bool
    /// It is being deleted without its dependents: `kubectl delete --cascade=orphan`. The API server marks that by the
    /// finalizer `orphan` (Kubernetes API, `metav1.FinalizerOrphanDependents`).
    package var orphansTarget: Bool
    package var spec: DistributionSpec
    package var status: StoredStatus
    /// What is wrong with it; empty if it can be used.
    package var problems: Problems

    /// The Secret that it describes; nil if `spec.name` cannot name one.
    package var target: ObjectKey? {
        spec.name.map { ObjectKey(namespace: key.namespace, name: $0) }
    }

    /// The first problem that makes it unusable, as a refusal that names it and those behind it.
    package var refusal: Refusal? {
        let errors = problems.lazy.filter { $0.severity == .error }
        guard let first = errors.first else { return nil }
        let listing = Listing(errors.map(\.description), of: problems.errors, separator: "; ", most: Problems.most)
        return Refusal(first.reason, "\(listing).")
    }

    /// Whether the instance `managedBy` is to act on it.
    ///
    /// - Parameter onlyAssigned: leave those that are assigned to nobody to another instance.
    package func belongs(to managedBy: String, onlyAssigned: Bool) -> Bool {
        assignedTo.map { $0 == managedBy } ?? !onlyAssigned
    }

    /// Older first; of equal age the smaller name, so that all agents agree.
    package static func isOlder(_ left: SecretsDistribution, _ right: SecretsDistribution) -> Bool {
        (left.createdAt, left.key, left.uid) < (right.createdAt, right.key, right.uid)
    }
}

/// `spec`, as far as it is valid.
package struct DistributionSpec: Sendable, Hashable {
    /// Name of the target; nil if missing or not a name that a Secret can have.
    package var name: String?
    package var type = "Opaque"
    package var mappings: [Mapping] = []
    package var labels: [String: String] = [:]
    package var annotations: [String: String] = [:]
    package var deletionPolicy = DeletionPolicy.retain
    package var validation = Validation.full

    package init() {}

    /// As many of each as the resource definition of the example allows; beyond them none is kept.
    package static let mostMappings = 1000
    /// Labels, and annotations.
    static let mostMetadata = 100
}

/// One `from` -> `to` entry.
package struct Mapping: Sendable, Hashable {
    /// Where it stands in `spec.secrets`, from 0.
    package var index: Int
    package var from: SourcePath
    package var to: String
    /// A missing source leaves the key out instead of holding the target back.
    package var optional: Bool
}

/// What becomes of a target whose distribution goes, or names another.
package enum DeletionPolicy: String, Sendable, CaseIterable {
    case retain = "Retain"
    case delete = "Delete"
}

/// Whether content is looked at before it goes out.
package enum Validation: String, Sendable, CaseIterable {
    case full = "Full"
    case none = "None"
}
