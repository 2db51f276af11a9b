package import Snapshots

/// The result of reading the mount.
package enum MountReading: Sendable {
    /// The files of all volumes. The files of each volume are from one generation.
    case snapshot(Snapshot)
    /// There is no generation: the mount is missing or empty, or is being set up or removed. This is never a reason to
    /// remove content.
    ///
    /// `reason` is half a sentence for people, for example `/mnt/secrets is empty`.
    case absent(reason: String)
    /// Like `absent`, and no other generation will arrive while this container runs.
    case lost(reason: String)
}
