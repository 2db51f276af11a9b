import Distribution

/// A policy of HashiCorp Vault for one namespace.
struct VaultPolicy {
    /// Nil for the provider's own.
    let namespace: String?
    private let grants: [(path: VaultPath, comment: String)]

    /// The policies for the grants, one for each namespace.
    ///
    /// - Parameter place: where an error is reported.
    /// - Throws: if the classes use several Vaults.
    static func all(_ grants: [Grant], _ place: FilePlace) throws(AccessExport.Failure) -> [VaultPolicy] {
        let paths: [(path: VaultPath, comment: String)] = grants.compactMap { grant in
            if case .vaultPath(let path) = grant.access { (path, grant.comment) } else { nil }
        }
        let addresses = Set(paths.map(\.path.address))
        guard addresses.count <= 1 else {
            let names = addresses.map { $0 ?? "the provider's own" }.sorted().joined(separator: ", ")
            throw AccessExport.Failure(findings: [
                Finding(place, "the classes use several Vaults (\(names)), expected one; export them one by one")
            ])
        }
        let namespaces = Set(paths.map(\.path.namespace)).sorted { ($0 ?? "") < ($1 ?? "") }
        return namespaces.map { namespace in
            VaultPolicy(namespace: namespace, grants: paths.filter { $0.path.namespace == namespace })
        }
    }

    /// The policy for the grants.
    ///
    /// - Throws: if the classes use several Vaults or namespaces.
    static func only(_ grants: [Grant], _ place: FilePlace) throws(AccessExport.Failure) -> VaultPolicy {
        let policies = try all(grants, place)
        guard let policy = policies.first, policies.count == 1 else {
            let names = policies.map { shown($0.namespace ?? "") }.joined(separator: ", ")
            let message = "the classes use several namespaces of Vault (\(names)), expected one; export them one by one"
            throw AccessExport.Failure(findings: [Finding(place, message)])
        }
        return policy
    }

    /// The policy as HCL.
    var text: String {
        grants.map { path, comment in
            HCLBlock(
                "path \(HCLBlock.quoted(path.path))", comment: comment,
                [.attribute("capabilities", "[\(path.capabilities.map(HCLBlock.quoted).joined(separator: ", "))]")]
            ).text
        }.joined(separator: "\n")
    }
}
