package import Distribution
import LinuxIO

/// The result of reading the policy's file.
package enum PolicyReading: Sendable, Equatable {
    case usable(AccessPolicy)
    /// The file is missing, unreadable or not a valid policy: each problem with its location. Nothing is removed
    /// because of it.
    case unusable([String])

    /// Reads the regular file at `path`, following links. Blocks.
    package init(path: String) {
        do throws(LinuxError) {
            guard let bytes = try Self.content(path) else {
                let limit = PolicyManifest.maximumSize
                self = .unusable(["\(path) is not a regular file of at most \(limit) bytes, or it keeps changing"])
                return
            }
            let parsed = PolicyManifest.parse(bytes, file: path)
            self = parsed.policy.map { .usable($0) } ?? .unusable(parsed.problems.map(\.description))
        } catch {
            self = .unusable(["\(error)"])
        }
    }

    /// The content of the file; nil if it is not a regular file, is too large, or changes while it is read. A
    /// half-written file may still parse as a policy.
    private static func content(_ path: String) throws(LinuxError) -> [UInt8]? {
        for _ in 0..<8 {
            let file = try FileDescriptor(reading: path)
            let before = try file.status()
            guard let bytes = try file.content(limit: PolicyManifest.maximumSize) else { return nil }
            // Some file systems report size 0 for a file that has content.
            if try file.status() == before, bytes.count == before.size || before.size == 0 { return bytes }
        }
        return nil
    }

    /// The first problems as one text; nil if there are none.
    package var problem: String? {
        guard case .unusable(let problems) = self else { return nil }
        let rest = problems.count - Self.shownProblems
        return problems.prefix(Self.shownProblems).joined(separator: "; ") + (rest > 0 ? "; and \(rest) more" : "")
    }

    private static let shownProblems = 20
}

/// A single pass cannot begin because of the access policy.
package struct PolicyError: Error, CustomStringConvertible {
    let problem: String

    package init(problem: String) { self.problem = problem }

    package var description: String { "the access policy cannot be used: \(problem)" }
}
