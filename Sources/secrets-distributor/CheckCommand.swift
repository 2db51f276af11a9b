import Distribution
import ProviderClasses
import Stores

/// The command `check [--policy FILE] [--provider-class FILE] FILE...`, which validates manifests without a cluster.
enum CheckCommand {
    static func run(
        _ files: [String], policy policyFile: String?, classes: [ProviderClassArgument], _ format: CheckReport.Format
    ) -> Int32 {
        guard !files.isEmpty || policyFile != nil || !classes.isEmpty else {
            return Program.fail("check needs a file; see secrets-distributor check --help", 64)
        }
        var report = CheckReport()
        let policy = policyFile.map { file in
            let parsed = Self.policy(file)
            report.findings += parsed.problems
            return parsed.policy
        }
        var coverage: MountCoverage?
        if !classes.isEmpty {
            let parsed = ProviderClassArgument.read(classes)
            report.findings += parsed.findings
            coverage = MountCoverage(parsed)
        }
        if files.isEmpty {
            report.subjects = policy.map { ["a policy of \(counted($0?.rules.count ?? 0, "rule"))"] } ?? []
            report.subjects += coverage.map { [subject($0.content)] } ?? []
        } else {
            let count = check(files, policy ?? nil, &coverage, &report)
            report.subjects = ["\(counted(count, "distribution")) in \(counted(files.count, "file"))"]
        }
        print(report.text(format))
        return report.problems == 0 ? 0 : 1
    }

    /// - Returns: the number of distributions.
    private static func check(
        _ files: [String], _ policy: AccessPolicy?, _ coverage: inout MountCoverage?, _ report: inout CheckReport
    ) -> Int {
        var count = 0
        // The places of the remarks that a file has no distribution.
        var others: [Int] = []
        var claims: [ObjectKey: FilePlace] = [:]
        for file in files {
            let parsed: Manifests.Parsed
            do {
                parsed = Manifests.parse(
                    try FileBytes.read(file), file: file, policy: policy, withSources: coverage != nil)
            } catch {
                report.findings.append(Finding(file: file, line: 0, message: "\(error)"))
                continue
            }
            var findings = parsed.problems
            for (distribution, line) in parsed.distributions {
                count += 1
                guard let target = distribution.target else { continue }
                let place = FilePlace(file: file, line: line)
                if let other = claims.updateValue(place, forKey: target) {
                    findings.append(
                        Finding(
                            place,
                            "describes Secret \(target.name), like \(other); the older distribution would win"))
                }
            }
            findings += coverage?.findings(for: parsed.sources, in: file) ?? []
            if let finding = parsed.finding(withoutDistributionIn: file) {
                if !parsed.hasEmptyList { others.append(report.findings.count) }
                findings = [finding]
            }
            report.findings += findings.sorted { $0.line < $1.line }
        }
        // A kustomization beside distributions is no mistake, but one alone is.
        if count == 0 {
            for index in others {
                let finding = report.findings[index]
                report.findings[index] = Finding(finding.place, finding.message)
            }
        }
        report.findings += coverage?.unused ?? []
        return count
    }

    /// Parses a policy file. If the file is unreadable, that is its only problem.
    private static func policy(_ file: String) -> PolicyManifest.Parsed {
        do {
            return PolicyManifest.parse(try FileBytes.read(file), file: file)
        } catch {
            return PolicyManifest.Parsed(problems: [Finding(file: file, line: 0, message: "\(error)")])
        }
    }

    private static func subject(_ content: MountContent) -> String {
        let count = content.classes.count
        return "\(count) provider class\(count == 1 ? "" : "es") with \(counted(content.objects.count, "object"))"
    }
}
