package import Distribution
package import Kube
import KubeConfig
package import KubeRuntime
import Notify
package import Observability
package import Reconciler
package import Stores

/// The source of the distributions and the destination of the targets: a cluster, or two folders.
package struct Backend: Sendable {
    package let secrets: any SecretStore
    package let distributions: any DistributionStore
    /// The store of local mode; nil in a cluster.
    let folder: FolderSecretStore?
    /// Nil without leader election.
    package let elector: LeaderElector?
    /// Nil if no Events are created.
    package let recorder: EventRecorder?
    /// In a dry run, the writes that would be made; otherwise nil.
    package let changes: ChangeRecorder?
    /// Counts writes of Secrets.
    package let writes: SecretWriteMeter
    /// Nil outside a pod and in local mode.
    package let versions: PodVersions?
    /// Counts notifications.
    let notifications: NotificationMeter
    /// For the log: the API server's address, or the folder.
    package let name: String
    /// Metrics of requests and watches; empty in local mode.
    package let metrics: @Sendable () -> [Metric]
    /// Runs the worker's tasks; nil for the default executor.
    let executor: (any TaskExecutor)?
    /// Stops the threads.
    package let close: @Sendable () -> Void

    /// Creates a backend from stores. In a dry run, the stores write nothing.
    package init(
        _ settings: Settings, secrets: any SecretStore, distributions: any DistributionStore,
        folder: FolderSecretStore? = nil, elector: LeaderElector? = nil, recorder: EventRecorder? = nil,
        versions: PodVersions? = nil, name: String,
        metrics: @escaping @Sendable () -> [Metric] = { [] }, executor: (any TaskExecutor)? = nil, logger: Logger,
        close: @escaping @Sendable () -> Void = {}
    ) {
        let leadership = elector?.leadership
        writes = SecretWriteMeter(isWriting: { leadership.map { $0.end != nil } ?? true })
        if settings.dryRun {
            let changes = ChangeRecorder(logger: logger)
            self.changes = changes
            self.secrets = DryRunSecretStore(secrets, managedBy: settings.managedBy, recorder: changes)
            self.distributions = DryRunDistributionStore(distributions)
            logger.info("dry run: nothing is written, and no leader is elected")
        } else {
            changes = nil
            self.secrets = secrets
            self.distributions = distributions
        }
        self.folder = folder
        self.elector = elector
        self.recorder = recorder
        self.versions = versions
        self.name = name
        let notifications = NotificationMeter()
        self.notifications = notifications
        let writes = writes
        self.metrics = { metrics() + writes.metrics + notifications.metrics }
        self.executor = executor
        self.close = close
    }

    /// Chooses the backend by the settings: local mode if its input and output are set, otherwise the cluster that the
    /// kubeconfig names or that the pod runs in.
    package init(_ settings: Settings, logger: Logger) throws {
        if let distributions = settings.localDistributions(logger), let output = settings.outputPath {
            let secrets = try FolderSecretStore(
                path: output, settings: settings.output, managedBy: settings.managedBy, timing: settings.watchTiming,
                isDryRun: settings.dryRun, logger: logger)
            self.init(
                settings, secrets: secrets, distributions: distributions, folder: secrets, name: output, logger: logger)
            return
        }
        let configuration = try Cluster.configuration(kubeconfig: settings.kubeconfig)
        if settings.leaderElection, !settings.dryRun, settings.lease.namespace == nil, configuration.namespace == nil {
            throw ConfigurationError(
                source: "environment", field: "LEASE_NAMESPACE",
                expected: "the namespace of the Lease: the service account's file does not name the pod's own")
        }
        let client = try KubeClient(configuration: configuration, logger: logger)
        self.init(
            client, settings, name: configuration.description, namespace: configuration.namespace ?? "",
            logger: logger, close: { client.shutdown() })
    }

    /// Creates a backend for a cluster.
    ///
    /// - Parameters:
    ///   - namespace: the namespace of the Lease if the settings contain none.
    ///   - drainTimeout: see `EventRecorder`.
    package init(
        _ client: any KubeTransport, _ settings: Settings, name: String = "cluster", namespace: String, logger: Logger,
        drainTimeout: Duration = .seconds(2),
        close: @escaping @Sendable () -> Void = {}
    ) {
        let elector =
            settings.leaderElection && !settings.dryRun
            ? LeaderElector(
                client: client, leadership: Leadership(), settings: settings.lease, namespace: namespace,
                name: Settings.leaseName(for: settings.managedBy), logger: logger)
            : nil
        let writer: any KubeTransport =
            settings.dryRun
            ? ReadOnlyTransport(client) : elector.map { LeaderOnlyTransport(client, $0.leadership) } ?? client
        let meter = WatchMeter()
        self.init(
            settings,
            // A dry run also watches Secrets without our label: another operator may have created them.
            secrets: KubernetesSecretStore(
                client: writer, managedBy: settings.managedBy, watchesAll: settings.dryRun, logger: logger,
                meter: meter),
            distributions: KubernetesDistributionStore(
                client: writer, logger: logger, meter: meter,
                // An agent for some namespaces cannot serve cluster distributions, and there may be many such agents.
                optional: settings.watchNamespaces == nil ? .seconds(60) : settings.resyncInterval),
            elector: elector,
            recorder: settings.dryRun ? nil : EventRecorder(client: writer, logger: logger, drainTimeout: drainTimeout),
            versions: Self.versions(client, settings, namespace: namespace),
            name: name, metrics: { client.metrics + meter.metrics }, executor: client.executor, logger: logger,
            close: close)
    }
}

extension Settings {
    /// The distributions of local mode; nil in a cluster.
    func localDistributions(_ logger: Logger) -> (any DistributionStore)? {
        if let path = annotationsPath {
            return AnnotationDistributionStore(
                path: path, domain: annotationDomain, managedBy: managedBy, output: output, timing: watchTiming,
                logger: logger)
        }
        return distributionsPath.map { folderDistributions(in: $0, logger: logger) }
    }
}

extension Backend {
    /// Nil if the agent does not run in a pod, or if the pod is not known.
    private static func versions(
        _ client: any KubeTransport, _ settings: Settings, namespace: String
    ) -> PodVersions? {
        guard !namespace.isEmpty, let uid = settings.lease.podUID ?? AgentIdentity.podUID else { return nil }
        return PodVersions(client: client, namespace: namespace, podUID: uid)
    }

    /// Creates a controller that uses these stores.
    ///
    /// - Parameters:
    ///   - recorder: records the writes of a single pass.
    ///   - changed: receives each target whose content was written or removed.
    package func controller(
        _ settings: Settings, logger: Logger, recorder: ChangeRecorder? = nil,
        _ configure: (inout ControllerDependencies) -> Void = { _ in },
        changed: @escaping @Sendable (ObjectKey) -> Void = { _ in }
    ) throws -> Controller {
        let secrets: any SecretStore =
            changes == nil
            ? MeteredSecretStore(self.secrets, meter: writes, logger: logger, recorder: recorder, changed: changed)
            : self.secrets
        var dependencies = ControllerDependencies(
            settings: settings.reconciler, secrets: secrets, distributions: distributions, logger: logger)
        dependencies.leadership = elector?.leadership
        dependencies.events = self.recorder
        dependencies.evaluator = settings.policyPath == nil ? nil : try PolicyEvaluator()
        configure(&dependencies)
        return Controller(dependencies)
    }
}
