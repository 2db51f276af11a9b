/// The parsed command line.
struct Invocation: Equatable, Sendable {
    struct Failure: Error, CustomStringConvertible, Equatable {
        let description: String
    }

    /// The exit status after a `Failure`: EX_USAGE of sysexits(3).
    static let usageStatus: Int32 = 64

    var isQuick = false
    /// The scenarios to run; nil: all.
    var only: [String]?
    /// The numbers of distributions, in ascending order; nil: the defaults for a quick or a full run.
    var sizes: [Int]?
    /// The path of the program to measure.
    var program: String?
    /// The folder for the report; nil: no report. A quick run writes below `.build` by default.
    var output: String?
    /// Earlier results: a `results.json`, or the folder that holds it. Nothing is measured then.
    var report: String?
    var wantsHelp = false

    /// Whether the run measures only a part of what a full run measures, so that a report keeps the rest.
    var isPartial: Bool { !isQuick && (only != nil || sizes != nil) }

    /// - Parameter scenarios: the names of all scenarios.
    init(_ words: [String], scenarios: [String]) throws(Failure) {
        var rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "--quick": isQuick = true
            case "--help": wantsHelp = true
            case "--program": program = try Self.value(of: word, &rest)
            case "--output": output = try Self.value(of: word, &rest)
            case "--report": report = try Self.value(of: word, &rest)
            case "--only":
                let names = try Self.value(of: word, &rest).split(separator: ",").map(String.init)
                for name in names where !scenarios.contains(name) {
                    throw Failure(
                        description: "--only: there is no scenario \"\(name)\", expected some of"
                            + " \(scenarios.joined(separator: ", "))")
                }
                only = names
            case "--at":
                let text = try Self.value(of: word, &rest)
                let parts = text.split(separator: ",", omittingEmptySubsequences: false)
                let numbers = parts.compactMap { Int($0) }.filter { $0 > 0 }
                guard numbers.count == parts.count else {
                    throw Failure(description: "--at: \"\(text)\", expected numbers of distributions, as in 100,1000")
                }
                sizes = numbers.sorted()
            default: throw Failure(description: "\"\(word)\" is not known, see --help")
            }
        }
        if isQuick, output == nil { output = ".build/benchmark" }
        guard !wantsHelp else { return }
        if report != nil, output == nil { throw Failure(description: "--report needs --output: where the report goes") }
        if report == nil, program == nil { throw Failure(description: "--program is missing: the program to measure") }
    }

    private static func value(of flag: String, _ rest: inout ArraySlice<String>) throws(Failure) -> String {
        guard let value = rest.popFirst(), !value.isEmpty, !value.hasPrefix("--") else {
            throw Failure(description: "\(flag) needs a value")
        }
        return value
    }

    static func help(scenarios: [String]) -> String {
        """
        Usage: benchmark --program PATH [--quick] [--only NAME[,NAME]] [--at NUMBER[,NUMBER]] [--output FOLDER]
               benchmark --report PATH --output FOLDER

        Measures the program at PATH with a real etcd and kube-apiserver, and compares it with h2load.

          --program PATH     the program, built for release
          --quick            few and small measurements, only to show that the benchmark runs
          --only NAME,…      only these scenarios: \(scenarios.joined(separator: ", "))
          --at NUMBER,…      the numbers of distributions
          --output FOLDER    the folder for the report; default: none, or .build/benchmark for a quick run.
                             With --only or --at, a full report in FOLDER keeps what is not measured.
          --report PATH      measure nothing, and render a results.json, or the one in a folder, again

        """
    }
}
