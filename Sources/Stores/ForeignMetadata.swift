import Distribution
import JSON
import Planning

/// The metadata of a Secret that is replaced, as far as it is copied to the new one: labels, annotations, owner
/// references and finalizers of others. Nothing else is decoded.
struct ForeignMetadata: JSONReadable {
    /// Empty if it exceeds a limit.
    let metadata: JSONValue
    /// Which limit it exceeds, as a phrase; nil if none.
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

    /// Checks the limits before anything is decoded.
    private static func excess(of fields: [(name: String, node: JSONNode)]) -> String? {
        for (name, node) in fields where node.count > ObservedTarget.mostEntries {
            return "has \(node.count) \(name), expected at most \(ObservedTarget.mostEntries)"
        }
        let copy = fields.first { $0.name == "annotations" }?.node[WellKnownKeys.lastApplied]?.size ?? 0
        let size = fields.reduce(0) { $0 + $1.node.size } - copy
        guard size > ReplacedMetadata.largest else { return nil }
        return "has \(size) bytes of metadata as JSON, expected at most \(ReplacedMetadata.largest)"
    }

    /// The annotations without the copy of the manifest, with its values, that kubectl(1) keeps there.
    private static func annotations(_ node: JSONNode) throws(JSONBytes.Failure) -> JSONValue {
        var kept: [String: JSONValue] = [:]
        for (key, value) in node.members {
            guard let name = key.string, name != WellKnownKeys.lastApplied, kept[name] == nil else { continue }
            kept[name] = try JSONValue(reading: value)
        }
        return .object(kept)
    }
}
