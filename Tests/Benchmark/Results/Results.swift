/// All results, as in `results.json`. Each scenario has its own origin, because a benchmark can be measured in parts.
struct Results: Codable, Sendable {
    /// Results of `--quick`, which only show that the benchmark runs, and are not judged.
    let isQuick: Bool
    /// At most one for each scenario, in the order of measurement.
    private(set) var scenarios: [ScenarioResults] = []

    var figures: [Figure] { scenarios.flatMap(\.figures) }
    var distributions: [LatencyDistribution] { scenarios.flatMap(\.distributions) }

    /// Adds the results of a scenario. They replace earlier ones of the same scenario.
    mutating func add(_ results: ScenarioResults) {
        if let index = scenarios.firstIndex(where: { $0.name == results.name }) {
            scenarios[index] = results
        } else {
            scenarios.append(results)
        }
    }

    /// What was measured with which program on which machine, in the order of measurement.
    var origins: [(origin: Origin, scenarios: [ScenarioResults])] {
        var found: [(origin: Origin, scenarios: [ScenarioResults])] = []
        for results in scenarios {
            if let index = found.firstIndex(where: { $0.origin == results.origin }) {
                found[index].scenarios.append(results)
            } else {
                found.append((results.origin, [results]))
            }
        }
        return found
    }
}

/// The results of one scenario.
struct ScenarioResults: Codable, Sendable {
    /// As for `--only`.
    let name: String
    let origin: Origin
    /// When the measurement of the scenario began, in RFC 3339.
    let startedAt: String
    let figures: [Figure]
    var distributions: [LatencyDistribution]

    /// The day of `startedAt`: "2026-11-28".
    var day: String { String(startedAt.prefix(10)) }
}

/// Figures of one origin can be compared with each other.
struct Origin: Codable, Sendable, Equatable {
    let machine: Machine
    /// The measured commit; it ends with "-dirty" if the working tree differs from it in anything but the documentation.
    let commit: String
}

/// The properties of the machine that matter for comparisons.
struct Machine: Codable, Sendable, Equatable {
    let processor: String
    let cores: Int
    /// Bytes.
    let memory: Int
    let system: String
    let kernel: String
    /// "kube-apiserver v1.20.2, etcd 3.4.23".
    let servers: String
    let compiler: String
}

/// All latencies of a measurement, for a plot.
struct LatencyDistribution: Codable, Sendable {
    let id: String
    /// A readable title: "rotation, above the quiet time", "one bare write".
    let title: String
    /// Seconds, in the order of measurement.
    let latencies: [Double]
}
