import TestSupport

/// The program in a mount namespace of its own (mount_namespaces(7)), as in a container: what is mounted there is seen
/// nowhere else and goes with the program.
struct MountNamespace {
    static let wrapper = ["unshare", "--mount", "--propagation", "private"]

    let program: Binary

    /// A path as the program sees it, for the test.
    func callAsFunction(_ path: String) -> String { "/proc/\(program.process)/root\(path)" }

    /// mount(8) with these arguments, in there.
    func mount(_ arguments: String...) async throws { try await run(["mount"] + arguments) }

    func unmount(_ path: String) async throws {
        // Busy while the program reads it.
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
