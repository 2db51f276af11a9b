import TestSupport

/// The program in its own mount namespace (mount_namespaces(7)), as in a container: mounts in it are invisible
/// elsewhere and end with the program.
struct MountNamespace {
    static let wrapper = ["unshare", "--mount", "--propagation", "private"]

    let program: Binary

    /// The test's path for a path of the program.
    func callAsFunction(_ path: String) -> String { "/proc/\(program.process)/root\(path)" }

    /// Runs mount(8) with these arguments in the namespace.
    func mount(_ arguments: String...) async throws { try await run(["mount"] + arguments) }

    func unmount(_ path: String) async throws {
        // The mount is busy while the program reads it.
        var failure: (any Error)?
        let isDone = await eventually {
            do {
                try await run(["umount", path])
                return true
            } catch {
                failure = error
                return false
            }
        }
        if !isDone, let failure { throw failure }
    }

    private func run(_ words: [String]) async throws {
        try await Command.run(["nsenter", "--mount", "--target", "\(program.process)"] + words)
    }
}
