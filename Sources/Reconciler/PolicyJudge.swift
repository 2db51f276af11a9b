package import Distribution
package import LinuxIO

/// Judges what takes long, on a thread of its own. Whose turn it is, the controller says.
package actor PolicyJudge {
    /// How much is done between two looks at whether it is still wanted, in steps of 64 states on one character: about a
    /// millisecond. A file is left in its midst; a part takes more than this by at most one character on all patterns and one
    /// reading of a file's name.
    static let part = 1 << 18
    /// What takes no more is judged at once, wherever that is.
    static let short = 1 << 16

    private let executor: OwnedThreadExecutor

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Throws: EAGAIN when there are too many threads.
    package init() throws(LinuxError) { executor = try OwnedThreadExecutor(name: "policy") }

    /// Nil if the task was cancelled before the end.
    package func end(_ judgement: AccessPolicy.Judgement) async -> AccessPolicy.Judgement? {
        var judgement = judgement
        while !judgement.advance(by: Self.part) {
            if Task.isCancelled { return nil }
        }
        return judgement
    }
}
