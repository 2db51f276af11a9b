/// Something that a vault must let the mount read.
package enum VaultAccess: Sendable, Hashable {
    case awsSecret(AWSResource)
    case awsParameter(AWSResource)
    case azure(vault: String, kind: AzureKind, name: String)
    /// - Parameter location: nil for a secret that is not regional.
    case googleSecret(project: String, location: String?, name: String)
    /// Google grants the parameters of a project together.
    case googleParameters(project: String)
    case vaultPath(VaultPath)

    package var provider: VaultProvider {
        switch self {
        case .awsSecret, .awsParameter: .aws
        case .azure: .azure
        case .googleSecret, .googleParameters: .gcp
        case .vaultPath: .vault
        }
    }
}

/// A secret or a parameter of AWS.
package enum AWSResource: Sendable, Hashable {
    case arn(String)
    /// - Parameter region: nil for the region of the node.
    case named(String, region: String?)
}

/// A kind of object of a Key Vault (`objectType`).
package enum AzureKind: String, Sendable, CaseIterable {
    case secret, key
    case certificate = "cert"
}

/// A path of HashiCorp Vault's API, without `v1/`.
package struct VaultPath: Sendable, Hashable {
    package let path: String
    package let capabilities: [String]
    /// `vaultNamespace` of the class; nil for the provider's own.
    package let namespace: String?
    /// `vaultAddress` of the class; nil for the provider's own.
    package let address: String?
}
