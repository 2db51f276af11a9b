import Reconciler

/// How far a single pass is.
package struct Progress: Sendable, Equatable {
    /// Distributions of this instance that were looked at, and all that are known.
    package let done: Int
    package let total: Int
    /// Targets that were written or removed.
    package let written: Int
}

extension Controller {
    func progress(written: Int) -> Progress {
        Progress(done: outcomes.count, total: index.distributions.values.count(where: isOurs), written: written)
    }
}
