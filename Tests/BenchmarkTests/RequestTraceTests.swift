import FoundationEssentials
import Observability
import TestSupport
import Testing

@testable import benchmark

@Suite("A request trace")
struct RequestTraceTests {
    private func trace(_ lines: AuditLine...) throws -> RequestTrace {
        RequestTrace(
            start: try #require(Timestamp(rfc3339: "2026-11-21T08:30:00Z")),
            requests: try lines.map { try JSONDecoder().decode(APIServer.Served.self, from: Data($0.bytes)) })
    }

    @Test("ends for Secrets with the last write of a Secret, and for all requests with the last response")
    func ends() throws {
        let trace = try trace(
            auditLine(end: "01.000000"), auditLine(verb: "list", end: "01.250000"),
            auditLine(code: 409, end: "01.500000"),
            auditLine(resource: "secretsdistributions", end: "02.000000"))
        #expect(trace.lastSecret == 1)
        #expect(trace.lastAnswer == 2)
    }

    @Test("counts the writes of each Secret, without rejected writes and reads")
    func writes() throws {
        let trace = try trace(
            auditLine(name: "a"), auditLine(name: "b"), auditLine(name: "a"), auditLine(name: "a", code: 409),
            auditLine(verb: "get", name: "c"), auditLine(resource: "events", name: "d"))
        #expect(trace.writes == ["n/a": 2, "n/b": 1])
    }

    @Test("without requests has a duration of 0")
    func empty() throws {
        #expect(try trace().lastSecret == 0)
        #expect(try trace().lastAnswer == 0)
    }
}
