/// All distributions, found by key, by target and by source file.
package struct DistributionIndex: Sendable {
    package private(set) var distributions: [ObjectKey: SecretsDistribution] = [:]
    /// By target: the distributions that describe it.
    private var claims: [ObjectKey: Set<ObjectKey>] = [:]
    /// By source file: the targets that it feeds.
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
        for mapping in distribution.spec.mappings { readers[mapping.from.text, default: [:]][target, default: 0] += 1 }
        affected.insert(target)
        return affected
    }

    /// - Returns: the targets to look at.
    package mutating func remove(_ key: ObjectKey) -> Set<ObjectKey> {
        guard let old = distributions.removeValue(forKey: key), let target = old.target else { return [] }
        claims[target]?.remove(key)
        if claims[target]?.isEmpty == true { claims[target] = nil }
        for mapping in old.spec.mappings {
            let path = mapping.from.text
            if let count = readers[path]?[target], count > 1 {
                readers[path]?[target] = count - 1
            } else {
                readers[path]?[target] = nil
                if readers[path]?.isEmpty == true { readers[path] = nil }
            }
        }
        return [target]
    }

    /// The targets that any of `paths` feeds.
    package func targets(reading paths: some Sequence<String>) -> Set<ObjectKey> {
        paths.reduce(into: []) { targets, path in targets.formUnion(readers[path, default: [:]].keys) }
    }

    /// All targets that some distribution describes.
    package var targets: some Collection<ObjectKey> { claims.keys }

    /// The distributions that describe `target`, the one that wins first.
    package func claimants(of target: ObjectKey) -> [SecretsDistribution] {
        claims[target, default: []].compactMap { distributions[$0] }.sorted(by: SecretsDistribution.isOlder)
    }
}
