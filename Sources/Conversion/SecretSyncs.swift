import Distribution
import YAML

/// Reads a `SecretSync` of the Secrets Store Sync Controller (secret-sync.x-k8s.io; secrets-store-sync-controller,
/// `api/v1alpha1/secretsync_types.go`).
struct SecretSyncs {
    static let kind = "SecretSync"

    /// - Parameter name: the name of the resource and of its Secret.
    static func drafts(
        in document: MappingReader, name: Located, namespace: Located?, _ findings: inout Findings
    ) -> [Draft] {
        guard let spec = document.requiredMapping("spec", &findings) else { return [] }
        spec.expectNoOther(
            than: [
                "secretSyncControllerName", "secretProviderClassName", "serviceAccountName", "secretObject",
                "forceSynchronization",
            ], in: kind, &findings)
        guard let object = spec.requiredMapping("secretObject", &findings) else { return [] }
        object.expectNoOther(than: ["type", "labels", "annotations", "data"], in: kind, &findings)
        describeAccess(spec, &findings)
        var draft = Draft(
            origin: Located(text: "\(kind) \(name.text)", place: Place(line: document.place.line, field: kind)),
            namespace: namespace, name: name.text, secret: name, type: object.string("type", &findings)?.trimmed,
            handover: .secretSync(name.text))
        if let token = spec.string("forceSynchronization", &findings) {
            draft.ownAnnotations = [.init(WellKnownKeys.forceSync, .string(token.text))]
        }
        draft.labels = object.strings("labels", &findings)
        draft.annotations = object.strings("annotations", &findings)
        draft.addData(of: object, from: "sourcePath", to: "targetKey", &findings)
        return draft.entries.isEmpty ? [] : [draft]
    }

    /// The controller reads the vault itself, as a service account that the resource names. The agent reads a mount.
    private static func describeAccess(_ spec: MappingReader, _ findings: inout Findings) {
        if let name = spec.required("secretProviderClassName", &findings) {
            findings.remark(
                name.place.line,
                "\(name.place.field) is \(shown(name.text)): mount this class in the pod of secrets-distributor")
        }
        if let name = spec.required("serviceAccountName", &findings) {
            findings.remark(
                name.place.line,
                "\(name.place.field) is \(shown(name.text)): the mount is read as the service account of the pod of"
                    + " secrets-distributor, which needs the same access to the vault")
        }
        if let name = spec.string("secretSyncControllerName", &findings) {
            findings.add(
                name.place,
                "has no counterpart: it chooses one of several controllers; to choose one of several agents, add the"
                    + " annotation \(WellKnownKeys.managedBy) to the distribution")
        }
    }
}
