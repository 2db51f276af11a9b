package import Observability

/// The files of `KUBECONFIG` in their order, merged as in client-go: the first file that sets the current context or
/// has an entry with a given name takes precedence. Entries are not merged.
package struct KubeconfigFiles: Sendable {
    private let files: [(path: String, config: Kubeconfig)]

    package init(_ files: [(path: String, config: Kubeconfig)]) { self.files = files }

    /// The cluster, user and namespace of a context.
    package struct Selection: Sendable {
        package let cluster: Kubeconfig.Cluster
        /// The place of the cluster, for errors and for relative paths.
        package let clusterPlace: Place
        package let user: Kubeconfig.User?
        package let userPlace: Place
        package let namespace: String
    }

    /// A place in a file, such as `clusters[0].cluster`.
    package struct Place: Sendable {
        package let file: String
        package let field: String
    }

    /// The cluster, user and namespace of the current context.
    package func select() throws(ConfigurationError) -> Selection {
        let current = files.first { $0.config.currentContext?.isEmpty == false }
        guard let name = current?.config.currentContext else {
            throw ConfigurationError(source: paths, field: "current-context", expected: "the name of a context")
        }
        guard let (context, place) = find(\.contexts, "contexts", where: { $0.name == name }) else {
            throw ConfigurationError(
                source: current?.path ?? paths, field: "current-context", value: name,
                expected: "one of the contexts" + names(\.contexts, \.name))
        }
        let clusterName = context.context.cluster
        guard let (cluster, clusterPlace) = find(\.clusters, "clusters", where: { $0.name == clusterName }) else {
            throw ConfigurationError(
                source: place.file, field: "\(place.field).context.cluster", value: clusterName,
                expected: "one of the clusters" + names(\.clusters, \.name))
        }
        var user: (entry: Kubeconfig.NamedUser, place: Place)?
        if let name = context.context.user, !name.isEmpty {
            user = find(\.users, "users", where: { $0.name == name })
            guard user != nil else {
                throw ConfigurationError(
                    source: place.file, field: "\(place.field).context.user", value: name,
                    expected: "one of the users" + names(\.users, \.name))
            }
        }
        return Selection(
            cluster: cluster.cluster, clusterPlace: clusterPlace.inside("cluster"), user: user?.entry.user,
            userPlace: user?.place.inside("user") ?? Place(file: paths, field: "users"),
            namespace: context.context.namespace.flatMap { $0.isEmpty ? nil : $0 } ?? "default")
    }

    private var paths: String { files.map(\.path).joined(separator: ", ") }

    private func find<Entry>(
        _ entries: KeyPath<Kubeconfig, [Entry]>, _ field: String, where isWanted: (Entry) -> Bool
    ) -> (entry: Entry, place: Place)? {
        for (path, config) in files {
            let entries = config[keyPath: entries]
            if let index = entries.firstIndex(where: isWanted) {
                return (entries[index], Place(file: path, field: "\(field)[\(index)]"))
            }
        }
        return nil
    }

    private func names<Entry>(_ entries: KeyPath<Kubeconfig, [Entry]>, _ name: KeyPath<Entry, String>) -> String {
        var names: [String] = []
        for entry in files.flatMap({ $0.config[keyPath: entries] }) where !names.contains(entry[keyPath: name]) {
            names.append(entry[keyPath: name])
        }
        return names.isEmpty ? " (there are none)" : " (\(names.joined(separator: ", ")))"
    }
}

extension KubeconfigFiles.Place {
    fileprivate func inside(_ member: String) -> Self { Self(file: file, field: "\(field).\(member)") }
}
