package import Distribution
package import LinuxIO

/// Runs long policy evaluations on its own thread. The controller decides which evaluation is next.
package actor PolicyEvaluator {
    /// How much is evaluated between two checks for cancellation, in steps of 64 states on one character: about a
    /// millisecond. An evaluation can pause in the middle of a file. A part may exceed this by the cost of one character
    /// on all patterns plus reading one file name.
    static let part = 1 << 18
    /// An evaluation that costs no more than this runs at once in the caller.
    static let short = 1 << 16

    private let executor: OwnedThreadExecutor

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Throws: EAGAIN when there are too many threads.
    package init() throws(LinuxError) { executor = try OwnedThreadExecutor(name: "policy") }

    /// Runs an evaluation to its end; nil if the task was canceled before.
    package func evaluate(_ evaluation: AccessPolicy.PolicyEvaluation) async -> AccessPolicy.PolicyEvaluation? {
        var evaluation = evaluation
        while !evaluation.advance(by: Self.part) {
            if Task.isCancelled { return nil }
        }
        return evaluation
    }
}
