import KubeConfig
import TestSupport

/// Nothing happens. This scenario also measures memory, because that needs the same fleets at rest.
struct Idle: Scenario {
    static let name = "idle"

    func run(_ bench: Bench) async throws -> Findings {
        try await bench.atEachSize { Findings(figures: try await measure($0, bench, on: $1)) }
    }

    private func measure(_ count: Int, _ bench: Bench, on cluster: Cluster) async throws -> [Figure] {
        let seconds = bench.isQuick ? 5 : count < 100 ? 30 : 120
        say("idle: \(count) distributions, \(seconds) seconds of rest")
        let fleet = try await Fleet(count, on: cluster)
        var tail = AuditTail(cluster)
        let agent = try await AgentProcess(bench, on: cluster, mount: fleet.mount, listens: true)
        let watch = PeakWatch(agent.identifier)
        _ = try await tail.passage(from: agent.startedAt, secrets: count, silence: .seconds(bench.isQuick ? 2 : 10))
        let coldPeak = await watch.stop()
        tail = AuditTail(cluster)
        let before = try await ProcessUsage(of: agent.identifier, port: cluster.server.port)
        try await Task.sleep(for: .seconds(seconds))
        let span = Span(from: before, to: try await ProcessUsage(of: agent.identifier, port: cluster.server.port))
        tail.look()
        let cold = try MemoryUse(of: agent.identifier)
        await agent.stop()

        var warm: [(settled: MemoryUse, peak: Int)] = []
        for _ in 0..<(count < 100 ? bench.runs : 1) { warm.append(try await warmStart(bench, fleet, cluster)) }
        return Self.idle(count, span, requests: try tail.requests().count)
            + Self.memory(count, cold, coldPeak: coldPeak, warm)
    }

    private func warmStart(
        _ bench: Bench, _ fleet: Fleet, _ cluster: Cluster
    ) async throws -> (settled: MemoryUse, peak: Int) {
        var tail = AuditTail(cluster)
        let agent = try await AgentProcess(bench, on: cluster, mount: fleet.mount, listens: true)
        let watch = PeakWatch(agent.identifier)
        _ = try await agent.firstPass()
        try await tail.wait(forSilenceOf: .seconds(2))
        let peak = await watch.stop()
        // The worker returns free memory to the system every 30 seconds.
        try await Task.sleep(for: .seconds(bench.isQuick || fleet.count < 100 ? 0 : 36))
        let use = try MemoryUse(of: agent.identifier)
        await agent.stop()
        return (use, peak)
    }

    private static func idle(_ count: Int, _ span: Span, requests: Int) -> [Figure] {
        func figure(
            _ id: String, _ title: String, _ unit: Figure.Unit, _ value: Double, bar: Figure.Bar? = nil
        ) -> Figure {
            Figure("idle.\(id)", title, distributions: count, unit: unit, runs: [.init(value: value)], bar: bar)
        }
        return [
            figure("cpu", "CPU, of one core", .cores, span.load, bar: count == 1_000 ? .atMost(0.0005) : nil),
            figure("wakeups", "wake-ups of all threads", .perHour, span.perHour(span.wakeUps)),
            figure(
                "busiest", "wake-ups of the thread that wakes most", .perHour, span.perHour(span.wakeUpsOfBusiest),
                // One a second, and the other work of that thread.
                bar: .atMost(4500)),
            figure("requests", "requests, including watches that ended", .perHour, span.perHour(requests)),
            figure("bytes", "bytes from and to the server", .bytesPerHour, span.perHour(span.bytes)),
        ]
    }

    private static func memory(
        _ count: Int, _ cold: MemoryUse, coldPeak: Int, _ warm: [(settled: MemoryUse, peak: Int)]
    ) -> [Figure] {
        let limit = [100: 6, 1_000: 10, 10_000: 40][count].map { Figure.Bar.atMost(Double($0 << 20)) }
        func figure(_ id: String, _ title: String, _ values: [Int], bar: Figure.Bar? = nil) -> Figure {
            Figure(
                "memory.\(id)", title, distributions: count, unit: .bytes,
                runs: values.map { .init(value: Double($0)) }, bar: bar)
        }
        return [
            figure("anonymous", "anonymous, at rest after a cold start", [cold.anonymous], bar: limit),
            figure(
                "anonymous.warm", "anonymous, at rest after a warm start", warm.map(\.settled.anonymous), bar: limit),
            figure("resident", "resident, at rest after a cold start", [cold.resident]),
            figure("resident.warm", "resident, at rest after a warm start", warm.map(\.settled.resident)),
            figure("peak", "anonymous, peak of a warm start: everything is listed", warm.map(\.peak)),
            figure("peak.cold", "anonymous, peak of a cold start: everything is written", [coldPeak]),
            figure("peak.resident", "resident, peak of a warm start", warm.map(\.settled.mostResident)),
        ]
    }
}
