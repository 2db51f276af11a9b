// What is measured is told by `Scenarios`, with what on which servers by `World`, and how it is shown by `Report`.
import Glibc
import LinuxIO
import Observability
import TestSupport

let scenarios: [any Scenario] = [
    Start(), Rotation(), Latency(), Requests(), Storm(), Idle(), Flood(), Memory(), Size(),
]
let scenarioNames = scenarios.map { type(of: $0).name }

func fail(_ error: any Error, status: Int32) -> Never {
    say("\(error)")
    exit(status)
}

let invocation: Invocation
do {
    invocation = try Invocation(Array(CommandLine.arguments.dropFirst()), scenarios: scenarioNames)
} catch {
    fail(error, status: Invocation.usageStatus)
}
if let path = invocation.report, let output = invocation.output {
    do {
        try Report.read(path).write(to: output)
        exit(0)
    } catch {
        fail(error, status: 1)
    }
}
guard !invocation.wantsHelp, let program = invocation.program else {
    print(Invocation.help(scenarios: scenarioNames), terminator: "")
    exit(0)
}
guard access(program, X_OK) == 0 else {
    fail(Invocation.Failure(description: "--program: \(program) cannot be run"), status: Invocation.usageStatus)
}

let startedAt = Timestamp.now()
var findings = Findings()
let bench = Bench(program: program, isQuick: invocation.isQuick, sizes: invocation.sizes)
do {
    for scenario in scenarios where invocation.only?.contains(type(of: scenario).name) ?? true {
        let found = try await scenario.run(bench)
        findings.figures += found.figures
        findings.distributions += found.distributions
        for figure in found.figures { print(figure.line) }
    }
    if let output = invocation.output {
        let results = try await Results.here(findings, isQuick: invocation.isQuick, startedAt: startedAt)
        try Report(results: results).write(to: output)
        say("the report is in \(output)/benchmarks.md")
    }
} catch {
    fail(error, status: 1)
}
