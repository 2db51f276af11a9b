/// All distributions, found by key, by target and by source file.
package struct DistributionIndex: Sendable {
    package private(set) var distributions: [ObjectKey: SecretsDistribution] = [:]
    /// By target: the distributions that describe it.
    private var claims: [ObjectKey: Set<ObjectKey>] = [:]
    /// By source file, and by each folder above it: the targets that it feeds.
    private var readers: [String: [ObjectKey: Int]] = [:]

    package init() {}

    /// Puts `distribution` in, in place of one with the same key.
    ///
    /// - Returns: the targets to look at: those of the old and of the new.
    package mutating func upsert(_ distribution: SecretsDistribution) -> Set<ObjectKey> {
        var affected = remove(distribution.key)
        distributions[distribution.key] = distribution
        guard let target = distribution.target else { return affected }
        claims[target, default: []].insert(distribution.key)
        for path in Self.paths(distribution) { readers[path, default: [:]][target, default: 0] += 1 }
        affected.insert(target)
        return affected
    }

    /// - Returns: the targets to look at.
    package mutating func remove(_ key: ObjectKey) -> Set<ObjectKey> {
        guard let old = distributions.removeValue(forKey: key), let target = old.target else { return [] }
        claims[target]?.remove(key)
        if claims[target]?.isEmpty == true { claims[target] = nil }
        for path in Self.paths(old) {
            if let count = readers[path]?[target], count > 1 {
                readers[path]?[target] = count - 1
            } else {
                readers[path]?[target] = nil
                if readers[path]?.isEmpty == true { readers[path] = nil }
            }
        }
        return [target]
    }

    private static func paths(_ distribution: SecretsDistribution) -> [String] {
        distribution.spec.mappings.flatMap { [$0.from.text] + $0.from.folders }
    }

    /// The targets that any of `paths`, files or folders, feeds.
    package func targets(reading paths: some Sequence<String>) -> Set<ObjectKey> {
        paths.reduce(into: []) { targets, path in targets.formUnion(readers[path, default: [:]].keys) }
    }

    /// All targets that some distribution describes.
    package var targets: some Collection<ObjectKey> { claims.keys }

    /// The same key as it stands here; nil if no distribution describes that target.
    package func known(_ target: ObjectKey) -> ObjectKey? {
        claims.index(forKey: target).map { claims[$0].key }
    }

    /// The distributions that describe `target`, the one that wins first.
    package func claimants(of target: ObjectKey) -> [SecretsDistribution] {
        claims[target, default: []].compactMap { distributions[$0] }.sorted(by: SecretsDistribution.isOlder)
    }
}
