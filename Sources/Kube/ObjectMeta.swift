package import JSON

/// The fields of `metav1.ObjectMeta` that the program needs. Never sent to the server, because the other fields are
/// missing.
package struct ObjectMeta: Sendable, Equatable {
    package var name: String
    package var namespace: String?
    package var uid: String?
    package var resourceVersion: String?
    package var generation: Int?
    /// RFC 3339, whole seconds.
    package var creationTimestamp: String?
    package var deletionTimestamp: String?
    package var labels: [String: String]?
    package var annotations: [String: String]?
    package var ownerReferences: [OwnerReference]?

    package init(
        name: String, namespace: String? = nil, uid: String? = nil, resourceVersion: String? = nil,
        labels: [String: String]? = nil, annotations: [String: String]? = nil,
        ownerReferences: [OwnerReference]? = nil
    ) {
        self.name = name
        self.namespace = namespace
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.labels = labels
        self.annotations = annotations
        self.ownerReferences = ownerReferences
    }
}

/// `metav1.OwnerReference`.
package struct OwnerReference: Sendable, Equatable {
    package var apiVersion: String
    package var kind: String
    package var name: String
    package var uid: String
    package var controller: Bool?
    package var blockOwnerDeletion: Bool?

    package init(
        apiVersion: String, kind: String, name: String, uid: String, controller: Bool? = nil,
        blockOwnerDeletion: Bool? = nil
    ) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
        self.controller = controller
        self.blockOwnerDeletion = blockOwnerDeletion
    }
}

/// An object that can be listed and watched.
package protocol KubeObject: Sendable, JSONReadable {
    var metadata: ObjectMeta { get }
}

/// An object of which only the metadata is read.
package struct MetadataOnly: KubeObject, Equatable {
    package var metadata: ObjectMeta

    package init(metadata: ObjectMeta) { self.metadata = metadata }

    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        metadata = try ObjectMeta(reading: json.required("metadata"))
    }
}

extension ObjectMeta: JSONReadable {
    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        self.init(
            name: try json.required("name").asString(), namespace: try json["namespace"]?.asString(),
            uid: try json["uid"]?.asString(), resourceVersion: try json["resourceVersion"]?.asString(),
            labels: try json["labels"]?.asStrings(), annotations: try json["annotations"]?.asStrings(),
            ownerReferences: try json["ownerReferences"]?.asList(of: OwnerReference.init(reading:)))
        generation = try json["generation"]?.asInt()
        creationTimestamp = try json["creationTimestamp"]?.asString()
        deletionTimestamp = try json["deletionTimestamp"]?.asString()
    }
}

extension ObjectMeta {
    /// Reads the fields that identify an object and ignores invalid ones. Nil without a name.
    package init?(identifying json: JSONNode) {
        guard let name = json["name"]?.string else { return nil }
        self.init(
            name: name, namespace: json["namespace"]?.string, uid: json["uid"]?.string,
            resourceVersion: json["resourceVersion"]?.string, annotations: json["annotations"]?.strings)
        generation = json["generation"]?.int
        creationTimestamp = json["creationTimestamp"]?.string
        deletionTimestamp = json["deletionTimestamp"]?.string
    }
}

extension OwnerReference: JSONReadable {
    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        self.init(
            apiVersion: try json.required("apiVersion").asString(), kind: try json.required("kind").asString(),
            name: try json.required("name").asString(), uid: try json.required("uid").asString(),
            controller: try json["controller"]?.asBool(),
            blockOwnerDeletion: try json["blockOwnerDeletion"]?.asBool())
    }
}
