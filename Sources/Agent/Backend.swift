import Kube
package import KubeCurl
import LinuxIO
package import Observability

/// Where distributions come from and targets go: a cluster, or two folders.
package struct Backend: Sendable {
    package let secrets: any SecretStore
    package let distributions: any DistributionStore
    /// For the log: the API server, or the folder.
    package let name: String
    /// Ends its threads.
    package let close: @Sendable () -> Void

    package init(
        secrets: any SecretStore, distributions: any DistributionStore, name: String,
        close: @escaping @Sendable () -> Void = {}
    ) {
        self.secrets = secrets
        self.distributions = distributions
        self.name = name
        self.close = close
    }

    /// Chooses by the settings: local mode if both folders are named, else the cluster of the kubeconfig or the one that
    /// the pod runs in.
    package init(_ settings: Settings, logger: Logger) throws {
        if let input = settings.distributionsPath, let output = settings.outputPath {
            self.init(
                secrets: try FolderSecretStore(settings: settings, root: output, logger: logger),
                distributions: FolderDistributionStore(settings: settings, path: input, logger: logger), name: output)
            return
        }
        let configuration = try Cluster.configuration(kubeconfig: settings.kubeconfig)
        let client = try KubeClient(configuration: configuration, logger: logger)
        self.init(client, settings, name: configuration.description, logger: logger)
    }

    /// A cluster; `close` shuts the client down.
    package init(_ client: KubeClient, _ settings: Settings, name: String = "cluster", logger: Logger) {
        self.init(
            secrets: KubernetesSecretStore(client: client, managedBy: settings.managedBy, logger: logger),
            distributions: KubernetesDistributionStore(client: client, logger: logger),
            name: name, close: { client.shutdown() })
    }
}
