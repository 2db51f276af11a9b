package import Distribution
package import Snapshots

/// What is known of generations that are newer than our mount's by their names: which sources hold the same there.
///
/// A driver writes a new generation only when content changes, so that a mount that was set up earlier keeps an older
/// name for the same bytes. Names alone therefore say nothing; a target that another agent wrote from such a generation
/// shows what that holds.
///
/// It shows this for the targets of its namespace alone. Whoever may write a Secret there can write any generation and any
/// content into it, and the name of the agent as the field manager too: believed in other namespaces, that would make the
/// agent write old values over their newer ones.
package struct NewerGenerations: Sendable {
    /// How many generations of a namespace are remembered: agents with a mount of their own, each with its present one.
    private static let limit = 64
    /// Bytes of all sources and names of generations, about: those of 10,000 Secrets. Who may write a Secret may name any
    /// generation in it.
    private static let mostBytes = 4 << 20

    /// One use of a source file: a Secret of type `kubernetes.io/tls` may take different parts of a file for its keys.
    private struct Source: Hashable {
        let path: SourcePath
        let part: String

        /// What it takes in memory at most, about.
        var size: Int { 64 + path.text.utf8.count + part.utf8.count }

        init(_ mapping: Mapping, of spec: DistributionSpec) {
            path = mapping.from
            part = spec.type == SecretType.tls.rawValue ? mapping.to : ""
        }
    }

    /// What a generation holds, as the targets of one namespace show it.
    private struct Evidence: Sendable {
        /// Sources that hold the same there as here, or are missing in both.
        var equal: Set<Source> = []
        /// Sources that an agent wrote otherwise from it.
        var different: Set<Source> = []

        /// Of its sources.
        var size: Int { [equal, different].reduce(0) { $1.reduce($0) { $0 + $1.size } } }
    }

    /// What the targets of one namespace show, by generation.
    private struct Generations: Sendable {
        var evidence: [String: Evidence] = [:]
        var size = 0

        /// What a name and its evidence take besides the sources, about.
        static func size(of generation: String) -> Int { 256 + generation.utf8.count }
    }

    private var namespaces: [String: Generations] = [:]
    /// Bytes of all that is known.
    private(set) var size = 0
    /// By target: the mappings by which it was written from a generation, as far as that is known.
    private var written: [ObjectKey: (generation: String, mappings: [Mapping])] = [:]

    package init() {}

    /// A target is gone, or is not of a newer generation any more.
    package mutating func forget(_ target: ObjectKey) { if !written.isEmpty { written[target] = nil } }

    /// Our mount changed: what was found out about these files is not about their new content.
    package mutating func forget(_ changed: Set<String>) {
        guard !changed.isEmpty else { return }
        let isKept = { (source: Source) in
            !changed.contains(source.path.text) && changed.isDisjoint(with: source.path.folders)
        }
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

    /// Makes room for what `namespace` is to show of `generation`. What was forgotten is found out again.
    private mutating func makeRoom(for generation: String, of namespace: String) {
        // Whoever makes the agent remember much makes it forget their own.
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

    /// Compares a target of a newer generation with what our mount would make of it.
    ///
    /// - Parameters:
    ///   - isAmended: the distribution was changed since an agent last reported on it: a key may come from another source.
    ///     Asked only where nothing is known of how the target was written.
    ///   - isBehind: whether the target names a newer generation of the volume of a source.
    ///   - held: digests of all that our mount holds.
    package mutating func compare(
        _ observed: ObservedTarget, with desired: DesiredTarget, by spec: DistributionSpec, isAmended: Bool,
        isBehind: (SourcePath) -> Bool = { _ in true }, held: () -> Set<Digest>
    ) -> NewerContent {
        let (generation, namespace) = (observed.mountGeneration ?? "", observed.key.namespace)
        makeRoom(for: generation, of: namespace)
        var known = namespaces[namespace]?.evidence[generation] ?? Evidence()
        var growth = 0
        let former = written[observed.key].flatMap { $0.generation == generation ? $0.mappings : nil }
        var digests: Set<Digest>?
        var content = NewerContent()
        for mapping in spec.mappings {
            let (key, source) = (mapping.to, Source(mapping, of: spec))
            let (ours, theirs) = (desired.data[key]?.digest, observed.digests[key])
            let wasRemapped = former.map { $0.first { $0.to == key }?.from != mapping.from } ?? isAmended
            if !isBehind(mapping.from) {
                content.ours.insert(key)
            } else if ours == theirs {
                content.equal.insert(key)
                // Only what an agent wrote by this mapping shows what the generation holds.
                if !wasRemapped, !observed.foreignKeys.contains(key), !known.different.contains(source) {
                    if known.equal.insert(source).inserted { growth += source.size }
                }
            } else if known.different.contains(source) {
                content.newer.insert(key)
            } else if known.equal.contains(source) {
                // Drift: the newer generation wrote what we would write.
                content.equal.insert(key)
            } else if observed.foreignKeys.contains(key) {
                // Drift too: what no agent wrote is of no generation.
                continue
            } else if let theirs {
                // A key that was mapped to another source holds what our mount holds too.
                if wasRemapped, ours != nil {
                    let present = digests ?? held()
                    digests = present
                    if present.contains(theirs) { continue }
                }
                content.newer.insert(key)
                if !wasRemapped, known.different.insert(source).inserted { growth += source.size }
            } else if mapping.optional, !wasRemapped {
                content.newer.insert(key)
                if known.different.insert(source).inserted { growth += source.size }
            }
        }
        keep(known, grownBy: growth, of: generation, namespace)
        content.isOfFormerSpec = !content.newer.allSatisfy { key in
            guard let former else { return !isAmended }
            return former.first { $0.to == key }?.from == spec.mappings.first { $0.to == key }?.from
        }
        if !content.isOfFormerSpec { written[observed.key] = (generation, spec.mappings) }
        return content
    }
}

/// How a target's content differs from what a mount with an older generation would make of it; data keys.
package struct NewerContent: Sendable, Equatable {
    /// They hold what our mount does not: another agent's to keep.
    package var newer: Set<String> = []
    /// The newer generation has the same value here, or leaves the key out as we would.
    package var equal: Set<String> = []
    /// They are of volumes in which our mount is not behind.
    package var ours: Set<String> = []
    /// A newer value may be of another source, to which the key was mapped before the distribution was amended.
    package var isOfFormerSpec = false

    package init() {}

    /// Whether our mount is behind for this target.
    package var isNewer: Bool { !newer.isEmpty }
}

extension TargetPatch {
    /// What an agent whose mount is behind may write: metadata, and those keys whose value is the same in the newer
    /// generation or of a volume in which our mount is not behind, so that all values of a volume stay of one generation;
    /// and of one spec.
    ///
    /// - Parameters:
    ///   - generation: as the target names it.
    ///   - behind: the folders of the volumes in which our mount is behind.
    package func keeping(
        _ content: NewerContent, by spec: DistributionSpec, generation: String? = nil, behind: Set<String> = [""]
    ) -> TargetPatch {
        var patch = self
        let mapped = Set(spec.mappings.map(\.to))
        let ours = patch.annotations[WellKnownKeys.mountGeneration]
        patch.restrict { key in
            !content.isOfFormerSpec
                && (content.equal.contains(key) || content.ours.contains(key) || !mapped.contains(key))
        }
        if let generation, let ours, patch.set.keys.contains(where: content.ours.contains) {
            let theirs = MountGeneration(parsing: generation).names.filter { behind.contains($0.key) }
            let merged = MountGeneration(MountGeneration(parsing: ours).names.merging(theirs) { $1 })
            patch.name(merged.description)
        }
        return patch
    }
}
