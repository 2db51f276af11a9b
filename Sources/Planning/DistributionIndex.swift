package import Distribution
import Snapshots

/// All distributions, found by key, by target and by source file.
package struct DistributionIndex: Sendable {
    package private(set) var distributions: [ObjectKey: SecretsDistribution] = [:]
    private let isOurs: @Sendable (SecretsDistribution) -> Bool
    /// By target: the distributions that describe it.
    private var claims: [ObjectKey: Claims] = [:]
    /// By target that several of ours describe: the oldest of these, once it was looked for.
    private var oldest: [ObjectKey: ObjectKey] = [:]
    /// By source file: the distributions that read it. Files whose names are canonically equal share an entry, which asks
    /// for a look too many. Not by the folders above it: the many of one path would take many times what it takes itself.
    private var readers: [String: Set<ObjectKey>] = [:]

    /// The distributions that describe one target.
    private struct Claims: Sendable {
        /// Ours that are not being deleted.
        var contenders: Set<ObjectKey> = []
        /// Others' that are not being deleted.
        var others: Set<ObjectKey> = []
        /// Those that are being deleted.
        var leaving: Set<ObjectKey> = []

        var isEmpty: Bool { contenders.isEmpty && others.isEmpty && leaving.isEmpty }
    }

    /// - Parameter isOurs: whether this instance is to act on a distribution; of one that is being deleted it is not asked.
    package init(isOurs: @escaping @Sendable (SecretsDistribution) -> Bool = { _ in true }) { self.isOurs = isOurs }

    /// Puts `distribution` in, in place of one with the same key.
    ///
    /// - Returns: the targets to look at: those of the old and of the new.
    package mutating func upsert(_ distribution: SecretsDistribution) -> Set<ObjectKey> {
        let key = distribution.key
        let old = distributions[key]
        let isOfSameAge = old?.uid == distribution.uid && old?.createdAt == distribution.createdAt
        let wasOldest = isOfSameAge ? distribution.target.map { oldest[$0] == key } : nil
        var affected = remove(key)
        distributions[key] = distribution
        guard let target = distribution.target else { return affected }
        claim(target, by: distribution)
        // It need not be looked for among all others.
        if wasOldest == true, isContested(target), claims[target]?.contenders.contains(key) == true {
            oldest[target] = key
        }
        for path in Self.paths(distribution) { readers[path, default: []].insert(key) }
        affected.insert(target)
        return affected
    }

    private mutating func claim(_ target: ObjectKey, by distribution: SecretsDistribution) {
        let key = distribution.key
        if distribution.isBeingDeleted {
            claims[target, default: Claims()].leaving.insert(key)
        } else if !isOurs(distribution) {
            claims[target, default: Claims()].others.insert(key)
        } else {
            claims[target, default: Claims()].contenders.insert(key)
            if let first = oldest[target].flatMap({ distributions[$0] }),
                SecretsDistribution.isOlder(distribution, first)
            {
                oldest[target] = key
            }
        }
    }

    /// - Returns: the targets to look at.
    package mutating func remove(_ key: ObjectKey) -> Set<ObjectKey> {
        guard let old = distributions.removeValue(forKey: key), let target = old.target else { return [] }
        claims[target]?.contenders.remove(key)
        claims[target]?.others.remove(key)
        claims[target]?.leaving.remove(key)
        if claims[target]?.isEmpty == true { claims[target] = nil }
        if oldest[target] == key || !isContested(target) { oldest[target] = nil }
        for path in Self.paths(old) {
            readers[path]?.remove(key)
            if readers[path]?.isEmpty == true { readers[path] = nil }
        }
        return [target]
    }

    private static func paths(_ distribution: SecretsDistribution) -> some Sequence<String> {
        distribution.spec.mappings.lazy.map(\.from.text)
    }

    /// The targets that any of `paths` feeds.
    ///
    /// - Parameter folders: those of `paths` that may be folders: they feed what a file in them feeds. Each path that is read
    ///   is looked at for them.
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

    /// The same key as it stands here; nil if no distribution describes that target.
    package func known(_ target: ObjectKey) -> ObjectKey? {
        claims.index(forKey: target).map { claims[$0].key }
    }

    /// The distribution by which `target` is written: the oldest of ours that describe it and are not being deleted.
    ///
    /// Whoever may write distributions can make thousands that describe one target: they are searched only when the oldest
    /// has gone.
    package mutating func winner(of target: ObjectKey) -> SecretsDistribution? {
        guard let contenders = claims[target]?.contenders, let any = contenders.first else { return nil }
        guard contenders.count > 1 else { return distributions[any] }
        if let known = oldest[target] { return distributions[known] }
        var winner = distributions[any]
        for key in contenders {
            guard let other = distributions[key] else { continue }
            winner = winner.map { SecretsDistribution.isOlder(other, $0) ? other : $0 }
        }
        oldest[target] = winner?.key
        return winner
    }

    /// Those of which one is the winner.
    package func contenders(for target: ObjectKey) -> Set<ObjectKey> { claims[target]?.contenders ?? [] }

    /// Whether several of ours describe `target`.
    package func isContested(_ target: ObjectKey) -> Bool { claims[target].map { $0.contenders.count > 1 } ?? false }

    /// Whether its status may have to say that it names no target, or one that another distribution has.
    package func mayLackTarget(_ distribution: SecretsDistribution) -> Bool {
        distribution.target.map(isContested) ?? true
    }

    /// Whether a distribution describes `target`, whoever it belongs to, that is not being deleted.
    package func isDescribed(_ target: ObjectKey) -> Bool {
        claims[target].map { !$0.contenders.isEmpty || !$0.others.isEmpty } ?? false
    }
}
