import Distribution
import Glibc
import Stores

/// The command `check [--policy FILE] FILE...`, which validates manifests without a cluster.
enum CheckCommand {
    static func run(_ files: [String], policy policyFile: String?) -> Int32 {
        guard !files.isEmpty || policyFile != nil else {
            return Program.fail("check needs a file; see secrets-distributor check --help", 64)
        }
        var problems = 0
        var policy: AccessPolicy?
        if let policyFile {
            let parsed = Self.policy(policyFile)
            parsed.problems.forEach { print($0.description.onOneLine) }
            problems += parsed.problems.count
            policy = parsed.policy
            guard !files.isEmpty else {
                let rules = counted(policy?.rules.count ?? 0, "rule")
                print("a policy of \(rules): \(counted(problems, "problem"))")
                return problems == 0 ? 0 : 1
            }
        }
        var count = 0
        var claims: [ObjectKey: String] = [:]
        for file in files {
            let parsed: Manifests.Parsed
            do {
                parsed = Manifests.parse(try FileBytes.read(file), file: file, policy: policy)
            } catch {
                print("\(file): \(error)".onOneLine)
                problems += 1
                continue
            }
            var findings = parsed.problems
            for (distribution, line) in parsed.distributions {
                count += 1
                guard let target = distribution.target else { continue }
                let place = "\(file):\(line)"
                if let other = claims.updateValue(place, forKey: target) {
                    findings.append(
                        .init(
                            file: file, line: line,
                            message: "describes Secret \(target.name), like \(other); the older distribution would win"
                        ))
                }
            }
            for finding in findings.sorted(by: { $0.line < $1.line }) { print(finding.description.onOneLine) }
            problems += findings.count { !$0.isRemark }
            if parsed.distributions.isEmpty && findings.isEmpty {
                print("\(file): contains no SecretsDistribution".onOneLine)
                problems += 1
            }
        }
        print("\(counted(count, "distribution")) in \(counted(files.count, "file")): \(counted(problems, "problem"))")
        return problems == 0 ? 0 : 1
    }

    /// Parses a policy file. If the file is unreadable, that is its only problem.
    private static func policy(_ file: String) -> PolicyManifest.Parsed {
        do {
            return PolicyManifest.parse(try FileBytes.read(file), file: file)
        } catch {
            return PolicyManifest.Parsed(problems: [.init(file: file, line: 0, message: "\(error)")])
        }
    }

    private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

/// Reads whole files of any readable kind.
private enum FileBytes {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let limit = 16 << 20

    static func read(_ path: String) throws(Failure) -> [UInt8] {
        let file = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure() }
        defer { if file != STDIN_FILENO { close(file) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure() }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else { throw Failure(description: "is larger than \(limit) bytes") }
        }
    }

    private static func failure() -> Failure {
        Failure(description: "cannot be read: \(String(cString: strerror(errno)))")
    }
}
