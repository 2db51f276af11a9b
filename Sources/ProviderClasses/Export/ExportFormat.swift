/// A form in which the access of a mount can be written.
package enum ExportFormat: String, Sendable, CaseIterable {
    /// An IAM policy of AWS.
    case awsIAM = "aws-iam"
    /// A shell script with a role assignment for each object of a Key Vault.
    case azureRBAC = "azure-rbac"
    /// A shell script with a role binding for each secret of Google.
    case gcpIAM = "gcp-iam"
    /// A policy of HashiCorp Vault.
    case vaultPolicy = "vault-policy"
    /// Terraform resources for all four.
    case terraform
    /// The SecretProviderClasses with only the objects that are used.
    case objects

    /// Whether it names the account and the region of AWS.
    package var usesAccount: Bool { self == .awsIAM || self == .terraform }

    /// The one provider that the format is for; nil for all.
    var provider: VaultProvider? {
        switch self {
        case .awsIAM: .aws
        case .azureRBAC: .azure
        case .gcpIAM: .gcp
        case .vaultPolicy: .vault
        case .terraform, .objects: nil
        }
    }
}
