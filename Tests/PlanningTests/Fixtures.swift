import Kube
import Observability
import Snapshots

@testable import Distribution
@testable import Planning

extension DesiredTarget {
    /// Uses a new cache.
    init(_ distribution: SecretsDistribution, from snapshot: Snapshot?, managedBy: String) throws(Refusal) {
        var checks = CertificateCheckCache()
        try self.init(distribution, from: snapshot, managedBy: managedBy, checks: &checks)
    }
}

extension OwnerReference {
    static let ours = OwnerReference(
        apiVersion: "xlscsde.nhs.uk/v1", kind: "SecretsDistribution", name: "app", uid: "uid-1")
    static let other = OwnerReference(apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "uid-9")
}

extension ObservedTarget {
    /// The Secret of `Manifest.good`, in sync, with `password: one`.
    static func inLine(_ change: (inout ObservedTarget) -> Void = { _ in }) -> ObservedTarget {
        var target = ObservedTarget(
            key: ObjectKey(namespace: "shop", name: "app-secret"), uid: "uid-s", resourceVersion: "5", type: "Opaque",
            digests: ["PASSWORD": Digest("one")], labels: ["app.kubernetes.io/managed-by": "agent"],
            annotations: [
                "xlscsde.nhs.uk/managedBy": "agent", "xlscsde.nhs.uk/distribution": "shop/app",
                "xlscsde.nhs.uk/mountGeneration": "..2024_04_30",
            ])
        change(&target)
        return target
    }
}
