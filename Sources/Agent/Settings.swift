package import Admin
package import Distribution
import Kees
package import KubeRuntime
package import LinuxIO
package import MountWatch
package import Notify
package import Observability
package import Reconciler
package import Stores

/// The settings from the environment and the flags. Names and defaults are part of the contract; the defaults are here.
package struct Settings: Sendable, Equatable {
    package var secretsPath = "/mnt/secrets"
    package var managedBy = "secrets-distributor"
    package var onlyAssigned = false
    /// Nil means all namespaces.
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
    /// Write nothing, and log what would be written.
    package var dryRun = false
    /// The address for metrics, probes and the status page; nil disables them.
    package var listenAddress: ListenAddress? = .standard
    /// Whether the status page is served; nil: only if `listenAddress` is a loopback address, because it has no password.
    package var statusPage: Bool?
    package var kubeconfig: String?
    /// The path of the access policy file.
    package var policyPath: String?
    /// If this or `annotationsPath` is set, and `outputPath`, the agent runs in local mode.
    package var distributionsPath: String?
    /// The file of a downward API volume with the annotations of the pod, which describe what is needed instead of
    /// distributions.
    package var annotationsPath: String?
    package var annotationDomain = KeesAnnotations.defaultDomain
    package var outputPath: String?
    /// What local mode writes.
    package var output = OutputSettings()
    /// Who is notified of new content in local mode; nil for nobody. At most one of the two is set.
    package var notifyURL: NotificationURL?
    package var notifyProcess: String?
    package var notifySignal = SignalNumber.hangUp
    /// The namespaces of local mode that need no manifest.
    package var namespaces: [String] = []

    package init() {}

    /// Whether the endpoint at `listenAddress` has the status page.
    var servesStatusPage: Bool { statusPage ?? (listenAddress?.isLoopback == true) }

    /// The scopes of the lists and watches: one for each namespace or one for all namespaces, and the cluster.
    package var scopes: [Scope] { namespaceScopes + [.cluster] }

    /// The scopes that have Secrets. Without namespaces in their paths, all targets have one namespace.
    package var namespaceScopes: [Scope] {
        guard output.hasNamespaces else { return [.all] }
        return watchNamespaces.map { $0.map(Scope.namespace) } ?? [.all]
    }

    /// The Lease's name if `LEASE_NAME` is not set. Each owner mark has its own Lease. An owner mark that cannot be
    /// part of an object's name (RFC 1123: lower-case letters, digits, `-` and `.`) is encoded in hexadecimal.
    package static func leaseName(for managedBy: String) -> String {
        let standard = Settings().managedBy
        if managedBy == standard { return standard }
        let isAllowed = { (character: Character) in
            character.isASCII && (character.isLowercase || character.isNumber || character == "-")
        }
        if managedBy.allSatisfy(isAllowed) { return "\(standard)-\(managedBy)" }
        let digits = managedBy.utf8.map { $0 < 16 ? "0\(String($0, radix: 16))" : String($0, radix: 16) }.joined()
        return "\(standard).\(digits)"
    }

    /// Who is notified of new content; nil for nobody.
    var receiver: Receiver? {
        notifyURL.map(Receiver.url) ?? notifyProcess.map { .process(name: $0, notifySignal) }
    }

    /// The source of the distributions in local mode.
    func folderDistributions(in path: String, logger: Logger) -> FolderDistributionStore {
        FolderDistributionStore(
            path: path, namespaces: namespaces, output: output, only: output.hasNamespaces ? nil : watchNamespaces,
            timing: watchTiming, logger: logger)
    }

    /// When the agent reads a folder that it watches.
    package var watchTiming: WatchLoop.Timing {
        WatchLoop.Timing(quiet: debounceQuiet, longest: debounceMax, pollInterval: pollInterval)
    }
}

extension Settings {
    /// The settings of the reconciler.
    package var reconciler: ReconcilerSettings {
        var part = ReconcilerSettings(managedBy: managedBy)
        part.onlyAssigned = onlyAssigned
        part.scopes = scopes
        part.maxInFlight = maxInFlight
        part.dryRun = dryRun
        part.hasPolicy = policyPath != nil
        part.mountPath = secretsPath
        return part
    }
}
