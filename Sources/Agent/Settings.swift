package import Admin
package import Distribution
package import KubeRuntime
package import MountWatch
package import Observability
package import Reconciler

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

    /// The Lease's name if `LEASE_NAME` is not set. Instances with different owner marks have different Leases. A mark that
    /// is no part of an object's name, which may hold only lower-case letters, digits, `-` and `.` (RFC 1123), is encoded
    /// in hexadecimal.
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

    /// When the agent reads a folder that it watches.
    package var watchTiming: WatchLoop.Timing {
        WatchLoop.Timing(quiet: debounceQuiet, longest: debounceMax, pollInterval: pollInterval)
    }
}

extension Settings {
    /// The reconciler's part.
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
