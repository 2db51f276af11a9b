package import Snapshots

/// What a look at the mount found.
package enum Reading: Sendable {
    /// One generation, whole.
    case snapshot(Snapshot)
    /// No generation: not there, empty, or on its way in or out. Never a reason to remove anything.
    ///
    /// `reason` is half a sentence for people: `/mnt/secrets is empty`.
    case absent(reason: String)
}
