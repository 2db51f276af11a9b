package import Kube
import Snapshots

extension Resource {
    package static let secretsDistributions = Resource(
        group: WellKnownKeys.group, version: WellKnownKeys.version, plural: "secretsdistributions")
}

/// The labels, annotations and kinds by which the program's objects know each other. Part of the contract.
package enum WellKnownKeys {
    package static let group = "xlscsde.nhs.uk"
    package static let version = "v1"
    package static let apiVersion = "xlscsde.nhs.uk/v1"
    package static let kind = "SecretsDistribution"

    /// Annotation: on a target its owner, on a distribution the instance that it belongs to.
    package static let managedBy = "xlscsde.nhs.uk/managedBy"
    /// Annotation of a distribution: each change of it asks for a comparison at once.
    package static let forceSync = "xlscsde.nhs.uk/forceSync"
    /// Annotation of a target: `<namespace>/<name>` of its distribution.
    package static let distribution = "xlscsde.nhs.uk/distribution"
    /// Annotation of a target that goes with its distribution: proves that this very Secret was written for it. A copy of
    /// the Secret under another name carries a mark that does not fit.
    package static let target = "xlscsde.nhs.uk/target"
    /// Annotation of a target: the generation that its content came from.
    package static let mountGeneration = "xlscsde.nhs.uk/mountGeneration"
    /// Label of a target, so that a watch can select ours.
    package static let managedByLabel = "app.kubernetes.io/managed-by"
    /// Holds a copy of the object as somebody applied it, values included: never kept, never written.
    package static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

    /// The value of `target`: a digest of names alone, which replacing a name in a copied manifest does not keep.
    ///
    /// - Parameter owner: the uid of the distribution.
    package static func target(_ key: ObjectKey, of owner: String) -> String {
        Digest(of: SecretBytes("\(key)\n\(owner)".utf8)).publicText
    }

    /// Why a distribution may not put `key` on its target; nil if it may.
    static func refusal(ofMetadataKey key: String) -> String? {
        if key.hasPrefix("\(group)/") || key == managedByLabel { return "is set by this program alone" }
        if key.hasPrefix("kubernetes.io/service-account.") { return "would tie the Secret to a service account" }
        if key.hasPrefix("meta.helm.sh/") { return "would hand the Secret to Helm" }
        if key == lastApplied { return "is written by kubectl alone" }
        return nil
    }
}
