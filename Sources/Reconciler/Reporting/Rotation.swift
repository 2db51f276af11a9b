package import Distribution
package import Observability

/// A change of the mount's content, and its results.
package struct Rotation: Sendable, Equatable {
    package var generation: String
    /// When the files changed, by the file system's clock.
    package var changedAt: Timestamp
    /// The files whose content changed, sorted.
    package var files: [String]
    /// The number of targets that use these files.
    package var targets: Int
    /// The number of targets that got new content.
    package var written = 0
    /// The first Secrets that got new content, at most `mostNamed`.
    package var secrets: [ObjectKey] = []
    /// The number of targets that were in sync, or that no distribution describes any more.
    package var unchanged = 0
    /// The number of targets that were held back. The statuses of their distributions say why.
    package var heldBack = 0
    /// From the files' change to the last acknowledged write; nil until all targets are processed.
    package var took: Duration?
    /// Whether another rotation began before all targets were processed.
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

    /// The maximum number of Secrets that are named.
    package static let mostNamed = 10

    /// The result for one target.
    enum Result: Sendable {
        case written, unchanged, heldBack
    }

    mutating func count(_ result: Result, for target: ObjectKey) {
        switch result {
        case .written:
            written += 1
            if secrets.count < Self.mostNamed { secrets.append(target) }
        case .unchanged: unchanged += 1
        case .heldBack: heldBack += 1
        }
    }
}
