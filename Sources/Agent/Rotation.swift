package import Observability

/// One change of the mount's content, and what came of it.
package struct Rotation: Sendable, Equatable {
    package var generation: String
    /// When the files changed, by the file system's clock.
    package var changedAt: Timestamp
    /// The files whose content changed, sorted.
    package var files: [String]
    /// Targets that these feed.
    package var targets = 0
    /// Of these: how many got new content, were as they should be, were held back or failed.
    package var written = 0
    package var unchanged = 0
    package var heldBack = 0
    /// From the files' change to the last acknowledged write; nil while targets are still to be looked at.
    package var took: Duration?
    /// Another rotation came before all targets had been looked at.
    package var isSuperseded = false
}
