package import Distribution
package import Snapshots

/// Which sources have the same content in generations whose names are newer than our mount's.
///
/// A driver writes a new generation only when content changes, so a mount that was set up earlier keeps an older name
/// for the same bytes. Names alone are therefore not conclusive. A target that another agent wrote from such a
/// generation shows the generation's content.
///
/// It counts as evidence only for targets of its own namespace. Anyone who may write a Secret can put any generation and
/// any content into it, with the agent's field manager. If that counted in other namespaces, the agent would write old
/// values over newer ones there.
package struct NewerGenerations: Sendable {
    /// The maximum number of generations of a namespace: one for each agent with its own mount.
    private static let limit = 64
    /// The approximate limit for the memory of all sources and generation names, in bytes: enough for 10,000 Secrets.
    /// Needed because anyone who may write a Secret can put any generation into its annotation.
    private static let mostBytes = 4 << 20

    /// A source of a value.
    private struct Source: Hashable {
        /// A hash of the source. The source itself, such as a long template, is not kept.
        private let fingerprint: Int
        /// The data key, if the source gives each key another part.
        private let part: String
        private let files: [SourcePath]
        private let readsFolders: Bool

        init(_ mapping: Mapping, of spec: DistributionSpec) {
            fingerprint = mapping.source.hashValue
            // A Secret of type `kubernetes.io/tls` can use different parts of a file for its keys.
            part = spec.type == SecretType.tls.rawValue ? mapping.to : ""
            files = mapping.source.files
            readsFolders = false
        }

        /// One of the keys of `spec.dataFrom`.
        init(member key: String, of spec: DistributionSpec) {
            fingerprint = spec.dataFrom.hashValue
            part = key
            files = spec.dataFrom.flatMap(\.files)
            readsFolders = !spec.folders.isEmpty
        }

        /// The approximate maximum of its memory, in bytes.
        var size: Int { 64 + part.utf8.count + files.reduce(0) { $0 + $1.text.utf8.count } }

        /// Whether it reads none of the `changed` files and folders. The files of its own folders are not known here.
        func isUntouched(by changed: Set<String>) -> Bool {
            !readsFolders && files.allSatisfy { !changed.contains($0.text) && changed.isDisjoint(with: $0.folders) }
        }
    }

    /// The content of a generation, as the targets of one namespace show it.
    private struct Evidence: Sendable {
        /// Sources with the same content there as here, or that are missing in both.
        var equal: Set<Source> = []
        /// Sources from which an agent wrote different content.
        var different: Set<Source> = []

        /// The approximate memory of the sources, in bytes.
        var size: Int { [equal, different].reduce(0) { $1.reduce($0) { $0 + $1.size } } }
    }

    /// The evidence of one namespace, by generation.
    private struct Generations: Sendable {
        var evidence: [String: Evidence] = [:]
        var size = 0

        /// The approximate memory of a generation without its sources, in bytes.
        static func size(of generation: String) -> Int { 256 + generation.utf8.count }
    }

    private var namespaces: [String: Generations] = [:]
    /// The approximate memory of all evidence, in bytes.
    private(set) var size = 0
    /// By target: the sources with which it was written from a generation, if known.
    private var written: [ObjectKey: (generation: String, sources: WrittenSources)] = [:]

    private struct WrittenSources: Sendable {
        let mappings: [Mapping]
        let dataFrom: [DataSource]

        init(_ spec: DistributionSpec) { (mappings, dataFrom) = (spec.mappings, spec.dataFrom) }

        /// Whether `key` has the same source in `spec`.
        func isSame(_ key: String, in spec: DistributionSpec) -> Bool {
            let (old, new) = (mappings.first { $0.to == key }?.source, spec.mappings.first { $0.to == key }?.source)
            return old == new && (new != nil || dataFrom == spec.dataFrom)
        }
    }

    package init() {}

    /// Forgets a target that was deleted, or whose generation is not newer any more.
    package mutating func forget(_ target: ObjectKey) { if !written.isEmpty { written[target] = nil } }

    /// Forgets files that changed in our mount, because the results are about their old content.
    package mutating func forget(_ changed: Set<String>) {
        guard !changed.isEmpty else { return }
        let isKept = { (source: Source) in source.isUntouched(by: changed) }
        for (namespace, old) in namespaces {
            var new = Generations()
            for (generation, evidence) in old.evidence {
                let left = Evidence(
                    equal: evidence.equal.filter(isKept), different: evidence.different.filter(isKept))
                guard !left.equal.isEmpty || !left.different.isEmpty else { continue }
                new.evidence[generation] = left
                new.size += Generations.size(of: generation) + left.size
            }
            namespaces[namespace] = new.evidence.isEmpty ? nil : new
            size += new.size - old.size
        }
    }

    /// Makes room for the evidence of a namespace about a generation. Evidence that is dropped is collected again.
    private mutating func makeRoom(for generation: String, of namespace: String) {
        // A namespace that fills the memory loses its own evidence.
        while size > Self.mostBytes, let largest = namespaces.max(by: { $0.value.size < $1.value.size })?.key {
            forgetAll(of: largest)
        }
        guard let known = namespaces[namespace]?.evidence, known[generation] == nil, known.count >= Self.limit else {
            return
        }
        forgetAll(of: namespace)
    }

    private mutating func forgetAll(of namespace: String) {
        size -= namespaces.removeValue(forKey: namespace)?.size ?? 0
    }

    private mutating func keep(_ evidence: Evidence, grownBy growth: Int, of generation: String, _ namespace: String) {
        guard growth > 0 else { return }
        var growth = growth
        if namespaces[namespace]?.evidence[generation] == nil { growth += Generations.size(of: generation) }
        namespaces[namespace, default: Generations()].evidence[generation] = evidence
        namespaces[namespace]?.size += growth
        size += growth
    }

    /// Compares a target of a newer generation with the desired target from our mount.
    ///
    /// - Parameters:
    ///   - isAmended: whether the distribution was changed since an agent last reported on it, so that a key may come
    ///     from another source. Used only if the mappings with which the target was written are unknown.
    ///   - isBehind: whether the target names a newer generation for the volume of a source.
    ///   - held: the digests of all files in our mount.
    package mutating func compare(
        _ observed: ObservedTarget, with desired: DesiredTarget, by spec: DistributionSpec, isAmended: Bool,
        isBehind: (SourcePath) -> Bool = { _ in true }, held: () -> Set<Digest>
    ) -> NewerContent {
        let (generation, namespace) = (observed.mountGeneration ?? "", observed.key.namespace)
        makeRoom(for: generation, of: namespace)
        var known = namespaces[namespace]?.evidence[generation] ?? Evidence()
        var growth = 0
        let former = written[observed.key].flatMap { $0.generation == generation ? $0.sources : nil }
        var digests: Set<Digest>?
        var content = NewerContent()
        for (key, source, isBehind, isOptional) in sources(of: spec, desired, observed, isBehind) {
            let (ours, theirs) = (desired.data[key]?.digest, observed.digests[key])
            let wasRemapped = former.map { !$0.isSame(key, in: spec) } ?? isAmended
            if !isBehind {
                content.ours.insert(key)
            } else if ours == theirs {
                content.equal.insert(key)
                // Only content that an agent wrote with this mapping shows the generation's content.
                if !wasRemapped, !observed.foreignKeys.contains(key), !known.different.contains(source) {
                    if known.equal.insert(source).inserted { growth += source.size }
                }
            } else if known.different.contains(source) {
                content.newer.insert(key)
            } else if known.equal.contains(source) {
                // Drift: the newer generation has the content that we would write.
                content.equal.insert(key)
            } else if observed.foreignKeys.contains(key) {
                // Drift: content that no agent wrote belongs to no generation.
                continue
            } else if let theirs {
                // The key was mapped to another source, and our mount has that content too.
                if wasRemapped, ours != nil {
                    let present = digests ?? held()
                    digests = present
                    if present.contains(theirs) { continue }
                }
                content.newer.insert(key)
                if !wasRemapped, known.different.insert(source).inserted { growth += source.size }
            } else if isOptional, !wasRemapped {
                content.newer.insert(key)
                if known.different.insert(source).inserted { growth += source.size }
            }
        }
        keep(known, grownBy: growth, of: generation, namespace)
        content.isOfFormerSpec = !content.newer.allSatisfy { key in
            guard let former else { return !isAmended }
            return former.isSame(key, in: spec)
        }
        if !content.isOfFormerSpec { written[observed.key] = (generation, WrittenSources(spec)) }
        return content
    }

    /// The data keys with their sources: those of `spec.secrets`, and those that `spec.dataFrom` gives here or may have
    /// given there.
    private func sources(
        of spec: DistributionSpec, _ desired: DesiredTarget, _ observed: ObservedTarget,
        _ isBehind: (SourcePath) -> Bool
    ) -> [(key: String, source: Source, isBehind: Bool, isOptional: Bool)] {
        let mapped = spec.mappings.map { mapping in
            (
                key: mapping.to, source: Source(mapping, of: spec),
                isBehind: mapping.source.files.contains(where: isBehind), isOptional: mapping.optional
            )
        }
        guard !spec.dataFrom.isEmpty else { return mapped }
        let members = Set(desired.members.keys).union(observed.digests.keys).subtracting(spec.mappings.map(\.to))
        return mapped
            + members.map { key in
                let files = desired.members[key].map { spec.dataFrom[$0].files } ?? []
                // It is not known which volume a file of a folder, or a key that is only there, came from.
                let isBehind = files.isEmpty || files.contains(where: isBehind)
                return (key, Source(member: key, of: spec), isBehind, true)
            }
    }
}

/// The data keys of a target from a newer generation, classified by how their content differs from our mount's.
package struct NewerContent: Sendable, Equatable {
    /// Keys whose content our mount does not have. Another agent maintains them.
    package var newer: Set<String> = []
    /// Keys that have the same value in the newer generation as in ours, or that both leave out.
    package var equal: Set<String> = []
    /// Keys from volumes in which our mount is not behind.
    package var ours: Set<String> = []
    /// Whether a newer value may come from a source that the key was mapped to before the distribution was edited.
    package var isOfFormerSpec = false

    package init() {}

    /// Whether our mount is behind for this target.
    package var isNewer: Bool { !newer.isEmpty }
}

extension TargetPatch {
    /// The part of the patch that an agent whose mount is behind may write: metadata, keys whose value is the same in
    /// the newer generation, keys from volumes in which our mount is not behind, and keys that the spec does not map.
    /// All values of a volume thus stay of one generation and one spec.
    ///
    /// - Parameters:
    ///   - generation: the generation in the target's annotation.
    ///   - behind: the folders of the volumes in which our mount is behind.
    package func keeping(
        _ content: NewerContent, by spec: DistributionSpec, generation: String? = nil, behind: Set<String> = [""]
    ) -> TargetPatch {
        var patch = self
        let mapped = Set(spec.mappings.map(\.to))
        let ours = patch.annotations[WellKnownKeys.mountGeneration]
        patch.restrict { key in
            !content.isOfFormerSpec
                && (content.equal.contains(key) || content.ours.contains(key)
                    || (spec.dataFrom.isEmpty && !mapped.contains(key)))
        }
        if content.isOfFormerSpec { patch.dropGenerated() }
        if let generation, let ours, patch.set.keys.contains(where: content.ours.contains) {
            let theirs = MountGeneration(parsing: generation).names.filter { behind.contains($0.key) }
            let merged = MountGeneration(MountGeneration(parsing: ours).names.merging(theirs) { $1 })
            patch.name(merged.description)
        }
        return patch
    }
}
