import Testing

@testable import benchmark

@Suite("A line of the audit log")
struct AuditLineTests {
    @Test(
        "reports a Secret that was written",
        arguments: [("patch", 200), ("update", 200), ("create", 201), ("delete", 200)])
    func written(_ verb: String, _ code: Int) {
        #expect(auditLine(verb: verb, code: code).isSecretWrite(by: "erin"))
    }

    @Test("reports no write for a read", arguments: ["get", "list", "watch"])
    func read(_ verb: String) {
        #expect(!auditLine(verb: verb).isSecretWrite(by: "erin"))
    }

    @Test("reports no write if the server rejected it, or if it was of another resource or by another user")
    func others() {
        #expect(!auditLine(code: 409).isSecretWrite(by: "erin"))
        #expect(!auditLine(resource: "secretsdistributions").isSecretWrite(by: "erin"))
        #expect(!auditLine(user: "alice").isSecretWrite(by: "erin"))
        #expect(auditLine(user: "alice").isSecretWrite(by: "alice"))
    }

    @Test("belongs to a user only if the whole name matches")
    func user() {
        #expect(auditLine().isRequest(of: "erin"))
        #expect(!auditLine(user: "erin2").isRequest(of: "erin"))
    }

    @Test("keeps its bytes")
    func bytes() {
        #expect(AuditLine([1, 2]).bytes == [1, 2])
    }
}
