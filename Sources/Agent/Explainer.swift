package import Distribution
import KubeConfig
import KubeRuntime
import LinuxIO
import MountWatch
package import Observability
package import Planning
import Snapshots
import Stores

/// Finds the targets that a source file feeds. Reads the distributions, and the mount and the policy if they are
/// readable. Reads no Secret.
package struct Explainer: Sendable {
    private let settings: Settings
    private let logger: Logger

    package init(settings: Settings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    /// - Throws: an error if the distributions cannot be listed.
    package func explain(_ file: SourcePath) async throws -> Explanation {
        let (distributions, namespaces) = try await objects()
        let settings = settings
        let (reading, policy) = await OwnedThread.value(name: "mount") {
            (MountWatcher.read(path: settings.secretsPath), settings.policyPath.map { PolicyReading(path: $0) })
        }
        return Explanation(
            of: file, in: distributions, namespaces: namespaces, managedBy: settings.managedBy,
            onlyAssigned: settings.onlyAssigned,
            snapshot: reading.snapshot, policy: policy?.policy)
    }

    private func objects() async throws -> ([SecretsDistribution], [Namespace]) {
        if let path = settings.distributionsPath {
            return try await list(settings.folderDistributions(in: path, logger: logger))
        }
        let client = try KubeClient(
            configuration: try Cluster.configuration(kubeconfig: settings.kubeconfig), logger: logger)
        defer { client.shutdown() }
        return try await list(KubernetesDistributionStore(client: ReadOnlyTransport(client), logger: logger))
    }

    private func list(_ store: some DistributionStore) async throws -> ([SecretsDistribution], [Namespace]) {
        var all: [SecretsDistribution] = []
        for scope in settings.namespaceScopes { all += try await store.list(scope) }
        // Nobody has to use cluster distributions: the resource definition or the role may not exist.
        let ofCluster = try await orEmpty { try await store.list(.cluster) }
        // An agent for some namespaces does not serve them.
        let namespaces =
            ofCluster.isEmpty || settings.watchNamespaces != nil
            ? [] : try await orEmpty { try await store.listNamespaces() }
        return (all + ofCluster, namespaces)
    }

    private func orEmpty<Item>(_ list: () async throws -> [Item]) async throws -> [Item] {
        do {
            return try await list()
        } catch StoreError.forbidden(let reason) {
            logger.info("cluster distributions are not served", ["error": .string(reason)])
            return []
        }
    }
}

extension MountReading {
    fileprivate var snapshot: Snapshot? { if case .snapshot(let snapshot) = self { snapshot } else { nil } }
}

extension PolicyReading {
    fileprivate var policy: AccessPolicy? { if case .usable(let policy) = self { policy } else { nil } }
}
