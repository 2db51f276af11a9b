package import Observability

/// One change of the mount's content, and what came of it.
package struct Rotation: Sendable, Equatable {
    package var generation: String
    /// When the files changed, by the file system's clock.
    package var changedAt: Timestamp
    /// The files whose content changed, sorted.
    package var files: [String]
    /// Targets that these feed.
    package var targets: Int
    /// Of these: how many got new content.
    package var written = 0
    /// How many were as they should be, or are nobody's any more.
    package var unchanged = 0
    /// How many stay as they were; their distributions say why.
    package var heldBack = 0
    /// From the files' change to the last acknowledged write; nil while targets are still to be looked at.
    package var took: Duration?
    /// Another rotation came before all targets had been looked at.
    package var isSuperseded = false

    package init(
        generation: String, changedAt: Timestamp, files: [String], targets: Int, written: Int = 0, unchanged: Int = 0,
        heldBack: Int = 0, took: Duration? = nil, isSuperseded: Bool = false
    ) {
        self.generation = generation
        self.changedAt = changedAt
        self.files = files
        self.targets = targets
        self.written = written
        self.unchanged = unchanged
        self.heldBack = heldBack
        self.took = took
        self.isSuperseded = isSuperseded
    }

    /// What became of one target.
    enum Result: Sendable {
        case written, unchanged, heldBack
    }

    mutating func count(_ result: Result) {
        switch result {
        case .written: written += 1
        case .unchanged: unchanged += 1
        case .heldBack: heldBack += 1
        }
    }
}
