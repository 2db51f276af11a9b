package import Distribution

/// What the reconciler has to know of the program's settings.
package struct ReconcilerSettings: Sendable {
    /// The owner mark.
    package var managedBy: String
    /// Only distributions that name this instance are its own.
    package var onlyAssigned = false
    /// What each list and watch covers.
    package var scopes: [Scope] = [.all]
    /// Keys that are worked on at once, at most.
    package var maxInFlight = 32
    package var dryRun = false
    /// An access policy is configured: nothing is written before it is known.
    package var hasPolicy = false
    /// Where the mount is, for the overview.
    package var mountPath = ""

    package init(managedBy: String) { self.managedBy = managedBy }
}
