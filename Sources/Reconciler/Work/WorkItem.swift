package import Distribution
import Scheduling

typealias Outcome = WorkOutcome

/// A key of the work queue.
package enum WorkItem: Sendable, Hashable, CustomStringConvertible {
    /// A Secret to reconcile.
    case target(ObjectKey)
    /// A distribution whose status to write.
    case status(ObjectKey)

    package var description: String {
        switch self {
        case .target(let key): "Secret \(key)"
        case .status(let key): "\(key.namespace.isEmpty ? WellKnownKeys.clusterKind : WellKnownKeys.kind) \(key)"
        }
    }

    var key: ObjectKey {
        switch self {
        case .target(let key), .status(let key): key
        }
    }

    var isStatus: Bool { if case .status = self { true } else { false } }
}
