extension Kubeconfig {
    /// What one context names.
    package struct Selection: Sendable {
        package let cluster: Cluster
        /// The cluster's place in the file, for errors: `clusters[0].cluster`.
        package let clusterField: String
        package let user: User?
        package let userField: String
        package let namespace: String
    }

    /// - Parameters:
    ///   - context: a context's name; nil for the current one.
    ///   - file: the file's path, for errors.
    package func select(context: String? = nil, file: String) throws(ConfigurationError) -> Selection {
        guard let name = context ?? currentContext, !name.isEmpty else {
            throw ConfigurationError(source: file, field: "current-context", expected: "the name of a context")
        }
        guard let index = contexts.firstIndex(where: { $0.name == name }) else {
            throw ConfigurationError(
                source: file, field: "current-context", value: name,
                expected: "one of the contexts" + Self.names(contexts.map(\.name)))
        }
        let context = contexts[index].context
        guard let cluster = clusters.firstIndex(where: { $0.name == context.cluster }) else {
            throw ConfigurationError(
                source: file, field: "contexts[\(index)].context.cluster", value: context.cluster,
                expected: "one of the clusters" + Self.names(clusters.map(\.name)))
        }
        var user: Int?
        if let name = context.user, !name.isEmpty {
            user = users.firstIndex { $0.name == name }
            guard user != nil else {
                throw ConfigurationError(
                    source: file, field: "contexts[\(index)].context.user", value: name,
                    expected: "one of the users" + Self.names(users.map(\.name)))
            }
        }
        return Selection(
            cluster: clusters[cluster].cluster, clusterField: "clusters[\(cluster)].cluster",
            user: user.flatMap { users[$0].user }, userField: user.map { "users[\($0)].user" } ?? "users",
            namespace: context.namespace.flatMap { $0.isEmpty ? nil : $0 } ?? "default")
    }

    private static func names(_ names: [String]) -> String {
        names.isEmpty ? " (there are none)" : " (\(names.joined(separator: ", ")))"
    }
}
