import KubeConfig

/// One cluster distribution for many namespaces: a rotation of its file, with the same reference as `Rotation`.
struct Namespaces: Scenario {
    static let name = "namespaces"

    /// Bytes.
    private static let memoryLimit = 40.0 * 1_048_576

    func run(_ bench: Bench) async throws -> Findings {
        try await bench.atEachSize { count, cluster in
            say("namespaces: \(count)")
            let fleet = try await Fleet(ofNamespaces: count, on: cluster)
            let reference = try await Reference(count, on: cluster, in: fleet.namespaces)
            var tail = AuditTail(cluster)
            let agent = try await AgentProcess(bench, on: cluster, mount: fleet.mount)
            let watch = PeakWatch(agent.identifier)
            _ = try await tail.passage(from: agent.startedAt, secrets: count, silence: .seconds(12))
            var (above, statuses, writes): ([Figure.Run], [Figure.Run], [Figure.Run]) = ([], [], [])
            for _ in 0..<bench.timedRuns(at: count) {
                try await cluster.rest()
                var tail = AuditTail(cluster)
                // Longer than the pause between two statuses.
                let passage = try await tail.passage(
                    from: try fleet.rotate(Fleet.shared), secrets: count, silence: .seconds(12))
                let limit = try await reference.writes().seconds
                above.append(Figure.Run(value: passage.lastSecret - AgentProcess.quietTime, reference: limit))
                writes.append(Figure.Run(value: Double(passage.writes.values.max() ?? 0)))
                statuses.append(Figure.Run(value: Double(passage.statusWrites)))
                say("namespaces: all in \(passage.lastSecret) s, h2load \(limit) s, \(passage.statusWrites) statuses")
            }
            let peak = await watch.stop()
            await agent.stop()
            return Findings(figures: [
                Figure(
                    "namespaces.all", "one resource, one file rotated: last Secret written, above the quiet time",
                    distributions: count, unit: .seconds, runs: above, note: Reference.note),
                Figure(
                    "namespaces.statuses", "the same: statuses of the resource", distributions: count, unit: .count,
                    runs: statuses, bar: count < 10_000 ? .atMost(1) : nil),
                Figure(
                    "namespaces.writes", "the same: most writes of one Secret", distributions: count, unit: .count,
                    runs: writes, bar: .atMost(1)),
                Figure(
                    "namespaces.memory", "one resource: peak of anonymous memory", distributions: count, unit: .bytes,
                    runs: [Figure.Run(value: Double(peak))], bar: .atMost(Self.memoryLimit)),
            ])
        }
    }
}

extension RequestTrace {
    /// The number of statuses of cluster distributions that were written.
    fileprivate var statusWrites: Int {
        requests.count { $0.objectRef?.resource == "clustersecretsdistributions" && $0.verb == "patch" }
    }
}
