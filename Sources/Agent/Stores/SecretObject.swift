package import Distribution
import FoundationEssentials
package import Kube
import Snapshots

/// A Secret of the API, or of a manifest, as far as it is kept: values become digests while it is decoded.
package struct SecretObject: KubeObject {
    package let metadata: ObjectMeta
    package let observed: ObservedTarget
    /// Bytes of its JSON.
    let size: Int

    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        var metadata = try ObjectMeta(reading: json.required("metadata"))
        metadata.annotations?[Marks.lastApplied] = nil
        self.metadata = metadata
        size = json.size
        var digests: [String: Digest] = [:]
        if let data = json["data"] {
            guard data.isObject else { try data.fails("is no object") }
            for (key, value) in data.members {
                guard value.isNull || value.string != nil else { try value.fails("is no String") }
                // As everywhere: the first of two equal ones counts.
                guard let name = key.string else { try data.fails("has a key that is no String") }
                if digests[name] == nil { digests[name] = Self.digest(of: value.string) }
            }
        }
        var observed = ObservedTarget(
            key: ObjectKey(namespace: metadata.namespace ?? "", name: metadata.name), uid: metadata.uid ?? "",
            resourceVersion: metadata.resourceVersion ?? "",
            type: try json["type"]?.asString() ?? "Opaque",
            isImmutable: try json["immutable"]?.asBool() ?? false,
            isBeingDeleted: metadata.deletionTimestamp != nil, digests: digests,
            labels: metadata.labels ?? [:], annotations: metadata.annotations ?? [:],
            owners: metadata.ownerReferences ?? [])
        observed.note(try json.required("metadata"))
        self.observed = observed
    }

    /// Of a value that is no base64, as only a manifest that was edited by hand can hold, the digest of its text: it
    /// equals no content.
    private static func digest(of base64: String?) -> Digest {
        let data = Data(base64Encoded: base64 ?? "") ?? Data("invalid:\(base64 ?? "")".utf8)
        return data.withUnsafeBytes { Digest(of: $0) }
    }
}

extension ObservedTarget {
    /// Who else wrote it: `metadata.managedFields` has an entry for each manager, with the time of its last change in whole
    /// seconds and the fields that it owns (Kubernetes API, "Server-Side Apply").
    fileprivate mutating func note(_ metadata: JSONNode) {
        guard let entries = metadata["managedFields"], entries.isArray else { return }
        // Who changed it before we wrote it last does not count.
        var last = ""
        for entry in entries.elements where entry["manager"]?.string == Request.fieldManager {
            last = max(last, entry["time"]?.string ?? "")
        }
        for entry in entries.elements {
            guard let manager = entry["manager"]?.string, manager != Request.fieldManager else { continue }
            if let fields = entry["fieldsV1"]?["f:data"] {
                for (field, _) in fields.members {
                    guard let name = field.string, name.hasPrefix("f:") else { continue }
                    foreignKeys.insert(String(name.dropFirst(2)))
                }
            }
            guard let time = entry["time"]?.string, time >= last else { continue }
            last = time
            changedBy = manager
        }
    }
}

extension DesiredTarget {
    /// The manifest of a new Secret.
    ///
    /// - Parameter old: metadata of a Secret in whose place it comes; what others put there is carried over.
    package func manifest(inPlaceOf old: JSONValue? = nil) -> JSONValue {
        var labels = old?["labels"]?.strings ?? [:]
        var annotations = old?["annotations"]?.strings ?? [:]
        labels.merge(self.labels) { $1 }
        annotations.merge(self.annotations) { $1 }
        annotations[Marks.mountGeneration] = generation
        annotations[Marks.lastApplied] = nil
        var metadata: [String: JSONValue] = [
            "name": .string(key.name), "namespace": .string(key.namespace),
            "labels": JSONValue(labels), "annotations": JSONValue(annotations),
        ]
        let others = (old?["ownerReferences"]?.array ?? []).filter { !$0.isOurReference }
        let owners = others + (owner.map { [JSONValue($0)] } ?? [])
        if !owners.isEmpty { metadata["ownerReferences"] = .array(owners) }
        if let finalizers = old?["finalizers"] { metadata["finalizers"] = finalizers }
        return [
            "apiVersion": "v1", "kind": "Secret", "metadata": .object(metadata), "type": .string(type),
            "data": .object(data.mapValues(\.base64)),
        ]
    }
}

extension TargetPatch {
    /// As a JSON merge patch that the server refuses if `target` is no longer as it was observed.
    package func mergePatch(of target: ObservedTarget) -> JSONValue {
        var metadata: [String: JSONValue] = [
            "uid": .string(target.uid), "resourceVersion": .string(target.resourceVersion),
        ]
        if !labels.isEmpty { metadata["labels"] = JSONValue(labels) }
        if !annotations.isEmpty { metadata["annotations"] = JSONValue(annotations) }
        if let owners { metadata["ownerReferences"] = .array(owners.map { JSONValue($0) }) }
        var patch: [String: JSONValue] = ["metadata": .object(metadata)]
        if changesContent {
            var data = set.mapValues(\.base64)
            for key in removed { data[key] = .null }
            patch["data"] = .object(data)
        }
        return .object(patch)
    }
}

extension DesiredTarget.Value {
    fileprivate var base64: JSONValue {
        .string(
            bytes.withUnsafeBytes { buffer in
                guard let start = buffer.baseAddress, !buffer.isEmpty else { return "" }
                // Lent, not copied; `Data` only reads it here.
                let lent = UnsafeMutableRawPointer(mutating: start)
                return Data(bytesNoCopy: lent, count: buffer.count, deallocator: .none).base64EncodedString()
            })
    }
}

extension JSONValue {
    init(_ strings: [String: String]) { self = .object(strings.mapValues { .string($0) }) }

    init(_ reference: OwnerReference) {
        var object: [String: JSONValue] = [
            "apiVersion": .string(reference.apiVersion), "kind": .string(reference.kind),
            "name": .string(reference.name), "uid": .string(reference.uid),
        ]
        if let controller = reference.controller { object["controller"] = .bool(controller) }
        if let block = reference.blockOwnerDeletion { object["blockOwnerDeletion"] = .bool(block) }
        self = .object(object)
    }

    fileprivate var isOurReference: Bool {
        OwnerReference(
            apiVersion: self["apiVersion"]?.string ?? "", kind: self["kind"]?.string ?? "", name: "", uid: ""
        ).isOurs
    }

    fileprivate var strings: [String: String]? { object?.compactMapValues(\.string) }
}
