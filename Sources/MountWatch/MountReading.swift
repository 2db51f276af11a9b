package import Snapshots

/// What a look at the mount found.
package enum MountReading: Sendable {
    /// The files of all volumes, those of each volume of one generation.
    case snapshot(Snapshot)
    /// No generation: not there, empty, or on its way in or out. Never a reason to remove anything.
    ///
    /// `reason` is half a sentence for people: `/mnt/secrets is empty`.
    case absent(reason: String)
    /// As `absent`, and there will be no other generation as long as this container runs.
    case lost(reason: String)
}
