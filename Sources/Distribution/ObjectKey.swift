/// The namespace and name of an object. The namespace of a cluster-scoped object is empty. The work queue uses it as the
/// key of a target.
package struct ObjectKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let namespace: String
    package let name: String

    package init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    /// Parses `namespace/name`, or `name` for a cluster-scoped object; nil for anything else.
    package init?(_ text: String) {
        // By scalars: a slash followed by a combining mark is another character in Swift.
        let parts = text.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        self.init(namespace: parts.count == 2 ? String(parts[0]) : "", name: String(parts[parts.count - 1]))
    }

    /// The namespace of the targets whose files have no namespace in their path. No namespace of Kubernetes has this name.
    package static let outputNamespace = "OUTPUT_PATH"

    package var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    package static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }
}
