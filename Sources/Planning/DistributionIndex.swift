package import Distribution
import Snapshots

/// All distributions, indexed by key, by target and by source file.
package struct DistributionIndex: Sendable {
    package private(set) var distributions: [ObjectKey: SecretsDistribution] = [:]
    /// By target: the distributions that describe it.
    private var claims: [ObjectKey: Set<ObjectKey>] = [:]
    /// By source file: the distributions that read it. Files whose names are canonically equal share an entry, which
    /// can cause a needless comparison. Folders above the files are not indexed, because they would take many times the
    /// memory.
    private var readers: [String: Set<ObjectKey>] = [:]

    package init() {}

    /// Inserts `distribution`, or replaces the one with the same key.
    ///
    /// - Returns: the targets of the old and the new distribution, which must be compared.
    package mutating func upsert(_ distribution: SecretsDistribution) -> Set<ObjectKey> {
        var affected = remove(distribution.key)
        distributions[distribution.key] = distribution
        guard let target = distribution.target else { return affected }
        claims[target, default: []].insert(distribution.key)
        for path in Self.paths(distribution) { readers[path, default: []].insert(distribution.key) }
        affected.insert(target)
        return affected
    }

    /// Removes the distribution with this key.
    ///
    /// - Returns: its target, which must be compared.
    package mutating func remove(_ key: ObjectKey) -> Set<ObjectKey> {
        guard let old = distributions.removeValue(forKey: key), let target = old.target else { return [] }
        claims[target]?.remove(key)
        if claims[target]?.isEmpty == true { claims[target] = nil }
        for path in Self.paths(old) {
            readers[path]?.remove(key)
            if readers[path]?.isEmpty == true { readers[path] = nil }
        }
        return [target]
    }

    private static func paths(_ distribution: SecretsDistribution) -> some Sequence<String> {
        distribution.spec.mappings.lazy.map(\.from.text)
    }

    /// The targets that use any of `paths`.
    ///
    /// - Parameter folders: those of `paths` that may be folders. Targets that use a file in them are included, which
    ///   needs a search through all source files.
    package func targets(reading paths: some Sequence<String>, folders: Set<String> = []) -> Set<ObjectKey> {
        var keys = paths.reduce(into: Set<ObjectKey>()) { keys, path in keys.formUnion(readers[path, default: []]) }
        if !folders.isEmpty {
            for (path, distributions) in readers where path.foldersAbove.contains(where: folders.contains) {
                keys.formUnion(distributions)
            }
        }
        return Set(keys.compactMap { distributions[$0]?.target })
    }

    /// All targets that some distribution describes.
    package var targets: some Collection<ObjectKey> { claims.keys }

    /// The stored instance of an equal key, to share its memory; nil if no distribution describes that target.
    package func known(_ target: ObjectKey) -> ObjectKey? {
        claims.index(forKey: target).map { claims[$0].key }
    }

    /// The distributions that describe `target`, oldest first. The first one wins.
    package func claimants(of target: ObjectKey) -> [SecretsDistribution] {
        claims[target, default: []].compactMap { distributions[$0] }.sorted(by: SecretsDistribution.isOlder)
    }
}
