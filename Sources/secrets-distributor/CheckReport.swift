import Distribution
import JSON

/// What `check` found, as text for a person, JSON for a script, or commands of a GitHub workflow.
struct CheckReport {
    enum Format: String, CaseIterable {
        case text, json, github
    }

    var findings: [Finding] = []
    /// What was checked, as phrases with numbers.
    var subjects: [String] = []

    var problems: Int { findings.count { !$0.isRemark } }

    /// Without a line end after the last line.
    func text(_ format: Format) -> String {
        switch format {
        case .text: (findings.map(\.description.onOneLine) + [summary]).joined(separator: "\n")
        case .json: String(decoding: json.encoded(), as: UTF8.self)
        case .github: (findings.map(\.workflowCommand) + [summary]).joined(separator: "\n")
        }
    }

    private var summary: String {
        "\(subjects.joined(separator: ", ")): \(problems) \(problems == 1 ? "problem" : "problems")"
    }

    private var json: JSONValue {
        [
            "problems": .int(problems),
            "findings": .array(
                findings.map { finding in
                    [
                        "file": .string(finding.file),
                        "line": finding.line > 0 ? .int(finding.line) : .null,
                        "severity": .string(finding.isRemark ? "remark" : "problem"),
                        "message": .string(finding.message.onOneLine),
                    ]
                }),
        ]
    }
}

extension Finding {
    /// The finding as an annotation of a file (GitHub, "Workflow commands for GitHub Actions").
    fileprivate var workflowCommand: String {
        let place = "file=\(file.escapedForProperty)\(line > 0 ? ",line=\(line)" : "")"
        return "::\(isRemark ? "notice" : "error") \(place)::\(message.onOneLine.escapedForWorkflow)"
    }
}

extension String {
    /// As `escapeData` of the GitHub Actions toolkit.
    fileprivate var escapedForWorkflow: String {
        replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
    }

    /// As `escapeProperty` of the GitHub Actions toolkit.
    fileprivate var escapedForProperty: String {
        escapedForWorkflow.replacing(":", with: "%3A").replacing(",", with: "%2C")
    }
}

/// A count with its noun: `1 file`, `2 files`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
