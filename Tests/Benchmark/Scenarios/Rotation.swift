import KubeConfig

/// Rotations of a file that feeds all Secrets, and of one that feeds a single Secret.
struct Rotation: Scenario {
    static let name = "rotation"

    func run(_ bench: Bench) async throws -> Findings {
        try await bench.atEachSize { count, cluster in
            say("rotation: \(count) distributions")
            let fleet = try await Fleet(count, on: cluster)
            let reference = try await Reference(count, on: cluster)
            var tail = AuditTail(cluster)
            let agent = try await AgentProcess(bench, on: cluster, mount: fleet.mount)
            _ = try await tail.passage(from: agent.startedAt, secrets: count)
            let all = try await all(bench.timedRuns(at: count), fleet, reference, cluster)
            let bare = try await Reference(10 + Reference.opening, on: cluster)
            let one = try await one(bench.isQuick ? 1 : 10, fleet, bare, cluster)
            await agent.stop()
            return Findings(figures: all + one)
        }
    }

    private func all(
        _ runs: Int, _ fleet: Fleet, _ reference: Reference, _ cluster: Cluster
    ) async throws -> [Figure] {
        var (above, total, quiet, writes): ([Figure.Run], [Figure.Run], [Figure.Run], [Figure.Run]) = ([], [], [], [])
        for _ in 0..<runs {
            try await cluster.rest()
            var tail = AuditTail(cluster)
            let passage = try await tail.passage(from: try fleet.rotate(Fleet.shared), secrets: fleet.count)
            let limit = try await reference.writes().seconds
            above.append(Figure.Run(value: passage.lastSecret - AgentProcess.quietTime, reference: limit))
            total.append(Figure.Run(value: passage.lastSecret, reference: limit))
            quiet.append(Figure.Run(value: passage.lastAnswer))
            writes.append(Figure.Run(value: Double(passage.writes.values.max() ?? 0)))
            say("rotation: all in \(passage.lastSecret) s, h2load \(limit) s")
        }
        let count = fleet.count
        return [
            Figure(
                "rotation.all", "one file feeds all: last Secret written, above the quiet time", distributions: count,
                unit: .seconds, runs: above, note: Reference.note),
            Figure(
                "rotation.all.total", "one file feeds all: last Secret written, since the rename",
                distributions: count,
                unit: .seconds, runs: total, bar: count == 1_000 ? .ratioAtMost(1.25) : nil),
            Figure(
                "rotation.all.quiet", "one file feeds all: statuses and Events written too", distributions: count,
                unit: .seconds, runs: quiet),
            Figure(
                "rotation.all.writes", "one file feeds all: most writes of one Secret", distributions: count,
                unit: .count,
                runs: writes, bar: .atMost(1)),
        ]
    }

    private func one(
        _ runs: Int, _ fleet: Fleet, _ reference: Reference, _ cluster: Cluster
    ) async throws -> [Figure] {
        var (above, changed, others): ([Figure.Run], [Figure.Run], [Figure.Run]) = ([], [], [])
        let name = "\(fleet.namespaces[0])/\(Fleet.name(0))"
        for _ in 0..<runs {
            var tail = AuditTail(cluster)
            let passage = try await tail.passage(
                from: try fleet.rotate(Fleet.single), secrets: 1, silence: .milliseconds(500), pause: .milliseconds(10))
            let bare = try await reference.bareWrites(10).median
            above.append(Figure.Run(value: passage.lastSecret - AgentProcess.quietTime, reference: bare))
            let writes = passage.writes
            changed.append(Figure.Run(value: Double(writes[name] ?? 0)))
            others.append(Figure.Run(value: Double(writes.filter { $0.key != name }.values.reduce(0, +))))
        }
        let count = fleet.count
        return [
            Figure(
                "rotation.one", "one file feeds one: its Secret written, above the quiet time", distributions: count,
                unit: .seconds, runs: above, note: "Compared with one bare write by h2load."),
            Figure(
                "rotation.one.writes", "one file feeds one: writes of its Secret", distributions: count, unit: .count,
                runs: changed, bar: .atMost(1)),
            Figure(
                "rotation.one.others", "one file feeds one: writes of the other Secrets", distributions: count,
                unit: .count, runs: others, bar: .atMost(0)),
        ]
    }
}
