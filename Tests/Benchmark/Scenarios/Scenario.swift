import KubeConfig

/// Something that users would ask the figure of.
protocol Scenario: Sendable {
    /// For `--only`: `start`, `rotation`, `latency`, `storm`, `idle`, `flood`, `memory`, `size`, `requests`.
    static var name: String { get }

    /// Measures; says on standard error what it does where that takes long.
    func run(_ bench: Bench) async throws -> Findings
}

struct Findings: Sendable {
    var figures: [Figure] = []
    var distributions: [LatencyDistribution] = []
}

/// What all scenarios are told.
struct Bench: Sendable {
    /// The program as it is shipped: a path.
    let program: String
    let isQuick: Bool
    /// How many distributions there are, from few to many.
    let sizes: [Int]

    /// - Parameter sizes: instead of those that a quick and a whole run have.
    init(program: String, isQuick: Bool, sizes: [Int]? = nil) {
        self.program = program
        self.isQuick = isQuick
        self.sizes = sizes ?? (isQuick ? [1, 10, 100] : [1, 10, 100, 1_000, 10_000])
    }

    /// Measures with each number of distributions, each on a server of its own.
    func atEachSize(_ measure: (Int, Cluster) async throws -> Findings) async throws -> Findings {
        var all = Findings()
        for count in sizes {
            let findings = try await Cluster.with { try await measure(count, $0) }
            all.figures += findings.figures
            all.distributions += findings.distributions
        }
        return all
    }

    /// How often a figure is taken, unless it is said otherwise.
    var runs: Int { isQuick ? 1 : 3 }

    /// How often the time is taken that it takes to write all Secrets: the server's own time for that differs by half from
    /// one run to the next. At 10,000 distributions, where a run takes minutes, once.
    func timedRuns(at distributions: Int) -> Int { isQuick || distributions >= 10_000 ? 1 : 7 }
}
