import JSON
import KubeConfig
import TestSupport

/// Secrets of others: many exist, and then they change as fast as the server allows.
struct Flood: Scenario {
    static let name = "flood"
    private static let distributions = 100
    /// The number of concurrent requests.
    private static let width = 64

    func run(_ bench: Bench) async throws -> Findings {
        let (count, changed, rounds) = bench.isQuick ? (1_000, 100, 2) : (100_000, 1_000, 10)
        return try await Cluster.with { cluster in
            say("flood: \(count) Secrets of others")
            let fleet = try await Fleet(Self.distributions, on: cluster)
            // The program writes its Secrets. Then it starts twice with nothing to write, first without the Secrets of
            // others.
            _ = try await start(bench, fleet, cluster) { _ in }
            let alone = try await start(bench, fleet, cluster) { _ in }
            let others = try await Reference(changed, on: cluster)
            let created = try await create(count - changed, on: cluster)
            var span: (seconds: Double, Span)?
            let crowded = try await start(bench, fleet, cluster) { agent in
                let before = try await ProcessUsage(of: agent.identifier, port: cluster.server.port)
                let start = ContinuousClock.now
                _ = try await others.writes(Array(repeating: Self.width, count: rounds))
                let end = ContinuousClock.now
                // Late events are counted too.
                try await Task.sleep(for: .seconds(2))
                let after = try await ProcessUsage(of: agent.identifier, port: cluster.server.port)
                span = (start.duration(to: end) / .seconds(1), Span(from: before, to: after))
            }
            guard let span else { return Findings() }
            return Findings(
                figures: [Self.figure("others", "Secrets of others", .count, Double(created + changed))]
                    + Self.figures(alone, crowded) + Self.figures(span.1, changes: changed * rounds, span.seconds))
        }
    }

    private struct Started {
        let bytes: Int
        let requests: Int
        let processorTime: Double
        let memory: MemoryUse
        /// The memory after `body`.
        let later: MemoryUse
    }

    /// Starts the program, waits until it is at rest, and runs `body`.
    private func start(
        _ bench: Bench, _ fleet: Fleet, _ cluster: Cluster, _ body: (AgentProcess) async throws -> Void
    ) async throws -> Started {
        var tail = AuditTail(cluster)
        let agent = try await AgentProcess(bench, on: cluster, mount: fleet.mount)
        _ = try await agent.firstPass()
        try await tail.wait(forSilenceOf: .seconds(2))
        let requests = try tail.requests().count { $0.isListOrWatch }
        let vitals = try await ProcessUsage(of: agent.identifier, port: cluster.server.port)
        // The worker returns free memory to the system every 30 seconds.
        try await Task.sleep(for: .seconds(bench.isQuick ? 0 : 36))
        let memory = try MemoryUse(of: agent.identifier)
        try await body(agent)
        let later = try MemoryUse(of: agent.identifier)
        await agent.stop()
        return Started(
            bytes: vitals.traffic.values.reduce(0, +), requests: requests, processorTime: vitals.processorTime,
            memory: memory, later: later)
    }

    /// Creates small Secrets: their number matters, not their content. The server generates their names with five
    /// random letters, and rejects the few names that already exist.
    ///
    /// - Returns: the number of Secrets created.
    private func create(_ count: Int, on cluster: Cluster) async throws -> Int {
        let folder = try TemporaryDirectory()
        let namespaces = try await cluster.namespaces(10)
        try writeFile(
            folder("addresses"),
            namespaces.map { "https://127.0.0.1:\(cluster.server.port)/api/v1/namespaces/\($0)/secrets\n" }.joined())
        let secret: JSONValue = [
            "apiVersion": "v1", "kind": "Secret", "metadata": ["generateName": "other-"], "data": ["key": "b3RoZXI="],
        ]
        try writeFile(folder("body"), secret.encoded())
        let run = try await ToolRun.run([
            "h2load", "--requests", "\(count)", "--clients", "1", "--threads", "1",
            "--max-concurrent-streams", "\(Self.width)", "--input-file", folder("addresses"), "--data", folder("body"),
            "--header", "content-type: application/json",
            "--header", "authorization: Bearer \(cluster.server.token(of: Cluster.reference))",
        ])
        guard run.status == 0, let created = Self.successes(run.output), created * 100 >= count * 99 else {
            throw LoadRun.Failure(
                description: "h2load: too few of \(count) Secrets were created: \(run.output)\(run.errors)")
        }
        return created
    }

    /// - Parameter text: contains a line "status codes: 98636 2xx, 0 3xx, 0 4xx, 364 5xx".
    static func successes(_ text: String) -> Int? {
        text.firstMatch(of: /status codes: (\d+) 2xx/).flatMap { Int($0.1) }
    }

    private static func figure(
        _ id: String, _ title: String, _ unit: Figure.Unit, _ value: Double, beside reference: Double? = nil
    ) -> Figure {
        Figure(
            "flood.\(id)", title, unit: unit, runs: [.init(value: value, reference: reference)])
    }

    private static func figures(_ alone: Started, _ crowded: Started) -> [Figure] {
        [
            figure(
                "start.requests", "start among others: lists, and watches that ended", .count, Double(crowded.requests),
                beside: Double(alone.requests)),
            figure(
                "start.bytes", "start among others: bytes from and to the server", .bytes, Double(crowded.bytes),
                beside: Double(alone.bytes)),
            figure(
                "start.cpu", "start among others: CPU time", .seconds, crowded.processorTime,
                beside: alone.processorTime),
            figure(
                "start.memory", "start among others: anonymous memory", .bytes, Double(crowded.memory.anonymous),
                beside: Double(alone.memory.anonymous)),
            figure(
                "memory", "after their changes: anonymous memory", .bytes, Double(crowded.later.anonymous),
                beside: Double(crowded.memory.anonymous)),
        ]
    }

    private static func figures(_ span: Span, changes: Int, _ seconds: Double) -> [Figure] {
        [
            figure("changes", "changes of others", .count, Double(changes)),
            figure("seconds", "changes of others: duration", .seconds, seconds),
            figure("bytes", "bytes from and to the server meanwhile", .bytes, Double(span.bytes)),
            figure("wakeups", "wake-ups of all threads meanwhile", .count, Double(span.wakeUps)),
            figure("cpu", "CPU meanwhile, of one core", .cores, span.load),
        ]
    }
}
