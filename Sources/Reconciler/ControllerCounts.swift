import Observability
import Stores

/// What the controller counts since the start.
struct ControllerCounts: Sendable {
    /// What became of a write of a Secret; the label `result`.
    enum Write: String, Sendable, CaseIterable {
        case created, updated, replaced, removed, released
        /// It was not as it was observed; looked at again.
        case conflict
        case failed
    }

    /// Writes of Secrets.
    var writes: [Write: Int] = [:]
    /// Changes of others to targets that were corrected.
    var corrections = 0
    /// Turns of a key that failed and come again.
    var retries = 0
    /// From the files' change, and from when it was noticed, to the acknowledged write.
    var propagation = Histogram(bounds: Self.bounds)
    var processing = Histogram(bounds: Self.bounds)

    /// Seconds: from a local API server within the quiet time to a server that is away for a quarter of an hour.
    static let bounds = [0.05, 0.1, 0.25, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60, 300, 900]

    mutating func count(_ error: StoreError) {
        let result: Write = if case .changed = error { .conflict } else { .failed }
        writes[result, default: 0] += 1
    }
}
