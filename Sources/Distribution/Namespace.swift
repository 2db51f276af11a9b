package import JSON

/// A namespace, as far as it decides where a `ClusterSecretsDistribution` has targets.
package struct Namespace: Sendable, Equatable {
    package var name: String
    package var uid: String
    package var resourceVersion: String
    /// Without the label `kubernetes.io/metadata.name`, which repeats the name.
    package var labels: [String: String]
    /// Whether it has a deletion timestamp. No object can be created in it any more.
    package var isBeingDeleted: Bool

    package init(
        name: String, uid: String = "", resourceVersion: String = "", labels: [String: String] = [:],
        isBeingDeleted: Bool = false
    ) {
        self.name = name
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.labels = labels
        self.labels[Self.nameLabel] = nil
        self.isBeingDeleted = isBeingDeleted
    }

    /// The API server sets this label on each namespace since version 1.21 (Kubernetes, "Well-Known Labels").
    private static let nameLabel = "kubernetes.io/metadata.name"

    /// The value of a label; nil if it has no such label.
    func label(_ key: String) -> String? { key == Self.nameLabel ? name : labels[key] }
}

extension Namespace: JSONReadable {
    /// Labels that are not strings are left out: the API server stores none.
    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        let metadata = try json.required("metadata")
        self.init(
            name: try metadata.required("name").asString(), uid: try metadata["uid"]?.asString() ?? "",
            resourceVersion: try metadata["resourceVersion"]?.asString() ?? "",
            labels: metadata["labels"]?.strings ?? [:],
            isBeingDeleted: metadata["deletionTimestamp"].map { !$0.isNull } ?? false)
        guard Syntax.problem(ofNamespace: name) == nil else { try json.fails("is not the name of a namespace") }
    }
}
