import Distribution

/// The targets of the `ClusterSecretsDistribution` resources: one in each namespace that they select.
///
/// Keeps the selected namespaces of each resource, and no entry for each target, because there may be thousands.
struct ClusterClaims: Sendable {
    private(set) var distributions: [ObjectKey: SecretsDistribution] = [:]
    private(set) var namespaces: [String: Namespace] = [:]
    /// By distribution: the namespaces that it selects, except those that are being deleted.
    private var selected: [ObjectKey: Set<String>] = [:]
    /// By name of the Secret: the distributions that describe it.
    private var bySecret: [String: Set<ObjectKey>] = [:]

    /// Inserts `distribution`, or replaces the one with the same key.
    ///
    /// - Returns: the targets of the old and the new version, which must be compared. Empty if only the status or the
    ///   metadata differ, which happens after each write of a status.
    mutating func upsert(_ distribution: SecretsDistribution) -> Set<ObjectKey> {
        let key = distribution.key
        let old = distributions[key]
        if let old, old.describesTheSame(as: distribution) {
            distributions[key] = distribution
            return []
        }
        let former = targets(of: key)
        if let name = old?.spec.name { removeClaim(to: name, of: key) }
        distributions[key] = distribution
        if let name = distribution.spec.name { bySecret[name, default: []].insert(key) }
        if distribution.refusal != nil {
            // An invalid distribution keeps its previous targets.
            selected[key] = selected[key] ?? []
        } else if old?.selection != distribution.selection || old?.refusal != nil || selected[key] == nil {
            selected[key] = Set(namespaces.values.lazy.filter { distribution.selects($0) }.map(\.name))
        }
        return former.union(targets(of: key))
    }

    /// - Returns: the targets that it described.
    mutating func remove(_ key: ObjectKey) -> Set<ObjectKey> {
        let former = targets(of: key)
        guard let old = distributions.removeValue(forKey: key) else { return [] }
        selected[key] = nil
        if let name = old.spec.name { removeClaim(to: name, of: key) }
        return former
    }

    private mutating func removeClaim(to name: String, of key: ObjectKey) {
        bySecret[name]?.remove(key)
        if bySecret[name]?.isEmpty == true { bySecret[name] = nil }
    }

    /// - Returns: the targets in the namespace that are new, or that are not described any more.
    mutating func upsert(_ namespace: Namespace) -> Set<ObjectKey> {
        let old = namespaces.updateValue(namespace, forKey: namespace.name)
        // An event about a namespace rarely concerns its labels.
        if let old, old.uid == namespace.uid, old.labels == namespace.labels,
            old.isBeingDeleted == namespace.isBeingDeleted
        {
            return []
        }
        return select(namespace)
    }

    /// - Returns: the targets in the namespace, which are not described any more.
    mutating func remove(namespace name: String) -> Set<ObjectKey> {
        guard namespaces.removeValue(forKey: name) != nil else { return [] }
        return select(Namespace(name: name, isBeingDeleted: true))
    }

    private mutating func select(_ namespace: Namespace) -> Set<ObjectKey> {
        var affected: Set<ObjectKey> = []
        for (key, distribution) in distributions where distribution.refusal == nil || namespace.isBeingDeleted {
            let isChanged =
                distribution.selects(namespace)
                ? selected[key, default: []].insert(namespace.name).inserted
                : selected[key]?.remove(namespace.name) != nil
            if isChanged, let name = distribution.spec.name {
                affected.insert(ObjectKey(namespace: namespace.name, name: name))
            }
        }
        return affected
    }

    // MARK: Queries

    /// The namespaces that a distribution selects.
    func namespaces(of key: ObjectKey) -> Set<String> { selected[key] ?? [] }

    func targets(of key: ObjectKey) -> Set<ObjectKey> {
        guard let name = distributions[key]?.spec.name else { return [] }
        return Set(namespaces(of: key).lazy.map { ObjectKey(namespace: $0, name: name) })
    }

    /// The distributions that describe `target`, bound to its namespace.
    func claimants(of target: ObjectKey) -> [SecretsDistribution] {
        guard let keys = bySecret[target.name] else { return [] }
        return keys.lazy.filter { self.selected[$0]?.contains(target.namespace) == true }
            .compactMap { self.distributions[$0]?.bound(to: target.namespace) }
    }

    func hasClaimants(of target: ObjectKey) -> Bool {
        guard let keys = bySecret[target.name] else { return false }
        return keys.contains { selected[$0]?.contains(target.namespace) == true }
    }

    /// A version of a distribution that may differ from the stored one, bound to `namespace` if it selects it.
    func bind(_ distribution: SecretsDistribution, to namespace: String) -> SecretsDistribution {
        distribution.bound(to: namespaces[namespace].map(distribution.selects) == true ? namespace : nil)
    }
}

extension SecretsDistribution {
    /// In a namespace that is being deleted, nothing can be created, and what is there is deleted with it.
    fileprivate func selects(_ namespace: Namespace) -> Bool {
        !namespace.isBeingDeleted && selection?.selects(namespace) == true
    }

    /// Whether it describes the same targets, with the same content, and takes the same precedence.
    fileprivate func describesTheSame(as other: SecretsDistribution) -> Bool {
        uid == other.uid && createdAt == other.createdAt && spec == other.spec && selection == other.selection
            && problems == other.problems && assignedTo == other.assignedTo && isBeingDeleted == other.isBeingDeleted
            && orphansTarget == other.orphansTarget
    }
}
