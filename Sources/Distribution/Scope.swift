/// The objects that one list or watch covers.
package enum Scope: Sendable, Hashable {
    /// The objects of all namespaces.
    case all
    case namespace(String)
    /// The cluster distributions, and the namespaces themselves.
    case cluster

    /// Nil for all, and for the cluster.
    package var namespace: String? {
        if case .namespace(let name) = self { name } else { nil }
    }

    /// - Parameter namespace: empty for an object that belongs to no namespace.
    package func contains(_ namespace: String) -> Bool {
        switch self {
        case .all: !namespace.isEmpty
        case .namespace(let name): name == namespace
        case .cluster: namespace.isEmpty
        }
    }
}

extension Scope: CustomStringConvertible {
    package var description: String {
        switch self {
        case .all: "all namespaces"
        case .namespace(let name): "namespace \(name)"
        case .cluster: "the cluster"
        }
    }
}
