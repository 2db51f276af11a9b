package import Distribution
import LinuxIO

/// What a look at the policy's file found.
package enum PolicyReading: Sendable, Equatable {
    case usable(AccessPolicy)
    /// Not there, not readable or not a policy: each problem with its place. Never a reason to remove anything.
    case unusable([String])

    /// Reads the file at `path`, through links; it has to be a regular one. Blocks.
    package init(path: String) {
        do throws(LinuxError) {
            guard let bytes = try Self.content(path) else {
                let limit = PolicyManifest.maximumSize
                self = .unusable(["\(path) is no regular file of at most \(limit) bytes that stays as it is"])
                return
            }
            let parsed = PolicyManifest.parse(bytes, file: path)
            self = parsed.policy.map { .usable($0) } ?? .unusable(parsed.problems.map(\.description))
        } catch {
            self = .unusable(["\(error)"])
        }
    }

    /// Nil if it is no regular file, too large, or written while it is read: half a policy is another one.
    private static func content(_ path: String) throws(LinuxError) -> [UInt8]? {
        for _ in 0..<8 {
            let file = try FileDescriptor(reading: path)
            let before = try file.status()
            guard let bytes = try file.content(limit: PolicyManifest.maximumSize) else { return nil }
            // Some file systems say 0 for the size of a file that has content.
            if try file.status() == before, bytes.count == before.size || before.size == 0 { return bytes }
        }
        return nil
    }

    /// The problems in one text that stays readable; nil if there are none.
    package var problem: String? {
        guard case .unusable(let problems) = self else { return nil }
        let rest = problems.count - Self.shownProblems
        return problems.prefix(Self.shownProblems).joined(separator: "; ") + (rest > 0 ? "; and \(rest) more" : "")
    }

    private static let shownProblems = 20
}

/// A single pass cannot begin.
package struct PolicyError: Error, CustomStringConvertible {
    let problem: String

    package init(problem: String) { self.problem = problem }

    package var description: String { "the access policy cannot be used: \(problem)" }
}
