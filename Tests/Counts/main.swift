// `counts WORKLOAD TIMES` runs a workload several times; `counts` alone prints all names. Tests/Tools/counts counts the
// cost from outside. `counts kept INPUT` prints the size of an input and of what is kept of it; `counts kept` alone
// prints all names.

import Glibc

let arguments = CommandLine.arguments.dropFirst()
guard let name = arguments.first else {
    for workload in Workload.allCases { print(workload.rawValue) }
    exit(0)
}
if name == "kept" {
    guard let input = arguments.dropFirst().first else {
        for input in Kept.allCases { print(input.rawValue) }
        exit(0)
    }
    do {
        guard let figures = try Kept(rawValue: input)?.measure() else { fail("counts: there is no input \(input)") }
        print(figures.input, figures.kept)
    } catch {
        fail("counts: \(input): \(error)")
    }
    exit(0)
}
guard let workload = Workload(rawValue: name), let times = arguments.last.flatMap({ Int($0) }), arguments.count == 2
else {
    fail("usage: counts [WORKLOAD TIMES]; WORKLOAD is one of the names that it prints without arguments")
}
do {
    let work = try workload.prepared()
    for _ in 0..<times { try work() }
} catch {
    fail("counts: \(name): \(error)")
}

func fail(_ message: String) -> Never {
    print(message)
    exit(1)
}
