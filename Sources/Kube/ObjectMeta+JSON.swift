package import JSON

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
    /// Which object it is, where the rest of its metadata need not make sense. Nil without a name.
    init?(identifying json: JSONNode) {
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
