import Distribution
import JSON
import Planning

/// Of a Secret that is replaced, the parts of its metadata that others put there and that the new one gets too. Nothing else
/// is looked at.
struct ForeignMetadata: JSONReadable {
    /// Empty if there is too much of it.
    let metadata: JSONValue
    /// What there is too much of; nil: nothing.
    let excess: String?

    init(reading json: JSONNode) throws(JSONBytes.Failure) {
        let old = try json.required("metadata")
        let fields = ["labels", "annotations", "ownerReferences", "finalizers"].compactMap { name in
            old[name].map { (name, $0) }
        }
        excess = Self.excess(of: fields)
        guard excess == nil else {
            metadata = [:]
            return
        }
        var kept: [String: JSONValue] = [:]
        for (name, node) in fields {
            kept[name] = try name == "annotations" ? Self.annotations(node) : JSONValue(reading: node)
        }
        metadata = .object(kept)
    }

    /// Before any of it takes memory.
    private static func excess(of fields: [(name: String, node: JSONNode)]) -> String? {
        for (name, node) in fields where node.count > ObservedTarget.mostEntries {
            return "has \(node.count) \(name), expected at most \(ObservedTarget.mostEntries)"
        }
        let copy = fields.first { $0.name == "annotations" }?.node[WellKnownKeys.lastApplied]?.size ?? 0
        let size = fields.reduce(0) { $0 + $1.node.size } - copy
        guard size > ReplacedMetadata.largest else { return nil }
        return "has \(size) bytes of metadata as JSON, expected at most \(ReplacedMetadata.largest)"
    }

    /// Without the copy of the values that kubectl(1) keeps there.
    private static func annotations(_ node: JSONNode) throws(JSONBytes.Failure) -> JSONValue {
        var kept: [String: JSONValue] = [:]
        for (key, value) in node.members {
            guard let name = key.string, name != WellKnownKeys.lastApplied, kept[name] == nil else { continue }
            kept[name] = try JSONValue(reading: value)
        }
        return .object(kept)
    }
}
