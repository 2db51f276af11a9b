/// A provider of the Secrets Store CSI driver, by its name in `spec.provider`.
package enum VaultProvider: String, Sendable, CaseIterable {
    /// AWS Secrets Manager and Systems Manager Parameter Store.
    case aws
    /// Azure Key Vault.
    case azure
    /// Google Secret Manager and Parameter Manager.
    case gcp
    /// HashiCorp Vault.
    case vault

    /// The parameter that lists the objects.
    var listParameter: String { self == .gcp ? "secrets" : "objects" }
}
