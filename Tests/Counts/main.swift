// `counts WORKLOAD TIMES` does a workload so many times; `counts` alone names them all. What that costs is counted from
// outside, see Tests/Tools/counts.

import Glibc

let arguments = CommandLine.arguments.dropFirst()
guard let name = arguments.first else {
    for workload in Workload.allCases { print(workload.rawValue) }
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
