package import Distribution

/// What the reconciler has to know of the program's settings.
package struct ReconcilerSettings: Sendable {
    /// The owner mark.
    package var managedBy: String
    /// Only distributions that name this instance are its own.
    package var onlyAssigned = false
    /// What each list and watch covers.
    package var scopes: [Scope] = [.all]
    /// Keys that are processed at once, at most.
    package var maxInFlight = 32
    /// The store writes nothing; for metrics and the overview.
    package var dryRun = false
    /// An access policy is configured: nothing is written before it is known.
    package var hasPolicy = false
    /// Where the mount is, for the overview.
    package var mountPath = ""

    /// How long the status of a target whose content is newer than our mount is left to the agent that wrote it.
    package var staleMountGrace: Duration = .seconds(45)
    /// Processing a key for longer means that it is stuck: it has a few requests, each of which ends after some minutes at
    /// the latest, with all its repetitions.
    package var processTimeout: Duration = .seconds(900)
    /// For how long statuses are still started after `stop`: whoever comes next reports the rest, and waits for the Lease.
    package var drainTimeout: Duration = .seconds(2)
    /// How long Secrets may be neither listed nor watched before the statuses say so.
    package var staleAfter: Duration = .seconds(120)

    package init(managedBy: String) { self.managedBy = managedBy }

    func isOurs(_ distribution: SecretsDistribution) -> Bool {
        distribution.belongs(to: managedBy, onlyAssigned: onlyAssigned) && !distribution.isBeingDeleted
    }
}
