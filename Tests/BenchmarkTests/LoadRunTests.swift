import Testing

@testable import benchmark

@Suite("The output of h2load")
struct LoadRunTests {
    @Test("gives the time from the first request to the last response, whatever the order of the lines")
    func span() throws {
        let run = try LoadRun(
            log: "1000000\t200\t500\n1000400\t200\t900\n1000100\t201\t100\n", expecting: 3)
        #expect(run.answers.map(\.startedAt) == [1_000_000, 1_000_100, 1_000_400])
        #expect(run.answers.map(\.latency) == [0.0005, 0.0001, 0.0009])
        #expect(abs(run.seconds - 0.0013) < 1e-9)
    }

    @Test(
        "is rejected as a reference unless every request succeeded",
        arguments: [
            ("1000\t200\t5\n", "h2load: 1 of 2 requests succeeded; the others' status codes: []"),
            ("1000\t200\t5\n1000\t409\t5\n", "h2load: 1 of 2 requests succeeded; the others' status codes: [409]"),
            // A request without a response has status -1.
            ("1000\t200\t5\n1000\t-1\t5\n", "h2load: 1 of 2 requests succeeded; the others' status codes: [-1]"),
            ("", "h2load: 0 of 2 requests succeeded; the others' status codes: []"),
        ])
    func failures(_ log: String, _ text: String) {
        let failure = #expect(throws: LoadRun.Failure.self) { try LoadRun(log: log, expecting: 2) }
        #expect(failure?.description == text)
    }

    @Test("is not read from malformed lines", arguments: ["", "1000\t200", "1000\t200\tx", "1000\t200\t5\t5"])
    func others(_ line: String) {
        #expect(LoadRun.Answer(line: line) == nil)
    }
}
