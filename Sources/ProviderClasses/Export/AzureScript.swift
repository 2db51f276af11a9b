/// Role assignments for Key Vaults, one for each object.
enum AzureScript {
    static func text(_ grants: [Grant], _ header: String) -> String {
        ShellScript.text(
            header,
            variables: [
                ("PRINCIPAL_ID", "the object ID of the identity of the pod"),
                ("SUBSCRIPTION_ID", "the subscription of the vault"),
                ("RESOURCE_GROUP", "the resource group of the vault"),
            ],
            grants.compactMap { grant in
                guard case .azure(let vault, let kind, let name) = grant.access else { return nil }
                let group = "/subscriptions/$SUBSCRIPTION_ID/resourceGroups/$RESOURCE_GROUP"
                let scope = "\(group)/providers/Microsoft.KeyVault/vaults/\(vault)/\(kind.collection)/\(name)"
                return ShellScript.command(
                    grant.comment,
                    [
                        "az role assignment create --role \"\(kind.role)\"",
                        "--assignee-object-id \"$PRINCIPAL_ID\" --assignee-principal-type ServicePrincipal",
                        "--scope \"\(scope)\"",
                    ])
            })
    }
}

extension AzureKind {
    /// The part of a scope.
    var collection: String {
        switch self {
        case .secret: "secrets"
        case .key: "keys"
        case .certificate: "certificates"
        }
    }

    /// The built-in role with the fewest rights that lets the provider read the object
    /// (learn.microsoft.com/azure/role-based-access-control/built-in-roles/security).
    ///
    /// Of a key and a certificate, the provider reads only the public part, for which `keys/read` and `certificates/read`
    /// are enough. Key Vault Crypto User may also sign and decrypt, and Key Vault Certificate User may also read secrets.
    var role: String { self == .secret ? "Key Vault Secrets User" : "Key Vault Reader" }
}
