import KubeConfig

/// A measurement that answers a question of users.
protocol Scenario: Sendable {
    /// The name for `--only`: `client-go`, `start`, `rotation`, `namespaces`, `latency`, `storm`, `idle`, `flood`, `memory`,
    /// `size`, `requests`.
    static var name: String { get }

    /// Measures; reports long steps on standard error.
    func run(_ bench: Bench) async throws -> Findings
}

struct Findings: Sendable {
    var figures: [Figure] = []
    var distributions: [LatencyDistribution] = []
}

/// The settings for all scenarios.
struct Bench: Sendable {
    /// The path of the release program.
    let program: String
    let isQuick: Bool
    /// The numbers of distributions, in ascending order.
    let sizes: [Int]

    /// - Parameter sizes: replaces the numbers of a quick or a full run.
    init(program: String, isQuick: Bool, sizes: [Int]? = nil) {
        self.program = program
        self.isQuick = isQuick
        self.sizes = sizes ?? (isQuick ? [1, 10, 100] : [1, 10, 100, 1_000, 10_000])
    }

    /// Measures with each number of distributions, each on a separate server.
    func atEachSize(_ measure: (Int, Cluster) async throws -> Findings) async throws -> Findings {
        var all = Findings()
        for count in sizes {
            let findings = try await Cluster.with { try await measure(count, $0) }
            all.figures += findings.figures
            all.distributions += findings.distributions
        }
        return all
    }

    /// The default number of runs for a figure.
    var runs: Int { isQuick ? 1 : 3 }

    /// The number of runs for writing all Secrets: the server's own time for that varies by half between runs. Once at
    /// 10,000 distributions, where a run takes minutes.
    func timedRuns(at distributions: Int) -> Int { isQuick || distributions >= 10_000 ? 1 : 7 }
}
