/// One `SecretsDistribution` or `ClusterSecretsDistribution` resource as it was read. It may be invalid.
///
/// A `ClusterSecretsDistribution` has a target in each namespace that it selects. `bound(to:)` gives the same value with
/// the target in one of them, so that everything about one target is written once for both kinds.
package struct SecretsDistribution: Sendable, Equatable {
    /// The namespace is empty for a `ClusterSecretsDistribution`.
    package var key: ObjectKey
    /// The namespaces that a `ClusterSecretsDistribution` selects; nil for a `SecretsDistribution`.
    package var selection: NamespaceSelection?
    /// The namespace that a `ClusterSecretsDistribution` is bound to; nil for the resource itself.
    private(set) var boundNamespace: String?
    /// Its target in place of the Secret in its own namespace, if local mode writes to a path without a namespace.
    package var output: ObjectKey?
    /// Whether Kubernetes allows the name, and the namespace if there is one.
    package var hasUsableName: Bool
    package var uid: String
    package var resourceVersion: String
    /// `metadata.generation`; 0 if there is none (local mode).
    package var generation: Int
    /// RFC 3339, as the API server wrote it. If several resources name the same target, the oldest one gets it; see
    /// `precedes`.
    package var createdAt: String
    /// The instance that annotation `xlscsde.nhs.uk/managedBy` assigns it to.
    package var assignedTo: String?
    /// Annotation `xlscsde.nhs.uk/forceSync`; each change of it requests a comparison.
    package var forceSync: String?
    /// Whether it has a deletion timestamp: only a finalizer keeps it.
    package var isBeingDeleted: Bool
    /// Whether it is being deleted without its dependents: `kubectl delete --cascade=orphan`. The API server marks this
    /// with the finalizer `orphan` (Kubernetes API, `metav1.FinalizerOrphanDependents`).
    package var orphansTarget: Bool
    package var spec: DistributionSpec
    package var status: StoredStatus
    /// It can be used if none of these is an error.
    package var problems: Problems

    package var isCluster: Bool { selection != nil }

    /// As in a manifest.
    package var kind: String { isCluster ? WellKnownKeys.clusterKind : WellKnownKeys.kind }

    /// The namespace that its target is for, and that the access policy is evaluated with; nil for a `ClusterSecretsDistribution` that is bound to none.
    package var targetNamespace: String? { isCluster ? boundNamespace : key.namespace }

    /// The Secret that it describes; nil if the name of the Secret is missing or invalid, or for a
    /// `ClusterSecretsDistribution` that is bound to no namespace.
    package var target: ObjectKey? {
        if let output { return spec.name == nil ? nil : output }
        guard let namespace = targetNamespace, let name = spec.name else { return nil }
        return ObjectKey(namespace: namespace, name: name)
    }

    /// Identifies the target, whatever its name.
    package var claim: Claim { Claim(distribution: key, namespace: targetNamespace ?? "") }

    /// A `ClusterSecretsDistribution` with its target in `namespace`.
    ///
    /// - Parameter namespace: nil if the resource has no target in the namespace that is asked about.
    package func bound(to namespace: String?) -> SecretsDistribution {
        var bound = self
        bound.boundNamespace = namespace
        return bound
    }

    /// The distribution with its target at a path without a namespace. A `ClusterSecretsDistribution`, whose targets differ
    /// by namespace alone, becomes invalid.
    ///
    /// - Parameter name: the name of the target if it is always the same; otherwise nil.
    package func withoutNamespace(target name: String?) -> SecretsDistribution {
        var placed = self
        if isCluster {
            let message =
                "is \(kind), whose targets differ by namespace, but paths in OUTPUT_PATH have no namespace; expected"
                + " \(WellKnownKeys.kind), or OUTPUT_FORMAT manifests"
            placed.problems.append(Problem([.key("kind")], message))
        } else if let name = name ?? spec.name {
            placed.output = ObjectKey(namespace: ObjectKey.outputNamespace, name: name)
        }
        return placed
    }

    /// A refusal with the reason of the first error, which lists all errors; nil if there are none.
    package var refusal: Refusal? {
        let errors = problems.lazy.filter { $0.severity == .error }
        guard let first = errors.first else { return nil }
        let listing = NameList(errors.map(\.description), of: problems.errors, separator: "; ", most: Problems.most)
        return Refusal(first.reason, "\(listing).")
    }

    /// Whether the instance `managedBy` handles it.
    ///
    /// - Parameter onlyAssigned: the instance does not handle distributions that are assigned to no instance.
    package func belongs(to managedBy: String, onlyAssigned: Bool) -> Bool {
        assignedTo.map { $0 == managedBy } ?? !onlyAssigned
    }

    /// The order in which distributions of one target take precedence: a `SecretsDistribution` before a
    /// `ClusterSecretsDistribution`, then by age, then by name, so that all agents agree.
    package static func precedes(_ left: SecretsDistribution, _ right: SecretsDistribution) -> Bool {
        if left.isCluster != right.isCluster { return right.isCluster }
        return (left.createdAt, left.key, left.uid) < (right.createdAt, right.key, right.uid)
    }
}

/// The claim of a distribution to its target in one namespace. A `SecretsDistribution` has one claim, a
/// `ClusterSecretsDistribution` one for each namespace that it selects.
package struct Claim: Sendable, Hashable {
    package let distribution: ObjectKey
    package let namespace: String

    package init(distribution: ObjectKey, namespace: String) {
        (self.distribution, self.namespace) = (distribution, namespace)
    }
}

/// The valid part of the `spec` of a `SecretsDistribution`, or of the `spec.template` of a `ClusterSecretsDistribution`.
package struct DistributionSpec: Sendable, Hashable {
    /// The name of the target; nil if it is missing or not a valid name of a Secret.
    package var name: String?
    package var type = "Opaque"
    /// `spec.secrets`
    package var mappings: [Mapping] = []
    package var dataFrom: [DataSource] = []
    package var labels: [String: String] = [:]
    package var annotations: [String: String] = [:]
    package var deletionPolicy = DeletionPolicy.retain
    package var validation = Validation.full

    package init() {}

    /// The limit of the resource definition in the example. With more mappings, none is kept.
    package static let mostMappings = 1000
    /// The maximum number of different source files. With more, no source is kept: each is indexed.
    static let mostFiles = 1000
    /// The same for labels, and for annotations.
    static let mostMetadata = 100

    /// The source files that the spec names. The files of folders depend on the mount.
    package var files: [SourcePath] {
        dataFrom.isEmpty
            ? mappings.flatMap(\.source.files) : mappings.flatMap(\.source.files) + dataFrom.flatMap(\.files)
    }

    /// The same, without a list of them.
    package func forEachFile(_ body: (SourcePath) -> Void) {
        for mapping in mappings {
            if case .file(let path) = mapping.source { body(path) } else { mapping.source.files.forEach(body) }
        }
        for source in dataFrom { source.files.forEach(body) }
    }

    /// The folders that the spec names, relative to the mount; "" is the mount itself.
    package var folders: [String] { dataFrom.compactMap(\.folder?.path) }
}

/// Whether to keep or delete a target after its distribution is deleted or names another target.
package enum DeletionPolicy: String, Sendable, CaseIterable {
    case retain = "Retain"
    case delete = "Delete"
}

/// Whether content is validated before it is written.
package enum Validation: String, Sendable, CaseIterable {
    case full = "Full"
    case none = "None"
}
