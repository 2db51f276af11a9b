package import Distribution

/// The settings of the reconciler.
package struct ReconcilerSettings: Sendable {
    /// The value that marks an object as owned by this instance.
    package var managedBy: String
    /// Whether this instance serves only the distributions that name it.
    package var onlyAssigned = false
    /// The scopes of the lists and watches.
    package var scopes: [Scope] = [.all]
    /// The maximum number of keys that are processed at once.
    package var maxInFlight = 32
    /// Whether the store writes nothing; for metrics and the overview.
    package var dryRun = false
    /// Whether an access policy is configured. If so, nothing is written until it is known.
    package var hasPolicy = false
    /// The path of the mount, for the overview.
    package var mountPath = ""

    /// How long the agent stays silent about a target whose content is newer than its mount's; the target's writer
    /// reports it.
    package var staleMountGrace: Duration = .seconds(45)
    /// A key that is processed for longer is stuck: it needs a few requests, and each ends within minutes, including
    /// its retries.
    package var processTimeout: Duration = .seconds(900)
    /// How long after `stop` statuses are still started. The next leader reports the rest, and waits for the Lease.
    package var drainTimeout: Duration = .seconds(2)
    /// The minimum time between two statuses of a cluster distribution, which may have thousands of targets.
    package var clusterStatusPause: Duration = .seconds(10)
    /// How long Secrets may be neither listed nor watched before the statuses report it.
    package var staleAfter: Duration = .seconds(120)

    package init(managedBy: String) { self.managedBy = managedBy }

    func isOurs(_ distribution: SecretsDistribution) -> Bool {
        distribution.belongs(to: managedBy, onlyAssigned: onlyAssigned) && !distribution.isBeingDeleted
    }
}
