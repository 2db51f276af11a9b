import Glibc
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

/// What this process may do, beside what any may (capabilities(7)).
enum Privileges {
    /// Mount, and make namespaces; a container's root mostly may not.
    static let mayMount = has(21)
    /// Give up privileges for good.
    static let mayDrop = has(8) && geteuid() == 0

    private static func has(_ capability: Int) -> Bool {
        let line = Files.text("/proc/self/status").split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        let mask = line.flatMap { UInt64($0.dropFirst(7).drop(while: \.isWhitespace), radix: 16) } ?? 0
        return mask & (1 << capability) != 0
    }
}
