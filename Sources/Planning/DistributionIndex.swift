package import Distribution
import Snapshots

/// All distributions, indexed by key, by target and by source file; and the namespaces that cluster distributions select
/// from.
package struct DistributionIndex: Sendable {
    /// Those that belong to a namespace.
    package private(set) var distributions: [ObjectKey: SecretsDistribution] = [:]
    private var cluster = ClusterClaims()
    private let isOurs: @Sendable (SecretsDistribution) -> Bool
    /// By target: the distributions of its namespace that describe it.
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
        if distribution.isCluster {
            if let old = cluster.distributions[key] { removeReader(old) }
            addReader(distribution)
            return cluster.upsert(distribution)
        }
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
        addReader(distribution)
        affected.insert(target)
        return affected
    }

    private mutating func addReader(_ distribution: SecretsDistribution) {
        let key = distribution.key
        distribution.spec.forEachFile { readers[$0.text, default: []].insert(key) }
        for folder in distribution.spec.folders { folderReaders[folder, default: []].insert(key) }
    }

    private mutating func removeReader(_ distribution: SecretsDistribution) {
        let key = distribution.key
        distribution.spec.forEachFile { Self.remove(key, from: &readers, $0.text) }
        for folder in distribution.spec.folders { Self.remove(key, from: &folderReaders, folder) }
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
                SecretsDistribution.precedes(distribution, first)
            {
                oldest[target] = key
            }
        }
    }

    /// Removes the distribution with this key.
    ///
    /// - Returns: its targets, which must be compared.
    package mutating func remove(_ key: ObjectKey) -> Set<ObjectKey> {
        if let old = cluster.distributions[key] {
            removeReader(old)
            return cluster.remove(key)
        }
        guard let old = distributions.removeValue(forKey: key), let target = old.target else { return [] }
        claims[target]?.contenders.remove(key)
        claims[target]?.others.remove(key)
        claims[target]?.leaving.remove(key)
        if claims[target]?.isEmpty == true { claims[target] = nil }
        if oldest[target] == key || !isContested(target) { oldest[target] = nil }
        removeReader(old)
        return [target]
    }

    /// Inserts a namespace, or replaces the one with the same name.
    ///
    /// - Returns: the targets in it that are described now, or not any more.
    package mutating func upsert(_ namespace: Namespace) -> Set<ObjectKey> { cluster.upsert(namespace) }

    /// Removes a namespace.
    ///
    /// - Returns: the targets in it, which are not described any more.
    package mutating func remove(namespace: String) -> Set<ObjectKey> { cluster.remove(namespace: namespace) }

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
        var targets: Set<ObjectKey> = []
        for key in keys {
            if let target = distributions[key]?.target { targets.insert(target) }
            if cluster.distributions[key] != nil { targets.formUnion(cluster.targets(of: key)) }
        }
        return targets
    }

    /// All targets that some distribution describes.
    package var targets: [ObjectKey] { Array(claims.keys) + clusterTargets.filter { claims[$0] == nil } }

    /// All targets that some cluster distribution describes.
    package var clusterTargets: Set<ObjectKey> {
        cluster.distributions.keys.reduce(into: []) { $0.formUnion(cluster.targets(of: $1)) }
    }

    /// Whether some distribution describes `target`, even if it is being deleted.
    package func isClaimed(_ target: ObjectKey) -> Bool { claims[target] != nil || cluster.hasClaimants(of: target) }

    /// The stored instance of an equal key, to share its memory; nil if no distribution of its namespace describes that
    /// target.
    package func known(_ target: ObjectKey) -> ObjectKey? {
        claims.index(forKey: target).map { claims[$0].key }
    }

    /// The distribution from which `target` is written: of ours that describe it and are not being deleted, the one that
    /// takes precedence. A cluster distribution is bound to the target's namespace.
    package mutating func winner(of target: ObjectKey) -> SecretsDistribution? {
        if let winner = winnerOfNamespace(target) { return winner }
        return clusterContenders(for: target).min(by: SecretsDistribution.precedes)
    }

    /// The oldest distribution of the target's namespace.
    ///
    /// Anyone who may write distributions can create thousands for one target. They are searched only after the oldest
    /// one is gone.
    private mutating func winnerOfNamespace(_ target: ObjectKey) -> SecretsDistribution? {
        guard let contenders = claims[target]?.contenders, let any = contenders.first else { return nil }
        guard contenders.count > 1 else { return distributions[any] }
        if let known = oldest[target] { return distributions[known] }
        var winner = distributions[any]
        for key in contenders {
            guard let other = distributions[key] else { continue }
            winner = winner.map { SecretsDistribution.precedes(other, $0) ? other : $0 }
        }
        oldest[target] = winner?.key
        return winner
    }

    /// Our cluster distributions that describe `target` and are not being deleted, bound to its namespace.
    package func clusterContenders(for target: ObjectKey) -> [SecretsDistribution] {
        cluster.claimants(of: target).filter { !$0.isBeingDeleted && isOurs($0) }
    }

    /// Whether any of ours describes `target` and is not being deleted.
    package func hasContenders(for target: ObjectKey) -> Bool {
        claims[target]?.contenders.isEmpty == false || !clusterContenders(for: target).isEmpty
    }

    /// Our distributions of the target's namespace that describe it and are not being deleted.
    package func contenders(for target: ObjectKey) -> Set<ObjectKey> { claims[target]?.contenders ?? [] }

    /// Whether several distributions of the target's namespace contend for it.
    package func isContested(_ target: ObjectKey) -> Bool { claims[target].map { $0.contenders.count > 1 } ?? false }

    /// Whether a distribution names no target, or one that another distribution may have.
    package func mayLackTarget(_ distribution: SecretsDistribution) -> Bool {
        distribution.target.map(isContested) ?? true
    }

    /// Whether any distribution, ours or not, describes `target` and is not being deleted.
    package func isDescribed(_ target: ObjectKey) -> Bool {
        if let claims = claims[target], !claims.contenders.isEmpty || !claims.others.isEmpty { return true }
        return cluster.claimants(of: target).contains { !$0.isBeingDeleted }
    }
}

/// Any distribution, of a namespace or of the cluster.
extension DistributionIndex {
    /// The distribution with this key; a cluster distribution is bound to no namespace.
    package subscript(key: ObjectKey) -> SecretsDistribution? {
        key.namespace.isEmpty ? cluster.distributions[key] : distributions[key]
    }

    package var clusterDistributions: [ObjectKey: SecretsDistribution] { cluster.distributions }

    package var count: Int { distributions.count + cluster.distributions.count }

    /// The keys of all distributions.
    package var keys: [ObjectKey] { Array(distributions.keys) + cluster.distributions.keys }

    package var namespaces: [String: Namespace] { cluster.namespaces }

    /// The targets of one distribution.
    package func targets(of key: ObjectKey) -> Set<ObjectKey> {
        if let target = distributions[key]?.target { return [target] }
        return cluster.targets(of: key)
    }

    /// The namespaces that a cluster distribution selects.
    package func namespaces(of key: ObjectKey) -> Set<String> { cluster.namespaces(of: key) }

    /// The cached version of `distribution`, bound to the same namespace if it still selects it; nil if it is gone.
    package func current(_ distribution: SecretsDistribution) -> SecretsDistribution? {
        let current = self[distribution.key]
        return distribution.targetNamespace.map { namespace in current.map { bind($0, to: namespace) } } ?? current
    }

    /// The target of a claim; nil if it does not exist any more.
    package func target(of claim: Claim) -> ObjectKey? {
        self[claim.distribution].flatMap { bind($0, to: claim.namespace).target }
    }

    /// A distribution as it is for a target in `namespace`: a cluster distribution is bound to it, if it selects it.
    package func bind(_ distribution: SecretsDistribution, to namespace: String) -> SecretsDistribution {
        distribution.isCluster ? cluster.bind(distribution, to: namespace) : distribution
    }
}
