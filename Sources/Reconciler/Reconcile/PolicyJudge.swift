package import Distribution
package import LinuxIO

/// Judges what takes long, on a thread of its own. Whose turn it is, the controller says.
package actor PolicyJudge {
    /// How much is done between two looks at whether it is still wanted, in steps of 64 states on one character: about a
    /// millisecond. A file is left in its midst; a part takes more than this by at most one character on all patterns and one
    /// reading of a file's name.
    static let part = 1 << 18
    /// Parts of one turn. Then it is another namespace's.
    static let partsOfTurn = 8
    /// What takes no more is judged at once, wherever that is.
    static let short = 1 << 16

    private let executor: OwnedThreadExecutor

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Throws: EAGAIN when there are too many threads.
    package init() throws(LinuxError) { executor = try OwnedThreadExecutor(name: "policy") }

    /// Goes on for one turn, or until the task is cancelled.
    ///
    /// - Returns: how far it is then, and whether that is its end.
    package func advance(_ judgement: AccessPolicy.Judgement) async -> (judgement: AccessPolicy.Judgement, isOver: Bool)
    {
        var judgement = judgement
        for _ in 0..<Self.partsOfTurn where !Task.isCancelled {
            if judgement.advance(by: Self.part) { return (judgement, true) }
        }
        return (judgement, false)
    }
}

/// Policy evaluations that are under way, one of each namespace: the others of it wait for its end, so that a tenant with
/// many distributions takes no more memory here than one with a single one. A value.
struct PolicyTurns: Sendable {
    struct Evaluation: Sendable {
        let distribution: SecretsDistribution
        let policy: AccessPolicy
        var judgement: AccessPolicy.Judgement
    }

    private var evaluations: [String: Evaluation] = [:]

    var isEmpty: Bool { evaluations.isEmpty }

    /// Takes out the evaluation to go on with in a turn of a namespace.
    mutating func take(_ namespace: String) -> Evaluation? { evaluations.removeValue(forKey: namespace) }

    /// Its turn is over, and it is not.
    mutating func putBack(_ evaluation: Evaluation) {
        evaluations[evaluation.distribution.key.namespace] = evaluation
    }

    /// There is another policy.
    mutating func forgetAll() { evaluations = [:] }
}
