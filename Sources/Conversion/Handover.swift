import Distribution

/// How a Secret is handed over to this program, as comments above its distribution.
enum Handover {
    /// The CSI driver writes the Secret for the class, as long as pods mount it.
    case secretObject(ofClass: String)
    /// The Secrets Store Sync Controller writes it.
    case secretSync(String)
    /// There is no Secret yet.
    case none

    /// - Parameters:
    ///   - secret: the name of the Secret, which is valid.
    ///   - namespace: nil if the manifest names none.
    ///   - managedBy: the owner mark.
    func lines(secret: String, namespace: String?, managedBy: String) -> [String] {
        let option = namespace.map { " --namespace \($0)" } ?? ""
        let mark = "  kubectl annotate secret \(secret)\(option) \(WellKnownKeys.managedBy)=\(managedBy) --overwrite"
        switch self {
        case .secretObject(let name):
            return [
                "To hand over Secret \(secret), which the CSI driver writes and Kubernetes deletes with the last of its owners:",
                "1. Remove this entry from spec.secretObjects of SecretProviderClass \(name). Before that, the next update of",
                "   the driver would undo steps 2 and 3.",
                "2. Remove the owner references, so that the Secret stays when those workloads or pods are deleted:",
                "  kubectl patch secret \(secret)\(option) --type merge --patch '{\"metadata\":{\"ownerReferences\":null}}'",
                "3. Set the owner mark. From then on, secrets-distributor writes the Secret:",
                mark,
            ]
        case .secretSync(let name):
            return [
                "To hand over Secret \(secret), which the sync controller writes and Kubernetes deletes with its SecretSync:",
                "1. Delete the SecretSync without the Secret:",
                "  kubectl delete secretsync \(name)\(option) --cascade=orphan",
                "2. Set the owner mark. From then on, secrets-distributor writes the Secret:",
                mark,
            ]
        case .none:
            return [
                "kees writes a file in the pod and no Secret, so there is nothing to hand over. To write such a file again,",
                "without a Secret, use ANNOTATIONS_PATH.",
            ]
        }
    }
}
