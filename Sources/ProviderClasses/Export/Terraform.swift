import Distribution

/// The access as Terraform resources. They need the providers `aws`, `azurerm`, `google` and `vault`, as far as the classes
/// use them.
struct Terraform {
    private let grants: [Grant]
    private let account: String?
    private let region: String?

    init(_ grants: [Grant], account: String?, region: String?) {
        (self.grants, self.account, self.region) = (grants, account, region)
    }

    /// - Parameter place: where an error is reported.
    /// - Throws: if the classes use several Vaults.
    func text(_ place: FilePlace) throws(AccessExport.Failure) -> String {
        (aws + azure + google + (try vault(place))).map(\.text).joined(separator: "\n")
    }

    private var aws: [HCLBlock] {
        let statements = AWSStatement.all(grants)
        guard !statements.isEmpty else { return [] }
        let names = AWSStatement.Names(
            account: account ?? "${data.aws_caller_identity.current.account_id}",
            // Not `name`, which version 6 of the provider deprecates, and not `region`, which version 5 lacks.
            region: region ?? "${data.aws_region.current.id}", partition: "${data.aws_partition.current.partition}")
        let arns = statements.flatMap { $0.resources(names) }
        let sources = ["caller_identity", "partition", "region"].map { "data.aws_\($0).current" }.filter { source in
            arns.contains { $0.contains(source) }
        }
        let blocks = statements.map { statement in
            HCLBlock(
                "statement", comment: statement.users.joined(separator: ", "),
                [
                    .list("actions", statement.service.actions.map(HCLBlock.quoted)),
                    // Names of AWS contain no character that HCL reads as anything else.
                    .list("resources", statement.resources(names).map { "\"\($0)\"" }),
                ])
        }
        return sources.map { source in
            let parts = source.split(separator: ".")
            return HCLBlock("data \"\(parts[1])\" \"\(parts[2])\"", [])
        } + [HCLBlock("data \"aws_iam_policy_document\" \"secrets_distributor\"", blocks.map { .block($0) })]
    }

    private var azure: [HCLBlock] {
        let found: [(grant: Grant, vault: String, kind: AzureKind, name: String)] = grants.compactMap { grant in
            if case .azure(let vault, let kind, let name) = grant.access { (grant, vault, kind, name) } else { nil }
        }
        guard !found.isEmpty else { return [] }
        var names = Identifiers()
        var vaults: [String: String] = [:]
        var blocks = [
            Self.variable("azure_principal_id", "The object ID of the pod's identity."),
            Self.variable("azure_resource_group_name", "The resource group of the vault."),
        ]
        for vault in Set(found.map(\.vault)).sorted() {
            let name = names.unique(vault)
            vaults[vault] = name
            blocks.append(
                HCLBlock(
                    "data \"azurerm_key_vault\" \"\(name)\"",
                    [
                        .attribute("name", HCLBlock.quoted(vault)),
                        .attribute("resource_group_name", "var.azure_resource_group_name"),
                    ]))
        }
        return blocks
            + found.map { grant, vault, kind, name in
                let scope = "${data.azurerm_key_vault.\(vaults[vault] ?? "").id}/\(kind.collection)/\(name)"
                return HCLBlock(
                    "resource \"azurerm_role_assignment\" \"\(names.unique("\(vault)_\(kind.rawValue)_\(name)"))\"",
                    comment: grant.comment,
                    [
                        .attribute("scope", "\"\(scope)\""),
                        .attribute("role_definition_name", HCLBlock.quoted(kind.role)),
                        .attribute("principal_id", "var.azure_principal_id"),
                    ])
            }
    }

    private var google: [HCLBlock] {
        var names = Identifiers()
        let blocks = grants.compactMap { grant -> HCLBlock? in
            switch grant.access {
            case .googleSecret(let project, let location, let name):
                let kind = location == nil ? "secret" : "regional_secret"
                let id = names.unique([project, location, name].compactMap(\.self).joined(separator: "_"))
                return HCLBlock(
                    "resource \"google_secret_manager_\(kind)_iam_member\" \"\(id)\"", comment: grant.comment,
                    [.attribute("project", HCLBlock.quoted(project))]
                        + (location.map { [.attribute("location", HCLBlock.quoted($0))] } ?? [])
                        + [.attribute("secret_id", HCLBlock.quoted(name))] + Self.member(GoogleScript.secretRole))
            case .googleParameters(let project):
                return HCLBlock(
                    "resource \"google_project_iam_member\" \"\(names.unique("\(project)_parameters"))\"",
                    comment: grant.comment,
                    [.attribute("project", HCLBlock.quoted(project))] + Self.member(GoogleScript.parameterRole))
            default: return nil
            }
        }
        guard !blocks.isEmpty else { return [] }
        return [Self.variable("google_member", "The principal of the pod's service account.")] + blocks
    }

    private static func member(_ role: String) -> [HCLBlock.Item] {
        [.attribute("role", HCLBlock.quoted(role)), .attribute("member", "var.google_member")]
    }

    private func vault(_ place: FilePlace) throws(AccessExport.Failure) -> [HCLBlock] {
        let policies = try VaultPolicy.all(grants, place)
        guard !policies.isEmpty else { return [] }
        var names = Identifiers()
        return [Self.variable("vault_policy_name", "The name of the policy.", standard: "secrets-distributor")]
            + policies.map { policy in
                let id = names.unique(
                    ["secrets_distributor", policy.namespace].compactMap(\.self).joined(separator: "_"))
                return HCLBlock(
                    "resource \"vault_policy\" \"\(id)\"",
                    (policy.namespace.map { [.attribute("namespace", HCLBlock.quoted($0))] } ?? [])
                        + [
                            .attribute("name", "var.vault_policy_name"),
                            .attribute("policy", HCLBlock.heredoc(policy.text)),
                        ])
            }
    }

    private static func variable(_ name: String, _ description: String, standard: String? = nil) -> HCLBlock {
        HCLBlock(
            "variable \"\(name)\"",
            [.attribute("description", HCLBlock.quoted(description)), .attribute("type", "string")]
                + (standard.map { [.attribute("default", HCLBlock.quoted($0))] } ?? []))
    }
}

/// Names of Terraform resources: letters, digits, `_` and `-`, not beginning with a digit.
private struct Identifiers {
    private var taken = UniqueNames()

    mutating func unique(_ text: String) -> String {
        let isPlain = { (byte: UInt8) in
            (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
        }
        var name = String(decoding: text.utf8.map { isPlain($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
        if name.utf8.first.map({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") }) ?? true { name = "_\(name)" }
        return taken.insert(name)
    }
}
