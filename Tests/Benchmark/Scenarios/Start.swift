import KubeConfig

/// A cold start, which creates all Secrets, and a warm start, which has nothing to write.
struct Start: Scenario {
    static let name = "start"

    func run(_ bench: Bench) async throws -> Findings {
        try await bench.atEachSize { Findings(figures: try await measure($0, bench, on: $1)) }
    }

    private func measure(_ count: Int, _ bench: Bench, on cluster: Cluster) async throws -> [Figure] {
        say("start: \(count) distributions")
        let fleet = try await Fleet(count, on: cluster)
        let reference = try await Reference(count, on: cluster)
        var (cold, quiet): ([Figure.Run], [Figure.Run]) = ([], [])
        for run in 0..<bench.timedRuns(at: count) {
            if run > 0 { try await fleet.removeSecrets() }
            try await cluster.rest()
            var tail = AuditTail(cluster)
            let agent = try await AgentProcess(bench, on: cluster, mount: fleet.mount)
            let passage = try await tail.passage(from: agent.startedAt, secrets: count)
            await agent.stop()
            cold.append(Figure.Run(value: passage.lastSecret, reference: try await reference.writes().seconds))
            quiet.append(Figure.Run(value: passage.lastAnswer))
            say("start: cold in \(passage.lastSecret) s, h2load \(cold.last?.reference ?? 0) s")
        }
        var (warm, requests): ([Figure.Run], [Figure.Run]) = ([], [])
        for _ in 0..<bench.runs {
            var tail = AuditTail(cluster)
            let agent = try await AgentProcess(bench, on: cluster, mount: fleet.mount)
            let done = try await agent.firstPass()
            let passage = try await tail.passage(from: agent.startedAt, secrets: 0)
            await agent.stop()
            warm.append(Figure.Run(value: agent.startedAt.duration(to: done) / .seconds(1)))
            requests.append(Figure.Run(value: Double(passage.requests.count { !$0.isListOrWatch })))
        }
        return [
            Figure(
                "start.cold", "cold start: last Secret created", distributions: count, unit: .seconds, runs: cold,
                bar: count == 1_000 ? .ratioAtMost(1.5) : nil, note: Reference.note),
            Figure(
                "start.cold.quiet", "cold start: statuses and Events written too", distributions: count, unit: .seconds,
                runs: quiet),
            Figure(
                "start.warm", "warm start: everything compared", distributions: count, unit: .seconds, runs: warm,
                note: "The cluster has the same number of Secrets of others."),
            Figure(
                "start.warm.requests", "warm start: requests besides lists and watches", distributions: count,
                unit: .count, runs: requests, bar: .atMost(0)),
        ] + (count <= 1_000 ? [try await creation(count, reference)] : [])
    }

    private func creation(_ count: Int, _ reference: Reference) async throws -> Figure {
        Figure(
            "start.creates", "the same number of Secrets created by h2load", distributions: count, unit: .seconds,
            runs: [Figure.Run(value: try await reference.creates().seconds)])
    }
}
