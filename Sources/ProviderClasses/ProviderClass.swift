package import Distribution
import YAML

/// One SecretProviderClass of the Secrets Store CSI driver.
package struct ProviderClass: Sendable {
    package let place: FilePlace
    /// `namespace/name`, or only the name if the manifest has no namespace.
    package let label: String
    /// Nil for a provider that is not known.
    package let provider: VaultProvider?
    /// The folder of `SECRETS_PATH` where it is mounted; "" is `SECRETS_PATH` itself.
    package let folder: String
    /// Their files have paths relative to `SECRETS_PATH`.
    package let objects: [VaultObject]
    /// The files that `spec.secretObjects` copies to Secrets, relative to `SECRETS_PATH`: the class itself uses them.
    let ownFiles: Set<String>
    let document: YAMLNode
}
