// `Scenarios` define what is measured, `World` provides the servers and the program, and `Report` renders the results.
import Glibc
import Observability
import TestSupport

let scenarios: [any Scenario] = [
    Size(), Comparison(), Start(), Rotation(), Namespaces(), Latency(), Requests(), Storm(), Idle(), Flood(), Memory(),
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
        try await Report.read(path).write(to: output)
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

var failed: [String] = []
let bench = Bench(program: program, isQuick: invocation.isQuick, sizes: invocation.sizes)
do {
    // Detects a missing tool before hours of measuring.
    if invocation.output != nil { _ = try await Gnuplot().draw("") }
    if invocation.isQuick, let output = invocation.output { try Report.checkForQuickRun(output) }
    let origin = try await Origin.here(startedAt: .now())
    var report =
        if invocation.isPartial, let output = invocation.output {
            try Report.toAmend(in: output)
        } else {
            Report(results: Results(isQuick: invocation.isQuick))
        }
    for scenario in scenarios where invocation.only?.contains(type(of: scenario).name) ?? true {
        let name = type(of: scenario).name
        do {
            let found = try await scenario.run(bench)
            if found.figures.isEmpty { say("\(name): there is nothing to measure at these numbers of distributions") }
            for figure in found.figures { print(figure.line) }
            report.results.add(.init(origin: origin, figures: found.figures, distributions: found.distributions))
        } catch {
            // The other scenarios are still useful.
            failed.append(name)
            say("\(name): \(error)")
        }
        guard let output = invocation.output else { continue }
        try await report.write(to: output)
        say("\(name): written to \(output)/benchmarks.md")
    }
} catch {
    fail(error, status: 1)
}
if !failed.isEmpty {
    fail(Invocation.Failure(description: "failed: \(failed.joined(separator: ", "))"), status: 1)
}
