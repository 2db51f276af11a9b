/// The namespaces that one list or watch covers.
package enum Scope: Sendable, Hashable {
    case all
    case namespace(String)

    /// Nil for all.
    package var namespace: String? {
        if case .namespace(let name) = self { name } else { nil }
    }

    package func contains(_ namespace: String) -> Bool { self.namespace.map { $0 == namespace } ?? true }
}

extension Scope: CustomStringConvertible {
    package var description: String { namespace.map { "namespace \($0)" } ?? "all namespaces" }
}
