import Distribution
import ProviderClasses
import Stores

/// The command `check [--policy FILE] [--provider-class FILE] FILE...`, which validates manifests without a cluster.
enum CheckCommand {
    static func run(
        _ files: [String], policy policyFile: String?, classes arguments: [ProviderClassArgument]
    ) -> Int32 {
        guard !files.isEmpty || policyFile != nil || !arguments.isEmpty else {
            return Program.fail("check needs a file; see secrets-distributor check --help", 64)
        }
        var problems = 0
        var policy: AccessPolicy?
        if let policyFile {
            let parsed = Self.policy(policyFile)
            parsed.problems.forEach { print($0.description.onOneLine) }
            problems += parsed.problems.count
            policy = parsed.policy
        }
        var coverage: MountCoverage?
        if !arguments.isEmpty {
            let parsed = ProviderClassArgument.read(arguments)
            parsed.findings.forEach { print(Manifests.Finding($0).description.onOneLine) }
            problems += parsed.findings.count { !$0.isRemark }
            coverage = MountCoverage(parsed)
        }
        guard !files.isEmpty else {
            let subjects =
                (policyFile == nil ? [] : ["a policy of \(counted(policy?.rules.count ?? 0, "rule"))"])
                + (coverage.map { [subject($0.content)] } ?? [])
            print("\(subjects.joined(separator: ", ")): \(counted(problems, "problem"))")
            return problems == 0 ? 0 : 1
        }
        var count = 0
        var claims: [ObjectKey: String] = [:]
        for file in files {
            let parsed: Manifests.Parsed
            do {
                parsed = Manifests.parse(
                    try FileBytes.read(file), file: file, policy: policy, withSources: coverage != nil)
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
            findings += coverage?.findings(for: parsed.sources, in: file) ?? []
            for finding in findings.sorted(by: { $0.line < $1.line }) { print(finding.description.onOneLine) }
            problems += findings.count { !$0.isRemark }
            if parsed.distributions.isEmpty && findings.isEmpty {
                print("\(file): contains no SecretsDistribution".onOneLine)
                problems += 1
            }
        }
        for finding in coverage?.unused ?? [] { print(Manifests.Finding(finding).description.onOneLine) }
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

    private static func subject(_ content: MountContent) -> String {
        let count = content.classes.count
        return "\(count) provider class\(count == 1 ? "" : "es") with \(counted(content.objects.count, "object"))"
    }

    private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
