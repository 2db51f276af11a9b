import TestSupport

/// The requests that the server gets for a rotation.
struct Requests: Scenario {
    static let name = "requests"

    /// The kinds of requests, by the last part of the figure's id.
    private static let kinds: [(id: String, title: String, isOne: @Sendable (APIServer.Served) -> Bool)] = [
        ("secrets", "writes of Secrets", { $0.isSecretWrite }),
        ("statuses", "writes of statuses", { $0.objectRef?.subresource == "status" }),
        ("events", "writes of Events", { $0.objectRef?.resource == "events" }),
    ]

    func run(_ bench: Bench) async throws -> Findings {
        try await bench.atEachSize { count, cluster in
            say("requests: \(count) distributions")
            let fleet = try await Fleet(count, on: cluster)
            var tail = AuditTail(cluster)
            let agent = try await AgentProcess(bench, on: cluster, mount: fleet.mount)
            _ = try await tail.passage(from: agent.startedAt, secrets: count)
            var figures: [Figure] = []
            for (name, file, changed) in [("all", Fleet.shared, count), ("one", Fleet.single, 1)] {
                var passages: [RequestTrace] = []
                for _ in 0..<(count < 10_000 ? bench.runs : 1) {
                    var tail = AuditTail(cluster)
                    passages.append(try await tail.passage(from: try fleet.rotate(file), secrets: changed))
                }
                figures += Self.figures(name, passages, count)
            }
            await agent.stop()
            return Findings(figures: figures)
        }
    }

    private static func figures(_ name: String, _ passages: [RequestTrace], _ count: Int) -> [Figure] {
        // Watches end after a time, not because of a rotation.
        let requests = passages.map { $0.requests.filter { $0.verb != "watch" } }
        func figure(_ id: String, _ title: String, _ isOne: (APIServer.Served) -> Bool) -> Figure {
            Figure(
                "requests.\(name)\(id)", "one file feeds \(name): \(title)", distributions: count, unit: .count,
                runs: requests.map { Figure.Run(value: Double($0.count(where: isOne))) })
        }
        return [figure("", "all requests except watches", { _ in true })]
            + kinds.map { figure(".\($0.id)", $0.title, $0.isOne) }
            + [figure(".others", "other requests") { request in !kinds.contains { $0.isOne(request) } }]
    }
}
