import Distribution
import Observability
import ProviderClasses
import Stores

/// The command `export`, which derives the least access that the vault must grant to the mount.
enum ExportCommand {
    /// What the command line says.
    struct Options: Equatable {
        var format = ExportFormat.objects
        /// The AWS account of secrets without an ARN.
        var account: String?
        /// The AWS region of classes without one.
        var region: String?
    }

    /// Prints all or nothing.
    static func run(_ files: [String], classes: [ProviderClassArgument], _ options: Options) -> Int32 {
        let parsed = ProviderClassArgument.read(classes)
        var coverage = MountCoverage(parsed)
        var findings = parsed.findings
        for file in files { findings += self.findings(in: file, &coverage) }
        do throws(AccessExport.Failure) {
            guard findings.allSatisfy(\.isRemark) else { return fail(findings) }
            let export = AccessExport(options.format, account: options.account, region: options.region)
            let output = try export.output(of: coverage)
            report(findings + output.remarks)
            print(output.text, terminator: "")
            return 0
        } catch {
            return fail(findings + error.findings)
        }
    }

    private static func findings(in file: String, _ coverage: inout MountCoverage) -> [Finding] {
        do {
            let parsed = Manifests.parse(try FileBytes.read(file), file: file, withSources: true)
            let findings = parsed.problems + coverage.findings(for: parsed.sources, in: file)
            return parsed.finding(withoutDistributionIn: file).map { [$0] } ?? findings.sorted { $0.line < $1.line }
        } catch {
            return [Finding(file: file, line: 0, message: "\(error)")]
        }
    }

    private static func report(_ findings: [Finding]) {
        for finding in findings { Logger.standardError(finding.description.onOneLine) }
    }

    private static func fail(_ findings: [Finding]) -> Int32 {
        report(findings)
        let count = findings.count { !$0.isRemark }
        return Program.fail("nothing is exported: \(count) \(count == 1 ? "problem" : "problems")", 1)
    }
}
