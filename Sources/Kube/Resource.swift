import Observability

/// A resource of the Kubernetes API: group, version and plural, as in a path.
package struct Resource: Sendable, Hashable {
    /// Empty for the core group.
    package let group: String
    package let version: String
    /// As in a path and in a role: `secrets`.
    package let plural: String
    /// Whether its objects belong to namespaces.
    package let isNamespaced: Bool

    package init(group: String = "", version: String = "v1", plural: String, isNamespaced: Bool = true) {
        self.group = group
        self.version = version
        self.plural = plural
        self.isNamespaced = isNamespaced
    }

    package static let secrets = Resource(plural: "secrets")
    package static let namespaces = Resource(plural: "namespaces", isNamespaced: false)
    package static let events = Resource(plural: "events")
    package static let leases = Resource(group: "coordination.k8s.io", plural: "leases")

    /// As in a manifest: `v1`, `coordination.k8s.io/v1`.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The path of all objects, of the objects of one namespace, or of one object.
    ///
    /// - Parameter namespace: nil for all namespaces, and for objects without a namespace.
    package func path(namespace: String? = nil, name: String? = nil, subresource: String? = nil) -> String {
        var segments = group.isEmpty ? ["api", version] : ["apis", group, version]
        if let namespace { segments += ["namespaces", namespace] }
        segments.append(plural)
        if let name { segments.append(name) }
        if let name = subresource { segments.append(name) }
        return segments.map { "/" + PercentEncoding.encode($0) }.joined()
    }
}

extension String {
    /// Compares resource versions as numbers (Kubernetes API, "Resource versions"). If one is not a number, neither is
    /// newer.
    package func isNewerVersion(than other: String) -> Bool {
        guard let mine = UInt64(self), let theirs = UInt64(other) else { return false }
        return mine > theirs
    }
}
