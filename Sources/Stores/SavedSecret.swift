import Distribution
import JSON
import Kube
import Planning
import Snapshots
import Values

/// A Secret that keeps the generated values of another Secret while that one is deleted and recreated, because they are
/// stored nowhere else and the agent may stop in between. It does not carry the program's label, so it is no target.
enum SavedSecret {
    /// Its name depends only on the name of the other Secret, so that the next agent finds it.
    static func name(for key: ObjectKey) -> String {
        "secrets-distributor-saved-\(Digest(of: SecretBytes(key.description.utf8)).publicText)"
    }

    /// - Parameter values: in base64, by data key.
    static func manifest(for desired: DesiredTarget, values: [String: JSONValue]) -> JSONValue {
        let key = desired.key
        var metadata: [String: JSONValue] = [
            "name": .string(name(for: key)), "namespace": .string(key.namespace),
            "annotations": [
                // The guard of the API server lets the agent write no Secret without its mark.
                WellKnownKeys.managedBy: .string(desired.annotations[WellKnownKeys.managedBy] ?? ""),
                WellKnownKeys.savedFor: .string(key.name),
                WellKnownKeys.generated: .string(desired.generated.records.only(Set(values.keys)).text),
            ],
        ]
        if let owner = desired.owner { metadata["ownerReferences"] = .array([JSONValue(owner)]) }
        return [
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": .object(metadata),
            "data": .object(values),
        ]
    }
}

/// A Secret with its values, as far as generated ones are carried over.
struct StoredValues: JSONReadable {
    let uid: String
    let resourceVersion: String
    let metadata: ForeignMetadata
    let managedBy: String?
    let savedFor: String?
    let records: String
    /// In base64, by data key.
    let data: [String: JSONValue]

    init(reading json: JSONNode) throws(JSONBytes.Failure) {
        let meta = try json.required("metadata")
        uid = try meta.required("uid").asString()
        resourceVersion = try meta.required("resourceVersion").asString()
        metadata = try ForeignMetadata(reading: json)
        managedBy = meta["annotations"]?[WellKnownKeys.managedBy]?.string
        savedFor = meta["annotations"]?[WellKnownKeys.savedFor]?.string
        records = meta["annotations"]?[WellKnownKeys.generated]?.string ?? ""
        var data: [String: JSONValue] = [:]
        if let node = json["data"] {
            for (key, value) in node.members {
                guard let name = key.string, let text = value.string else {
                    try node.fails("has a member that is not a string")
                }
                if data[name] == nil { data[name] = .string(text) }
            }
        }
        self.data = data
    }

    /// The values, decoded; nil if one is not base64.
    var values: [String: SecretValue]? {
        var values: [String: SecretValue] = [:]
        for (key, text) in data {
            guard let bytes = Base64.decode(text.string ?? "") else { return nil }
            values[key] = SecretValue(SecretBytes(bytes))
        }
        return values
    }
}
