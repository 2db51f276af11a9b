/// The text of a shell script with one command for each grant.
enum ShellScript {
    /// - Parameter variables: what the caller sets, each with what it is, without quotes: a shell reads them there.
    static func text(_ header: String, variables: [(name: String, what: String)], _ commands: [String]) -> String {
        let checks = variables.map { ": \"${\($0.name):?is not set, expected \($0.what)}\"\n" }.joined()
        return "#!/usr/bin/env bash\n# \(header)\nset -euo pipefail\n\(checks)\n"
            + commands.map { "\($0)\n" }.joined(separator: "\n")
    }

    /// A command over several lines, after a comment.
    static func command(_ comment: String, _ parts: [String]) -> String {
        "# \(comment)\n" + parts.joined(separator: " \\\n    ")
    }
}
