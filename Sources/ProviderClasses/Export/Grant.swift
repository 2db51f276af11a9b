/// Something that a vault must grant, and who needs it.
struct Grant: Sendable {
    let access: VaultAccess
    /// Sorted.
    let users: [String]

    /// The users in a comment.
    var comment: String { users.joined(separator: ", ") }

    /// The grants for the used objects, one for each thing to read, sorted by what it is.
    static func all(of coverage: MountCoverage) -> [Grant] {
        var users: [VaultAccess: Set<String>] = [:]
        for id in coverage.usedObjects {
            for access in coverage.content[id].access { users[access, default: []].formUnion(coverage.users(of: id)) }
        }
        return users.map { Grant(access: $0.key, users: $0.value.sorted()) }
            .sorted { $0.access.sortKey.lexicographicallyPrecedes($1.access.sortKey) }
    }
}

extension VaultAccess {
    fileprivate var sortKey: [String] {
        switch self {
        case .awsSecret(.arn(let arn)): ["1", arn]
        case .awsSecret(.named(let name, let region)): ["2", name, region ?? ""]
        case .awsParameter(.arn(let arn)): ["3", arn]
        case .awsParameter(.named(let name, let region)): ["4", name, region ?? ""]
        case .azure(let vault, let kind, let name): ["5", vault, kind.rawValue, name]
        case .googleSecret(let project, let location, let name): ["6", project, location ?? "", name]
        case .googleParameters(let project): ["7", project]
        case .vaultPath(let path):
            ["8", path.address ?? "", path.namespace ?? "", path.path, path.capabilities.joined(separator: ",")]
        }
    }
}
