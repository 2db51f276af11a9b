package import Distribution
import Snapshots

/// All distributions, indexed by key, by target and by source file.
package struct DistributionIndex: Sendable {
    package private(set) var distributions: [ObjectKey: SecretsDistribution] = [:]
    private let isOurs: @Sendable (SecretsDistribution) -> Bool
    /// By target: the distributions that describe it.
    private var claims: [ObjectKey: Claims] = [:]
    /// By target that several of our distributions describe: the oldest of them, if it was computed.
    private var oldest: [ObjectKey: ObjectKey] = [:]
    /// By source file: the distributions that read it. Files whose names are canonically equal share an entry, which
    /// can cause a needless comparison. Folders above the files are not indexed, because they would take many times the
    /// memory.
    private var readers: [String: Set<ObjectKey>] = [:]
    /// By folder: the distributions that read all of it.
    private var folderReaders: [String: Set<ObjectKey>] = [:]

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

    /// - Parameter isOurs: whether this instance acts on a distribution that is not being deleted.
    package init(isOurs: @escaping @Sendable (SecretsDistribution) -> Bool = { _ in true }) { self.isOurs = isOurs }

    /// Inserts `distribution`, or replaces the one with the same key.
    ///
    /// - Returns: the targets of the old and the new distribution, which must be compared.
    package mutating func upsert(_ distribution: SecretsDistribution) -> Set<ObjectKey> {
        let key = distribution.key
        let old = distributions[key]
        let isOfSameAge = old?.uid == distribution.uid && old?.createdAt == distribution.createdAt
        let wasOldest = isOfSameAge ? distribution.target.map { oldest[$0] == key } : nil
        var affected = remove(key)
        distributions[key] = distribution
        guard let target = distribution.target else { return affected }
        claim(target, by: distribution)
        // The oldest one stays the oldest when it is amended. No search is needed.
        if wasOldest == true, isContested(target), claims[target]?.contenders.contains(key) == true {
            oldest[target] = key
        }
        distribution.spec.forEachFile { readers[$0.text, default: []].insert(key) }
        for folder in distribution.spec.folders { folderReaders[folder, default: []].insert(key) }
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

    /// Removes the distribution with this key.
    ///
    /// - Returns: its target, which must be compared.
    package mutating func remove(_ key: ObjectKey) -> Set<ObjectKey> {
        guard let old = distributions.removeValue(forKey: key), let target = old.target else { return [] }
        claims[target]?.contenders.remove(key)
        claims[target]?.others.remove(key)
        claims[target]?.leaving.remove(key)
        if claims[target]?.isEmpty == true { claims[target] = nil }
        if oldest[target] == key || !isContested(target) { oldest[target] = nil }
        old.spec.forEachFile { Self.remove(key, from: &readers, $0.text) }
        for folder in old.spec.folders { Self.remove(key, from: &folderReaders, folder) }
        return [target]
    }

    private static func remove(_ key: ObjectKey, from readers: inout [String: Set<ObjectKey>], _ path: String) {
        readers[path]?.remove(key)
        if readers[path]?.isEmpty == true { readers[path] = nil }
    }

    /// The targets that use any of `paths`.
    ///
    /// - Parameter folders: those of `paths` that may be folders. Targets that use a file in them are included, which
    ///   needs a search through all source files.
    package func targets(reading paths: some Sequence<String>, folders: Set<String> = []) -> Set<ObjectKey> {
        var keys: Set<ObjectKey> = []
        for path in paths {
            keys.formUnion(readers[path, default: []])
            guard !folderReaders.isEmpty else { continue }
            for folder in path.foldersAbove { keys.formUnion(folderReaders[folder, default: []]) }
            keys.formUnion(folderReaders["", default: []])
            // The path may itself be a folder that cannot be read.
            keys.formUnion(folderReaders[path, default: []])
        }
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

    /// The distribution from which `target` is written: the oldest of ours that describe it and are not being deleted.
    ///
    /// Anyone who may write distributions can create thousands for one target. They are searched only after the oldest
    /// one is gone.
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

    /// Our distributions that describe `target` and are not being deleted; the winner is one of them.
    package func contenders(for target: ObjectKey) -> Set<ObjectKey> { claims[target]?.contenders ?? [] }

    /// Whether `target` has several contenders.
    package func isContested(_ target: ObjectKey) -> Bool { claims[target].map { $0.contenders.count > 1 } ?? false }

    /// Whether a distribution names no target, or one that another distribution may have.
    package func mayLackTarget(_ distribution: SecretsDistribution) -> Bool {
        distribution.target.map(isContested) ?? true
    }

    /// Whether any distribution, ours or not, describes `target` and is not being deleted.
    package func isDescribed(_ target: ObjectKey) -> Bool {
        claims[target].map { !$0.contenders.isEmpty || !$0.others.isEmpty } ?? false
    }
}
