import Glibc
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

/// Privileges of this process beyond the usual ones (capabilities(7)).
enum Privileges {
    /// Can mount and create namespaces; root in a container usually cannot.
    static let mayMount = has(21)
    /// Can give up privileges permanently.
    static let mayDrop = has(8) && geteuid() == 0

    private static func has(_ capability: Int) -> Bool {
        let line = Files.text("/proc/self/status").split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        let mask = line.flatMap { UInt64($0.dropFirst(7).drop(while: \.isWhitespace), radix: 16) } ?? 0
        return mask & (1 << capability) != 0
    }
}
