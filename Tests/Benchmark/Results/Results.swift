/// All results, as in `results.json`. They can be measured in parts.
struct Results: Codable, Sendable {
    /// Results of `--quick`, which only show that the benchmark runs, and are not judged.
    let isQuick: Bool
    /// The runs whose results are kept, the oldest first.
    private(set) var runs: [Run] = []

    init(isQuick: Bool) { self.isQuick = isQuick }

    var figures: [Figure] { runs.flatMap(\.figures) }
    var distributions: [LatencyDistribution] { runs.flatMap(\.distributions) }

    /// The figures that can be compared with those of `origin`.
    func figures(of origin: Origin) -> [Figure] {
        runs.filter { $0.origin.isComparable(to: origin) }.flatMap(\.figures)
    }

    /// Adds what `run` measured. It replaces earlier results of the same figures at the same numbers of distributions.
    mutating func add(_ run: Run) {
        let figures = Set(run.figures.map(\.key))
        let distributions = Set(run.distributions.map(\.id))
        for index in runs.indices {
            runs[index].figures.removeAll { figures.contains($0.key) }
            runs[index].distributions.removeAll { distributions.contains($0.id) }
        }
        if let index = runs.firstIndex(where: { $0.origin == run.origin }) {
            runs[index].figures += run.figures
            runs[index].distributions += run.distributions
        } else {
            runs.append(run)
        }
        runs.removeAll { $0.figures.isEmpty && $0.distributions.isEmpty }
    }

    /// The results of one run of the benchmark, or what is left of them.
    struct Run: Codable, Sendable {
        let origin: Origin
        var figures: [Figure]
        var distributions: [LatencyDistribution]
    }
}

/// Where results come from.
struct Origin: Codable, Sendable, Equatable {
    let machine: Machine
    /// The measured commit; it ends with "-dirty" if the working tree differs from it outside `docs`.
    let commit: String
    /// When the run began, in RFC 3339.
    let startedAt: String

    /// "e77697f, 2026-11-28".
    var name: String { "\(commit), \(startedAt.prefix(10))" }

    /// Whether the other results are of the same program, on the same machine and day.
    func isComparable(to other: Origin) -> Bool {
        self == other || !commit.hasSuffix("-dirty") && name == other.name && machine == other.machine
    }
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
