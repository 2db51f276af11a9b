package import Observability

/// What the program was told by its environment and flags. Part of the contract; the defaults are here.
package struct Settings: Sendable, Equatable {
    package var secretsPath = "/mnt/secrets"
    package var managedBy = "secrets-distributor"
    package var onlyAssigned = false
    /// Nil: all namespaces.
    package var watchNamespaces: [String]?
    package var debounceQuiet: Duration = .milliseconds(200)
    package var debounceMax: Duration = .seconds(2)
    package var pollInterval: Duration = .seconds(10)
    package var resyncInterval: Duration = .seconds(600)
    package var maxInFlight = 32
    package var leaderElection = false
    package var lease = LeaseSettings()
    package var logLevel = Logger.Level.info
    package var logFormat = Logger.Format.json
    /// Writes nothing and tells what it would write.
    package var dryRun = false
    /// Where metrics and probes are served; nil: nowhere.
    package var listenAddress: ListenAddress? = .standard
    package var kubeconfig: String?
    /// The access policy's file.
    package var policyPath: String?
    /// Local mode if both are set.
    package var distributionsPath: String?
    package var outputPath: String?

    package init() {}

    /// What each list and watch covers: one namespace, or all.
    package var scopes: [Scope] {
        watchNamespaces.map { $0.map(Scope.namespace) } ?? [.all]
    }
}

/// What one list or watch covers.
package enum Scope: Sendable, Hashable {
    case all
    case namespace(String)

    /// Nil for all.
    package var namespace: String? {
        if case .namespace(let name) = self { name } else { nil }
    }

    package func contains(_ namespace: String) -> Bool { self.namespace.map { $0 == namespace } ?? true }
}
