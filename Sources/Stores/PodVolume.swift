import Distribution
import JSON
import Kube
import Planning

/// A volume of a pod, as the Secrets Store CSI driver reports it: `SecretProviderClassPodStatus`
/// (secrets-store.csi.x-k8s.io/v1). The driver writes it after it has written the files.
struct PodVolume: KubeObject {
    let metadata: ObjectMeta
    let className: String
    /// `/var/lib/kubelet/pods/<uid>/volumes/kubernetes.io~csi/<volume>/mount`
    let targetPath: String
    /// The objects with their versions, as the vault's provider names them. An object without a version is left out.
    let objects: [VaultVersions.Version]

    init(reading json: JSONNode) throws(JSONBytes.Failure) {
        metadata = try ObjectMeta(reading: try json.required("metadata"))
        let status = json["status"]
        className = status?["secretProviderClassName"]?.string ?? ""
        targetPath = status?["targetPath"]?.string ?? ""
        var objects: [VaultVersions.Version] = []
        if let list = status?["objects"] {
            for entry in list.elements {
                guard let id = entry["id"]?.string, let version = entry["version"]?.string, !version.isEmpty else {
                    continue
                }
                objects.append(.init(object: id, version: version))
            }
        }
        self.objects = objects
    }

    func belongs(toPod uid: String) -> Bool { targetPath.split(separator: "/").contains { $0 == uid } }
}

extension Resource {
    private static let driver = "secrets-store.csi.x-k8s.io"
    static let providerClasses = Resource(group: driver, plural: "secretproviderclasses")
    static let providerClassPodStatuses = Resource(group: driver, plural: "secretproviderclasspodstatuses")
}
