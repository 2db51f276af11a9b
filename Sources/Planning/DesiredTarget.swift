package import Distribution
package import Kube
package import Observability
package import Snapshots
package import Values

/// The desired state of a target: a distribution applied to one snapshot.
package struct DesiredTarget: Sendable {
    package let key: ObjectKey
    /// The uid of the distribution.
    package let distribution: String
    package let type: String
    /// Content and digest by data key, all from one snapshot, and the generated values that the Secret does not have yet.
    package private(set) var data: [String: SecretValue]
    /// The keys whose values the Secret stores.
    package private(set) var generated: GeneratedKeys
    package let labels: [String: String]
    /// Without `mountGeneration`, which is written only together with new content.
    package private(set) var annotations: [String: String]
    /// Set if the target is deleted together with its distribution.
    package let owner: OwnerReference?
    /// The generations of its sources, in the format of `MountGeneration`.
    package let generation: String
    /// Optional sources that do not exist, by data key. `data` contains only those of these keys that are templates.
    package let missing: [String: [MissingSource]]
    /// The data keys of `spec.dataFrom`: the index of their source in the list.
    package let members: [String: Int]
    /// The mount's volumes, by folder.
    let volumes: [String: Snapshot.Volume]
    /// The empty folders of the mount, where a volume may still be mounted.
    let emptyFolders: Set<String>
    /// Whether the missing generated values were added.
    private var isFilled = false
    /// The saved values that are used.
    package private(set) var restored: [String: SecretValue] = [:]

    package struct MissingSource: Sendable {
        package let path: SourcePath
        /// An empty folder above the source, such as a volume that is not mounted yet; nil if there is none.
        package let emptyFolder: String?

        func isBelow(_ folder: String) -> Bool {
            !folder.isEmpty && path.text.utf8.starts(with: "\(folder)/".utf8)
        }
    }

    /// Applies a distribution to a snapshot.
    ///
    /// - Parameters:
    ///   - snapshot: nil if the mount has not had a generation yet.
    ///   - checks: the cache of this snapshot.
    /// - Throws: why the target must not be changed.
    package init(
        _ distribution: SecretsDistribution, from snapshot: Snapshot?, managedBy: String,
        checks: inout CertificateCheckCache
    ) throws(Refusal) {
        if let refusal = distribution.refusal { throw refusal }
        guard let target = distribution.target else {
            throw Refusal(.invalidSpec, "spec.name is missing, expected the name of a Secret.")
        }
        guard let snapshot else {
            throw Refusal(.sourceNotFound, "The mount holds no files yet.")
        }
        key = target
        self.distribution = distribution.uid
        let spec = distribution.spec
        type = spec.type
        let values = try Values(of: spec, in: snapshot, &checks.values)
        data = try checks.checked(values.content, spec)
        members = values.members
        generated = GeneratedKeys(spec)
        if !generated.isEmpty, case let size = values.size + generated.size, size > SourceFile.maximumSize {
            throw .tooLarge(count: data.count + generated.keys.count, size)
        }
        volumes = snapshot.volumes
        emptyFolders = snapshot.emptyFolders
        missing =
            values.missing.isEmpty
            ? [:]
            : values.missing.mapValues { paths in
                paths.map { path in
                    MissingSource(path: path, emptyFolder: path.folders.first(where: snapshot.emptyFolders.contains))
                }
            }
        var labels = spec.labels
        labels[WellKnownKeys.managedByLabel] = managedBy
        self.labels = labels
        var annotations = spec.annotations
        annotations[WellKnownKeys.managedBy] = managedBy
        annotations[WellKnownKeys.distribution] = distribution.key.description
        if spec.deletionPolicy == .delete {
            annotations[WellKnownKeys.target] = WellKnownKeys.target(target, of: distribution.uid)
        }
        self.annotations = annotations
        owner = spec.deletionPolicy == .delete ? OwnerReference(to: distribution) : nil
        // One volume needs no search.
        generation =
            snapshot.volumes.count == 1
            ? snapshot.generation : snapshot.generation(of: checks.files(of: spec, in: snapshot).lazy.map(\.text))
    }
}

extension DesiredTarget {
    /// When the certificate of a target of type `kubernetes.io/tls` expires; nil for other types, or if the certificate
    /// cannot be read.
    package func expiry(_ checks: inout CertificateCheckCache) -> Timestamp? {
        guard type == SecretType.tls.rawValue, let chain = data[SecretType.certificate], let key = data[SecretType.key]
        else { return nil }
        return checks.pair(chain: chain, key: key).validity.map { Timestamp(seconds: $0.notAfter) }
    }
}

extension OwnerReference {
    init(to distribution: SecretsDistribution) {
        self.init(
            apiVersion: WellKnownKeys.apiVersion, kind: distribution.kind, name: distribution.key.name,
            uid: distribution.uid)
    }

    /// Whether it refers to a `SecretsDistribution` or a `ClusterSecretsDistribution`. Only this program sets and removes
    /// these references.
    package var isOurs: Bool {
        (kind == WellKnownKeys.kind || isOfCluster) && apiVersion.hasPrefix("\(WellKnownKeys.group)/")
    }

    /// Whether it refers to a `ClusterSecretsDistribution`.
    var isOfCluster: Bool { kind == WellKnownKeys.clusterKind }
}

extension DesiredTarget {
    /// Decides which generated values the Secret keeps. Until `fill`, those that it lacks are empty.
    ///
    /// - Parameters:
    ///   - observed: nil if there is no Secret.
    ///   - wasWritten: the Secret existed before.
    package mutating func compareGenerated(with observed: ObservedTarget?, wasWritten: Bool, at now: Timestamp) {
        guard !generated.isEmpty else {
            // The keys of a former spec.
            if let observed, !observed.generatedRecords.isEmpty {
                annotations[WellKnownKeys.generated] = GeneratedRecords().text
            }
            return
        }
        generated.compare(
            with: Set(observed?.digests.keys.map { $0 } ?? []), observed?.generatedRecords ?? GeneratedRecords(),
            isLost: observed == nil && wasWritten, at: now)
        updateGenerated()
    }

    /// Uses the values that were saved when the Secret was replaced, where the Secret lacks them.
    ///
    /// - Parameter observed: nil if there is no Secret.
    /// - Returns: whether any are used.
    package mutating func restore(_ saved: SavedValues, over observed: ObservedTarget?, at now: Timestamp) -> Bool {
        let present = Set(observed?.digests.keys.map { $0 } ?? [])
        let records = (observed?.generatedRecords ?? GeneratedRecords()).only(present)
            .merging(GeneratedRecords(parsing: saved.records))
        generated.compare(with: present.union(saved.values.keys), records, isLost: true, at: now)
        updateGenerated()
        restored = saved.values.filter { generated.kept.contains($0.key) && !present.contains($0.key) }
        data.merge(restored) { $1 }
        return !restored.isEmpty
    }

    /// Whether values must be generated before it can be written.
    package var isIncomplete: Bool { !generated.missing.isEmpty && !isFilled }

    /// Adds new values for all keys in `generated.missing`.
    package mutating func fill(_ values: [String: SecretValue]) {
        data.merge(values) { $1 }
        isFilled = generated.missing.flatMap(\.keys).allSatisfy { values[$0] != nil }
    }

    /// Whether a write would remove or replace values that `observed` records as generated.
    package func losesGenerated(of observed: ObservedTarget) -> Bool {
        let recorded = observed.generatedRecords.keys.keys.filter { observed.digests[$0] != nil }
        return recorded.contains { !generated.kept.contains($0) }
    }

    /// The keys whose values are in the Secret, and not here.
    package var storedKeys: Set<String> {
        restored.isEmpty ? generated.kept : generated.kept.subtracting(restored.keys)
    }

    private mutating func updateGenerated() {
        annotations[WellKnownKeys.generated] = generated.records.text
        (isFilled, restored) = (false, [:])
        for key in generated.keys { data[key] = nil }
        for key in generated.missing.flatMap(\.keys) { data[key] = SecretValue(SecretBytes([])) }
    }

    /// The digests of the values that are derived and not generated.
    private var derivedDigests: [String: Digest] {
        if generated.isEmpty { return data.mapValues(\.digest) }
        let keys = generated.keys
        return data.filter { !keys.contains($0.key) }.mapValues(\.digest)
    }

    /// The number of data keys that the Secret has when it is in sync.
    package var count: Int { data.count + storedKeys.count }
}

extension DesiredTarget {
    /// A hash of content and metadata. It is valid only within this process, and does not include the generation, which
    /// can change without them.
    package var fingerprint: Int {
        var hasher = Hasher()
        hasher.combine(type)
        hasher.combine(derivedDigests)
        hasher.combine(generated.groups)
        hasher.combine(labels)
        hasher.combine(generated.isEmpty ? annotations : annotations.filter { $0.key != WellKnownKeys.generated })
        hasher.combine(owner?.uid)
        return hasher.finalize()
    }

    /// The differences between the desired and the stored target as phrases, such as `data key a differs`; nil if there
    /// are none. Lists only the first if there are many. Labels, annotations and owner references of others are not
    /// compared.
    ///
    /// - Parameter wasImmutable: the target was immutable before the write. The agent makes none immutable.
    package func differences(from stored: ObservedTarget, wasImmutable: Bool) -> String? {
        let patch = TargetPatch(from: stored, to: self)
        var phrases: [String] = []
        if stored.type != type { phrases.append("the type is \(shown(stored.type))") }
        for key in patch.set.keys.sorted() {
            phrases.append("data key \(shown(key)) \(stored.digests[key] == nil ? "is missing" : "differs")")
        }
        phrases += patch.removed.map { "data key \(shown($0)) was added" }
        phrases += patch.labels.keys.sorted().map { "label \(shown($0)) \(stored.labels.lack($0))" }
        let annotations = patch.annotations.keys.filter { $0 != WellKnownKeys.mountGeneration }.sorted()
        phrases += annotations.map { "annotation \(shown($0)) \(stored.annotations.lack($0))" }
        if patch.owners != nil { phrases.append("the owner reference differs") }
        if stored.isImmutable, !wasImmutable { phrases.append("it was made immutable") }
        return phrases.isEmpty ? nil : NameList(phrases, of: phrases.count).description
    }
}

extension [String: String] {
    fileprivate func lack(_ key: String) -> String { self[key] == nil ? "is missing" : "differs" }
}
