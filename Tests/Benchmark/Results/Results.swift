/// All results of a benchmark run, as in `results.json`.
struct Results: Codable, Sendable {
    let machine: Machine
    /// The measured commit, as `git describe --always --dirty` prints it.
    let commit: String
    /// RFC 3339.
    let startedAt: String
    /// A run with `--quick`: it only shows that the benchmark runs, and is not judged.
    let isQuick: Bool
    var figures: [Figure]
    var distributions: [LatencyDistribution]
    /// Scenarios without figures: they failed, or were not requested.
    var missing: [String]?
}

/// The properties of the machine that matter for comparisons.
struct Machine: Codable, Sendable {
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
