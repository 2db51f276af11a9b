import HTTPServer
import Observability

/// The response to a probe, in the style of the Kubernetes API server.
enum ProbeText {
    /// Returns 200 `ok`, or 503 with the failed checks. If `isVerbose`, it lists all checks.
    ///
    /// - Parameter name: the probe's name, for example `healthz`.
    static func answer(_ name: String, _ checks: [HealthCheck], isVerbose: Bool) -> HTTPResponse {
        let isGood = checks.allSatisfy { $0.problem == nil }
        if isGood && !isVerbose { return HTTPResponse(body: "ok\n") }
        var text = ""
        for check in checks {
            if let problem = check.problem {
                text += "[-]\(check.name) failed: \(problem)".onOneLine + "\n"
            } else if isVerbose {
                let note = check.note.map { ", but \($0)" } ?? ""
                text += "[+]\(check.name) ok\(note)".onOneLine + "\n"
            }
        }
        return HTTPResponse(status: isGood ? 200 : 503, body: text + "\(name) check \(isGood ? "passed" : "failed")\n")
    }
}
