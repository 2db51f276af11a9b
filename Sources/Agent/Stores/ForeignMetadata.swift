import Kube

/// Of a Secret that is replaced, the parts of its metadata that others put there and that the new one gets too. Nothing else
/// is looked at.
struct ForeignMetadata: JSONReadable {
    let metadata: JSONValue

    init(reading json: JSONNode) throws(JSONBytes.Failure) {
        let old = try json.required("metadata")
        var kept: [String: JSONValue] = [:]
        for field in ["labels", "annotations", "ownerReferences", "finalizers"] {
            kept[field] = try old[field].map(JSONValue.init(reading:))
        }
        metadata = .object(kept)
    }
}
