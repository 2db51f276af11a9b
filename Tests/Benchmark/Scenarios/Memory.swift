import KubeConfig
import TestSupport

/// Measures whether memory grows with rotations. `Idle` measures it for each number of distributions.
struct Memory: Scenario {
    static let name = "memory"
    private static let distributions = 100
    /// The least assumed difference between two readings, in bytes.
    private static let leastNoise = 65_536.0

    func run(_ bench: Bench) async throws -> Findings {
        let rotations = bench.isQuick ? 100 : 10_000
        return try await Cluster.with { cluster in
            say("memory: \(rotations) rotations")
            let fleet = try await Fleet(Self.distributions, on: cluster)
            var tail = AuditTail(cluster)
            let agent = try await AgentProcess(
                bench, on: cluster, mount: fleet.mount, settings: ["DEBOUNCE_QUIET": "1ms"])
            _ = try await tail.passage(from: agent.startedAt, secrets: fleet.count)
            let tenth = rotations / 10
            // Ten readings for each tenth of the rotations.
            var tenths = Array(repeating: [Double](), count: 10)
            for number in 0..<rotations {
                var tail = AuditTail(cluster)
                try fleet.rotate(Fleet.single)
                try await tail.wait(forSecrets: 1, within: .seconds(60), pause: .milliseconds(1))
                if (number + 1).isMultiple(of: tenth / 10) {
                    tenths[number / tenth].append(Double(try MemoryUse(of: agent.identifier).anonymous))
                }
            }
            await agent.stop()
            let noise = max(Self.leastNoise, (tenths[1].max() ?? 0) - (tenths[1].min() ?? 0))
            let run = Figure.Run(value: tenths[9].median ?? 0, reference: tenths[1].median)
            return Findings(figures: [
                Figure(
                    "memory.growth", "anonymous, after \(Amount.grouped(rotations)) rotations", unit: .bytes,
                    runs: [run],
                    bar: .excessAtMost(noise),
                    note: """
                        The median over the last tenth of the rotations, compared with that over the second tenth, \
                        because memory that is reused still grows during the first. The allowed noise is the range of \
                        the readings of the second tenth, at least 64 KiB. \(Self.distributions) distributions, quiet \
                        time 1 ms.
                        """)
            ])
        }
    }
}
