package import Kube
import Snapshots

extension Resource {
    package static let secretsDistributions = Resource(
        group: WellKnownKeys.group, version: WellKnownKeys.version, plural: "secretsdistributions")
    package static let clusterSecretsDistributions = Resource(
        group: WellKnownKeys.group, version: WellKnownKeys.version, plural: "clustersecretsdistributions",
        isNamespaced: false)
}

/// The labels, annotations and kinds of the program's objects. Part of the contract.
package enum WellKnownKeys {
    package static let group = "xlscsde.nhs.uk"
    package static let version = "v1"
    package static let apiVersion = "xlscsde.nhs.uk/v1"
    package static let kind = "SecretsDistribution"
    package static let clusterKind = "ClusterSecretsDistribution"

    /// Annotation. On a target: its owner. On a distribution: the instance that it is assigned to.
    package static let managedBy = "xlscsde.nhs.uk/managedBy"
    /// Annotation of a distribution. Each change of it requests a comparison at once.
    package static let forceSync = "xlscsde.nhs.uk/forceSync"
    /// Annotation of a target: the `<namespace>/<name>` of its distribution, or the name of a cluster distribution.
    package static let distribution = "xlscsde.nhs.uk/distribution"
    /// Annotation of a target that is deleted with its distribution. It proves that this Secret was written for that
    /// distribution: in a copy of the Secret under another name, the value does not match.
    package static let target = "xlscsde.nhs.uk/target"
    /// Annotation of a target: the generation that its content came from.
    package static let mountGeneration = "xlscsde.nhs.uk/mountGeneration"
    /// Annotation of a target: which of its keys were generated, with which token and when; JSON. Never a value.
    package static let generated = "xlscsde.nhs.uk/generated"
    /// Annotation of a Secret that keeps generated values while their Secret is replaced: the name of that Secret.
    package static let savedFor = "xlscsde.nhs.uk/savedFor"
    /// Label of a target, so that a watch can select the program's Secrets.
    package static let managedByLabel = "app.kubernetes.io/managed-by"
    /// Annotation that holds a copy of the object as it was applied, including values. Never kept, never written.
    package static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

    /// The value of annotation `target`: a digest of the names and the uid only. It no longer matches if a name is
    /// replaced in a copied manifest.
    ///
    /// - Parameter owner: the uid of the distribution.
    package static func target(_ key: ObjectKey, of owner: String) -> String {
        Digest(of: SecretBytes("\(key)\n\(owner)".utf8)).publicText
    }

    /// Why a distribution may not put `key` on its target; nil if it may.
    static func refusal(ofMetadataKey key: String) -> String? {
        if key.hasPrefix("\(group)/") || key == managedByLabel { return "is set only by this program" }
        if key.hasPrefix("kubernetes.io/service-account.") { return "would tie the Secret to a service account" }
        if key.hasPrefix("meta.helm.sh/") { return "would hand the Secret over to Helm" }
        if key == lastApplied { return "is written only by kubectl" }
        return nil
    }
}
