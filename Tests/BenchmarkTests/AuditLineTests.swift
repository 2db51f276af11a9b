import Testing

@testable import benchmark

/// Lines as kube-apiserver writes them.
@Suite("A line of the audit log")
struct AuditLineTests {
    private func line(
        user: String = "erin", verb: String = "patch", resource: String = "secrets", code: Int = 200
    ) -> AuditLine {
        AuditLine(
            Array(
                """
                {"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","stage":"ResponseComplete",\
                "requestURI":"/api/v1/namespaces/n/secrets/s","verb":"\(verb)","user":{"username":"\(user)",\
                "groups":["system:authenticated"]},"objectRef":{"resource":"\(resource)","namespace":"n","name":"s",\
                "apiVersion":"v1"},"responseStatus":{"metadata":{},"code":\(code)},\
                "requestReceivedTimestamp":"2026-11-21T08:30:00.000001Z","stageTimestamp":"2026-11-21T08:30:00.000002Z"}
                """.utf8))
    }

    @Test("tells of a Secret that was written", arguments: [("patch", 200), ("create", 201), ("delete", 200)])
    func written(_ verb: String, _ code: Int) {
        #expect(line(verb: verb, code: code).isSecretWrite(by: "erin"))
    }

    @Test("tells of none if it was only looked at", arguments: ["get", "list", "watch"])
    func read(_ verb: String) {
        #expect(!line(verb: verb).isSecretWrite(by: "erin"))
    }

    @Test("tells of none if the server refused, it was something else, or it was somebody else")
    func others() {
        #expect(!line(code: 409).isSecretWrite(by: "erin"))
        #expect(!line(resource: "secretsdistributions").isSecretWrite(by: "erin"))
        #expect(!line(user: "alice").isSecretWrite(by: "erin"))
        #expect(line(user: "alice").isSecretWrite(by: "alice"))
    }

    @Test("is the user's whose whole name it has")
    func user() {
        #expect(line().isRequest(of: "erin"))
        #expect(!line(user: "erin2").isRequest(of: "erin"))
    }

    @Test("keeps its bytes")
    func bytes() {
        #expect(AuditLine([1, 2]).bytes == [1, 2])
    }
}
