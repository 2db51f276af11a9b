import Observability
import Stores

/// What the controller counts since the start.
struct ControllerCounts: Sendable {
    /// Changes of others to targets that were corrected.
    var corrections = 0
    /// From the files' change, and from when it was noticed, to the acknowledged write.
    var propagation = Histogram(bounds: Self.bounds)
    var processing = Histogram(bounds: Self.bounds)

    /// Seconds: from a local API server within the quiet time to a server that is away for a quarter of an hour.
    static let bounds = [0.05, 0.1, 0.25, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60, 300, 900]
}
