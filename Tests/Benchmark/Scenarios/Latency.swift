import KubeConfig

/// Rotations, one after another, of a file that feeds one Secret, alternating with bare writes.
struct Latency: Scenario {
    static let name = "latency"

    /// The number of rotations in a turn, and of the bare writes that follow.
    private static let turn = 25

    func run(_ bench: Bench) async throws -> Findings {
        try await bench.atEachSize { count, cluster in
            let rotations = bench.isQuick ? 50 : 1_000
            say("latency: \(count) distributions, \(rotations) rotations, one after another")
            let fleet = try await Fleet(count, on: cluster)
            let reference = try await Reference(Self.turn + Reference.opening, on: cluster)
            var tail = AuditTail(cluster)
            let agent = try await AgentProcess(bench, on: cluster, mount: fleet.mount)
            _ = try await tail.passage(from: agent.startedAt, secrets: fleet.count)
            var (ours, bare): ([Double], [Double]) = ([], [])
            while ours.count < rotations {
                for _ in 0..<Self.turn { ours.append(try await latency(fleet, cluster)) }
                bare += try await reference.bareWrites(Self.turn)
            }
            await agent.stop()
            // The plot shows only the smallest and the largest number.
            let isShown = count == bench.sizes.first || count == bench.sizes.last
            return Findings(
                figures: figures(count, ours, bare), distributions: isShown ? distributions(count, ours, bare) : [])
        }
    }

    /// Seconds above the quiet time.
    private func latency(_ fleet: Fleet, _ cluster: Cluster) async throws -> Double {
        var tail = AuditTail(cluster)
        let passage = try await tail.passage(
            from: try fleet.rotate(Fleet.single), secrets: 1, silence: .milliseconds(20), pause: .milliseconds(2))
        return passage.lastSecret - AgentProcess.quietTime
    }

    private func figures(_ count: Int, _ ours: [Double], _ bare: [Double]) -> [Figure] {
        let note =
            "\(ours.count) rotations and the same number of bare writes by h2load, alternating in groups of \(Self.turn)."
        func figure(_ name: String, _ share: Double, bar: Figure.Bar? = nil) -> Figure {
            let run = Figure.Run(value: ours.percentile(share) ?? 0, reference: bare.percentile(share))
            return Figure(
                "latency.\(name)", "one rotation above the quiet time, \(name)", distributions: count,
                unit: .seconds, runs: [run], bar: bar, note: note)
        }
        return [figure("p50", 0.5), figure("p99", 0.99, bar: .excessAtMost(0.010))]
    }

    private func distributions(_ count: Int, _ ours: [Double], _ bare: [Double]) -> [LatencyDistribution] {
        let place = "with \(Amount.grouped(count)) \(count == 1 ? "distribution" : "distributions")"
        return [
            LatencyDistribution(
                id: "latency.rotation.\(count)", title: "a rotation \(place), above the quiet time", latencies: ours),
            LatencyDistribution(id: "latency.bare.\(count)", title: "a bare write \(place)", latencies: bare),
        ]
    }
}
