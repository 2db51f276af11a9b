import Observability
import Stores

/// The controller's counters since the start.
struct ControllerCounts: Sendable {
    /// Changes by other writers that were corrected.
    var corrections = 0
    /// Time from the change of the files to the acknowledged write.
    var propagation = Histogram(bounds: Self.bounds)
    /// Time from the detection of the change to the acknowledged write.
    var processing = Histogram(bounds: Self.bounds)

    /// In seconds: from a local API server with a short quiet time to an outage of the server of a quarter of an hour.
    static let bounds = [0.05, 0.1, 0.25, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60, 300, 900]
}
