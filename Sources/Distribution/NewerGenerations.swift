package import Snapshots

/// What is known of generations that are newer than our mount's by their names: which sources hold the same there.
///
/// A driver writes a new generation only when content changes, so that a mount that was set up earlier keeps an older
/// name for the same bytes. Names alone therefore say nothing; a target that another agent wrote from such a generation
/// shows what that holds.
package struct NewerGenerations: Sendable {
    /// How many generations are remembered: agents with a mount of their own, each with its present one.
    private static let limit = 64

    /// One use of a source file: a Secret of type `kubernetes.io/tls` may take different parts of a file for its keys.
    private struct Source: Hashable {
        let path: SourcePath
        let part: String

        init(_ mapping: Mapping, of spec: DistributionSpec) {
            path = mapping.from
            part = spec.type == SecretType.tls.rawValue ? mapping.to : ""
        }
    }

    /// By generation: sources that hold the same there as here, or are missing in both.
    private var equal: [String: Set<Source>] = [:]

    package init() {}

    /// Our mount changed: what was found out about these files is not about their new content.
    package mutating func forget(_ changed: Set<String>) {
        guard !equal.isEmpty, !changed.isEmpty else { return }
        for generation in equal.keys {
            equal[generation] = equal[generation]?.filter { source in
                !changed.contains(source.path.text) && changed.isDisjoint(with: source.path.folders)
            }
        }
    }

    /// Compares a target of a newer generation with what our mount would make of it.
    ///
    /// - Parameters:
    ///   - isAmended: the distribution was changed since an agent last reported on it: a key may come from another source.
    ///   - held: digests of all that our mount holds.
    package mutating func compare(
        _ observed: ObservedTarget, with desired: DesiredTarget, by spec: DistributionSpec, isAmended: Bool,
        held: @autoclosure () -> Set<Digest>
    ) -> NewerContent {
        let generation = observed.mountGeneration ?? ""
        var known = equal[generation] ?? []
        var content = NewerContent()
        for mapping in spec.mappings {
            let source = Source(mapping, of: spec)
            let (ours, theirs) = (desired.data[mapping.to]?.digest, observed.digests[mapping.to])
            if ours == theirs {
                known.insert(source)
                content.equal.insert(mapping.to)
            } else if known.contains(source) {
                // Drift: the newer generation wrote what we would write.
                content.equal.insert(mapping.to)
            } else if let theirs {
                // A key that was mapped to another source holds what our mount holds too.
                let isRemapped = isAmended && ours != nil && held().contains(theirs)
                if !isRemapped { content.newer.insert(mapping.to) }
            } else if mapping.optional, !isAmended {
                content.newer.insert(mapping.to)
            }
        }
        if equal.count >= Self.limit, equal[generation] == nil { equal = [:] }
        equal[generation] = known
        return content
    }
}

/// How a target's content differs from what a mount with an older generation would make of it; data keys.
package struct NewerContent: Sendable, Equatable {
    /// They hold what our mount does not: another agent's to keep.
    package var newer: Set<String> = []
    /// The newer generation has the same value here, or leaves the key out as we would.
    package var equal: Set<String> = []

    package init() {}

    /// Whether our mount is behind for this target.
    package var isNewer: Bool { !newer.isEmpty }
}

extension TargetPatch {
    /// What an agent whose mount is behind may write: metadata, and those keys whose value is the same in the newer
    /// generation, so that all values stay of that one.
    package func keeping(_ content: NewerContent, by spec: DistributionSpec) -> TargetPatch {
        var patch = self
        let mapped = Set(spec.mappings.map(\.to))
        patch.restrict { content.equal.contains($0) || !mapped.contains($0) }
        return patch
    }
}
