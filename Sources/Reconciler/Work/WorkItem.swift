package import Distribution
import Scheduling

typealias Outcome = WorkQueue<WorkItem, ContinuousClock.Instant>.Outcome

/// What is in the queue.
package enum WorkItem: Sendable, Hashable, CustomStringConvertible {
    /// The Secret is to be brought in sync.
    case target(ObjectKey)
    /// The status of the distribution is to be written.
    case status(ObjectKey)

    package var description: String {
        switch self {
        case .target(let key): "Secret \(key)"
        case .status(let key): "SecretsDistribution \(key)"
        }
    }

    var key: ObjectKey {
        switch self {
        case .target(let key), .status(let key): key
        }
    }

    var isStatus: Bool { if case .status = self { true } else { false } }
}
