package import Distribution
package import LinuxIO

/// Runs long policy evaluations on its own thread. The controller decides which evaluation is next.
package actor PolicyEvaluator {
    /// How much is evaluated between two checks for cancellation, in steps of 64 states on one character: about a
    /// millisecond. An evaluation can pause in the middle of a file. A part may exceed this by the cost of one character
    /// on all patterns plus reading one file name.
    static let part = 1 << 18
    /// The number of parts in a turn. The next turn is another namespace's.
    static let partsOfTurn = 8
    /// An evaluation that costs no more than this runs at once in the caller.
    static let short = 1 << 16

    private let executor: OwnedThreadExecutor

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Throws: EAGAIN when there are too many threads.
    package init() throws(LinuxError) { executor = try OwnedThreadExecutor(name: "policy") }

    /// Continues an evaluation for one turn, or until the task is cancelled.
    ///
    /// - Returns: the evaluation as far as it got, and whether it has ended.
    package func advance(
        _ evaluation: AccessPolicy.PolicyEvaluation
    ) async -> (evaluation: AccessPolicy.PolicyEvaluation, isOver: Bool) {
        var evaluation = evaluation
        for _ in 0..<Self.partsOfTurn where !Task.isCancelled {
            if evaluation.advance(by: Self.part) { return (evaluation, true) }
        }
        return (evaluation, false)
    }
}

/// The policy evaluations in progress: at most one for each namespace, so that a tenant with many distributions takes no
/// more memory than one with a single distribution. A value.
struct OngoingEvaluations: Sendable {
    struct Item: Sendable {
        let distribution: SecretsDistribution
        /// All files that it reads.
        let files: [SourcePath]
        let policy: AccessPolicy
        var evaluation: AccessPolicy.PolicyEvaluation
    }

    /// By namespace.
    private var items: [String: Item] = [:]

    var isEmpty: Bool { items.isEmpty }

    /// Removes and returns the evaluation of a namespace, which is continued in its turn.
    mutating func removeEvaluation(of namespace: String) -> Item? { items.removeValue(forKey: namespace) }

    /// Keeps an evaluation that has not ended until the next turn of its namespace.
    mutating func putBack(_ item: Item) { items[item.distribution.target?.namespace ?? ""] = item }

    /// Drops all evaluations, because the policy was replaced.
    mutating func forgetAll() { items = [:] }
}
