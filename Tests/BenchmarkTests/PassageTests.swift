import JSON
import Observability
import TestSupport
import Testing

@testable import benchmark

@Suite("A passage")
struct PassageTests {
    private func passage(_ lines: AuditLine...) throws -> RequestTrace {
        RequestTrace(
            start: try #require(Timestamp(rfc3339: "2026-11-21T08:30:00Z")),
            requests: try lines.map { try JSONBytes.decode(APIServer.Served.self, from: $0.bytes) })
    }

    @Test("ends for Secrets with the last write of a Secret, and for all requests with the last response")
    func ends() throws {
        let passage = try passage(
            auditLine(end: "01.000000"), auditLine(verb: "list", end: "01.250000"),
            auditLine(code: 409, end: "01.500000"),
            auditLine(resource: "secretsdistributions", end: "02.000000"))
        #expect(passage.lastSecret == 1)
        #expect(passage.lastAnswer == 2)
    }

    @Test("counts the writes of each Secret, without rejected writes and reads")
    func writes() throws {
        let passage = try passage(
            auditLine(name: "a"), auditLine(name: "b"), auditLine(name: "a"), auditLine(name: "a", code: 409),
            auditLine(verb: "get", name: "c"), auditLine(resource: "events", name: "d"))
        #expect(passage.writes == ["n/a": 2, "n/b": 1])
    }

    @Test("without requests has a duration of 0")
    func empty() throws {
        #expect(try passage().lastSecret == 0)
        #expect(try passage().lastAnswer == 0)
    }
}
