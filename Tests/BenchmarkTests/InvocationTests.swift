import Testing

@testable import benchmark

@Suite("The benchmark's command line")
struct InvocationTests {
    private func parse(_ words: String...) throws(Invocation.Failure) -> Invocation {
        try Invocation(words, scenarios: ["start", "storm"])
    }

    @Test("sets the scenarios, the program and the output folder")
    func whole() throws {
        let invocation = try parse(
            "--quick", "--only", "storm,start", "--program", "p", "--output", "docs", "--at", "1000,10")
        #expect(invocation.isQuick)
        #expect(invocation.only == ["storm", "start"])
        #expect(invocation.program == "p")
        #expect(invocation.output == "docs")
        #expect(invocation.sizes == [10, 1_000])
    }

    @Test("requires only the program, and nothing for help")
    func least() throws {
        let invocation = try parse("--program", "p")
        #expect(!invocation.isQuick && invocation.only == nil && invocation.output == nil && !invocation.wantsHelp)
        #expect(try parse("--help").wantsHelp)
    }

    @Test("a quick run writes its report below .build by default")
    func quick() throws {
        #expect(try parse("--program", "p", "--quick").output == ".build/benchmark")
        #expect(try parse("--program", "p", "--output", "docs", "--quick").output == "docs")
    }

    @Test("is partial with some scenarios or numbers, unless it is quick")
    func partial() throws {
        #expect(try parse("--program", "p", "--only", "start").isPartial)
        #expect(try parse("--program", "p", "--at", "10").isPartial)
        #expect(try !parse("--program", "p", "--output", "docs").isPartial)
        #expect(try !parse("--program", "p", "--at", "10", "--quick").isPartial)
    }

    @Test("needs no program to render earlier results again")
    func report() throws {
        #expect(try parse("--report", "docs", "--output", "x").report == "docs")
    }

    @Test(
        "reports what it does not accept",
        arguments: [
            (["--program", "p", "--fast"], "\"--fast\" is not known, see --help"),
            (
                ["--program", "p", "--only", "start,none"],
                "--only: there is no scenario \"none\", expected some of start, storm"
            ),
            (["--at", "10,many"], "--at: \"10,many\", expected numbers of distributions, as in 100,1000"),
            (["--at", "0"], "--at: \"0\", expected numbers of distributions, as in 100,1000"),
            (["--program", "--quick"], "--program needs a value"),
            (["--program"], "--program needs a value"),
            (["--report", "docs"], "--report needs --output: where the report goes"),
            (["--quick"], "--program is missing: the program to measure"),
        ])
    func failures(_ words: [String], _ text: String) {
        let failure = #expect(throws: Invocation.Failure.self) { try Invocation(words, scenarios: ["start", "storm"]) }
        #expect(failure?.description == text)
    }
}
