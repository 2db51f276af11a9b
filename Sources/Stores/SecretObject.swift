import Distribution
package import JSON
package import Kube
package import Planning
import Snapshots
import Values

/// A Secret decoded from the API or from a manifest. Values become digests while it is decoded.
package struct SecretObject: KubeObject {
    package let metadata: ObjectMeta
    package let observed: ObservedTarget
    /// The size of its JSON in bytes.
    let size: Int

    /// Reads a Secret. If only parts of it cannot be read, which anyone who may write Secrets can cause, `excess` says so,
    /// and the list or watch continues.
    ///
    /// - Throws: if the fields that identify the Secret cannot be read.
    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        size = json.size
        let node = try json.required("metadata")
        var excess = Self.excess(of: json)
        if excess == nil {
            do throws(JSONBytes.Failure) {
                (metadata, observed) = try Self.whole(json, node)
                return
            } catch {
                // In a watch event, the Secret is one level deeper.
                excess = "has parts that cannot be read (\(error.description.trimmingPrefix(".object")))"
            }
        }
        metadata = try ObjectMeta(marksOf: node)
        observed = ObservedTarget(metadata, type: "", excess: excess)
    }

    private static func whole(
        _ json: JSONNode, _ node: JSONNode
    ) throws(JSONBytes.Failure) -> (ObjectMeta, ObservedTarget) {
        var metadata = try ObjectMeta(reading: node)
        metadata.annotations?[WellKnownKeys.lastApplied] = nil
        var digests: [String: Digest] = [:]
        if let data = json["data"] {
            guard data.isObject else { try data.fails("is not an object") }
            for (key, value) in data.members {
                guard let text = value.isNull ? [] : value.stringBytes else { try value.fails("is not a string") }
                // The first of two equal keys counts, as in the rest of the decoding.
                guard let name = key.string else { try data.fails("has a key that is not a string") }
                if digests[name] == nil { digests[name] = digest(of: text) }
            }
        }
        var observed = ObservedTarget(
            metadata, type: try json["type"]?.asString() ?? "Opaque",
            isImmutable: try json["immutable"]?.asBool() ?? false, digests: digests)
        observed.readManagers(of: node)
        observed.isComplete =
            json.hasOnly(Self.fields) && node.hasOnly(Self.metadataFields) && json["immutable"]?.bool != false
            && node["annotations"]?[WellKnownKeys.lastApplied] == nil
            && node["ownerReferences"]?.elements.allSatisfy { $0.hasOnly(Self.ownerFields) } != false
        return (metadata, observed)
    }

    /// The fields that `TargetPatch.update` repeats, and those of the metadata that it repeats or that only the server sets.
    private static let fields: [StaticString] = ["apiVersion", "kind", "metadata", "type", "data", "immutable"]
    private static let metadataFields: [StaticString] = [
        "name", "namespace", "uid", "resourceVersion", "creationTimestamp", "labels", "annotations", "ownerReferences",
        "managedFields", "selfLink",
    ]
    private static let ownerFields: [StaticString] = [
        "apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion",
    ]

    /// Which limit the Secret exceeds, as a phrase; nil if none. Without limits, another writer could make this process
    /// use ten times the Secret's size on the server. The limits are checked before anything is decoded.
    private static func excess(of json: JSONNode) -> String? {
        let (metadata, most) = (json["metadata"], ObservedTarget.mostEntries)
        for (name, node) in [
            ("data keys", json["data"]), ("labels", metadata?["labels"]), ("annotations", metadata?["annotations"]),
            ("owner references", metadata?["ownerReferences"]), ("finalizers", metadata?["finalizers"]),
        ] {
            guard let count = node?.count else { continue }
            if count > most { return "has \(count) \(name), expected at most \(most)" }
        }
        // As long as the type in a distribution may be.
        let type = json["type"]?.size ?? 0
        return type > 255 ? "has a type of \(type) bytes, expected at most 253" : nil
    }

    /// The digest of a value. If the value is not base64, which is possible only in a manifest that was edited by hand,
    /// the digest of a text that equals no content.
    private static func digest(of base64: ArraySlice<UInt8>) -> Digest {
        let bytes = base64.withUnsafeBufferPointer { Base64.decode($0) } ?? Array("invalid:".utf8) + base64
        return bytes.withUnsafeBytes { Digest(of: $0) }
    }
}

extension JSONNode {
    /// Members of an object, or values of a list.
    var count: Int { members.reduce(0) { count, _ in count + 1 } + elements.reduce(0) { count, _ in count + 1 } }
}

extension ObjectMeta {
    /// Reads only the fields that identify the object and its owner.
    fileprivate init(marksOf json: JSONNode) throws(JSONBytes.Failure) {
        let short = { (map: String, keys: [String]) in Self.short(keys) { json[map]?[$0]?.string } }
        self.init(
            name: try json.required("name").asString(), namespace: try json["namespace"]?.asString(),
            uid: try json["uid"]?.asString(), resourceVersion: try json["resourceVersion"]?.asString(),
            labels: short("labels", Self.ourLabels), annotations: short("annotations", Self.ourAnnotations))
        deletionTimestamp = try json["deletionTimestamp"]?.asString()
    }

    /// Keeps only the fields that identify the object and its owner.
    fileprivate func onlyMarks() -> ObjectMeta {
        var marks = self
        marks.labels = Self.short(Self.ourLabels) { labels?[$0] }
        marks.annotations = Self.short(Self.ourAnnotations) { annotations?[$0] }
        marks.ownerReferences = nil
        return marks
    }

    private static let ourLabels = [WellKnownKeys.managedByLabel]
    private static let ourAnnotations = [WellKnownKeys.managedBy, WellKnownKeys.distribution]

    private static func short(_ keys: [String], _ find: (String) -> String?) -> [String: String] {
        let values = keys.map { ($0, find($0) ?? "") }.filter { (1...1024).contains($0.1.utf8.count) }
        return Dictionary(uniqueKeysWithValues: values)
    }
}

extension ObservedTarget {
    /// Stands for a Secret in a list that cannot be read, which is left as it is. Nil without a name.
    init?(unreadable item: UnreadableItem) {
        guard let metadata = item.metadata else { return nil }
        self.init(metadata.onlyMarks(), type: "", excess: "has parts that cannot be read (\(item.reason))")
    }
    fileprivate init(
        _ metadata: ObjectMeta, type: String, isImmutable: Bool = false, digests: [String: Digest] = [:],
        excess: String? = nil
    ) {
        self.init(
            key: ObjectKey(namespace: metadata.namespace ?? "", name: metadata.name), uid: metadata.uid ?? "",
            resourceVersion: metadata.resourceVersion ?? "", type: type, isImmutable: isImmutable,
            isBeingDeleted: metadata.deletionTimestamp != nil, digests: digests, labels: metadata.labels ?? [:],
            annotations: metadata.annotations ?? [:], owners: metadata.ownerReferences ?? [])
        self.excess = excess
    }

    /// The API server's limit for the name of a field manager (Kubernetes, `FieldManagerMaxLength`). In a manifest the
    /// name can be longer.
    private static let longestManager = 128

    /// Reads which other managers wrote the Secret. `metadata.managedFields` has an entry for each manager, with the
    /// time of its last change in whole seconds and the fields that it owns (Kubernetes API, "Server-Side Apply").
    fileprivate mutating func readManagers(of metadata: JSONNode) {
        guard let entries = metadata["managedFields"], entries.isArray else { return }
        // Changes before our last write do not count.
        var last = ""
        for entry in entries.elements where entry["manager"]?.string == Request.fieldManager {
            last = max(last, entry["time"]?.string ?? "")
        }
        for entry in entries.elements {
            guard let manager = entry["manager"]?.string, manager != Request.fieldManager else { continue }
            if let fields = entry["fieldsV1"]?["f:data"] {
                for (field, _) in fields.members {
                    // The entry can name keys that the Secret does not have.
                    guard let name = field.string, name.hasPrefix("f:"),
                        let index = digests.index(forKey: String(name.dropFirst(2)))
                    else { continue }
                    foreignKeys.insert(digests[index].key)
                }
            }
            guard let time = entry["time"]?.string, time >= last else { continue }
            last = time
            changedBy = String(manager.unicodeScalars.prefix(Self.longestManager))
        }
    }
}

extension DesiredTarget {
    /// The manifest of a new Secret.
    ///
    /// - Parameters:
    ///   - old: the metadata of the Secret that it replaces. The parts that belong to others are copied.
    ///   - kept: the generated values of that Secret that it keeps, in base64.
    package func manifest(inPlaceOf old: JSONValue? = nil, keeping kept: [String: JSONValue] = [:]) -> JSONValue {
        precondition(!isIncomplete, "a value was not generated")
        var labels = old?["labels"]?.strings ?? [:]
        var annotations = old?["annotations"]?.strings ?? [:]
        labels.merge(self.labels) { $1 }
        annotations.merge(self.annotations) { $1 }
        annotations[WellKnownKeys.mountGeneration] = generation
        annotations[WellKnownKeys.lastApplied] = nil
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
            "data": .object(kept.merging(data.mapValues(\.base64)) { $1 }),
        ]
    }
}

extension TargetPatch {
    /// The maximum size of a request with the whole Secret, in bytes. The API server accepts 3 MiB (`MaxRequestBodyBytes`),
    /// and proxies before it often 1 MiB.
    private static let largestUpdate = 1 << 20

    /// A request with the whole Secret after the patch; nil if not all of it is known, or if it is large. The server rejects
    /// it if `target` has changed since it was observed.
    package func update(of target: ObservedTarget) -> Request? {
        guard target.isComplete, !target.uid.isEmpty, !target.resourceVersion.isEmpty, let kept else { return nil }
        let next = target.applying(self)
        var metadata: [String: JSONValue] = [
            "name": .string(target.key.name), "namespace": .string(target.key.namespace),
            "uid": .string(target.uid), "resourceVersion": .string(target.resourceVersion),
            "labels": JSONValue(next.labels), "annotations": JSONValue(next.annotations),
        ]
        if !next.owners.isEmpty { metadata["ownerReferences"] = .array(next.owners.map { JSONValue($0) }) }
        var secret: [String: JSONValue] = [
            "apiVersion": "v1", "kind": "Secret", "metadata": .object(metadata), "type": .string(target.type),
        ]
        // For the server, an empty map differs from none, and the content of an immutable Secret must be the same.
        let data = set.merging(kept) { $1 }
        if !data.isEmpty { secret["data"] = .object(data.mapValues(\.base64)) }
        if target.isImmutable { secret["immutable"] = true }
        let request = Request.update(
            .secrets, namespace: target.key.namespace, name: target.key.name, .object(secret))
        return request.body.count <= Self.largestUpdate ? request : nil
    }

    /// A JSON merge patch. The server rejects it if `target` has changed since it was observed.
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

extension SecretValue {
    var base64: JSONValue {
        .string(bytes.withUnsafeBytes { Base64.encode($0) })
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
