/// All that a run of the benchmark found, as `results.json` holds it.
struct Results: Codable, Sendable {
    let machine: Machine
    /// The commit that was measured, as `git describe --always --dirty` says it.
    let commit: String
    /// RFC 3339.
    let startedAt: String
    /// With `--quick`: it ran, and is not to be judged.
    let isQuick: Bool
    var figures: [Figure]
    var distributions: [LatencyDistribution]
    /// Scenarios of which there are no figures: they failed, or were not asked for.
    var missing: [String]?
}

/// What one has to know of the machine to compare.
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

/// Each of many latencies, for a plot: not only its percentiles.
struct LatencyDistribution: Codable, Sendable {
    let id: String
    /// For people: "rotation, above the quiet time", "one bare write".
    let title: String
    /// Seconds, in the order of measurement.
    let latencies: [Double]
}
