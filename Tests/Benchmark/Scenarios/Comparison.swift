import Glibc
import KubeConfig
import TestSupport

/// The program against an agent on client-go and fsnotify, which writes the same Secrets (`Tests/ClientGoAgent`). Both use
/// the same server and the same mount, one after the other, in turns.
struct Comparison: Scenario {
    static let name = "client-go"

    private enum Contestant: CaseIterable {
        case program
        /// Without statuses.
        case clientGo
        case clientGoWithStatus
    }

    /// What one rotation, or one start, took. Seconds.
    private struct Cost {
        var lastSecret = 0.0
        var lastAnswer = 0.0
        /// Of the agent itself, until the last Secret was written.
        var ownTime = 0.0
        /// Of etcd and kube-apiserver, until the last Secret was written.
        var serverTime = 0.0
        /// Of etcd and kube-apiserver, until the last request.
        var serverTimeInAll = 0.0
    }

    func run(_ bench: Bench) async throws -> Findings {
        let tool = try await ToolRun.run([Self.tool])
        guard tool.status == 0 else { throw ProcessUsage.Failure(description: "client-go-agent: \(tool.errors)") }
        let program = String(tool.output.prefix { $0 != "\n" })
        var findings = Findings()
        for count in bench.sizes where count >= 1_000 || bench.isQuick {
            findings.figures += try await Cluster.with { cluster in
                say("client-go: \(count) distributions")
                let arena = Arena(
                    bench: bench, clientGo: program, cluster: cluster, fleet: try await Fleet(count, on: cluster))
                var figures = try await arena.starts()
                if count <= 1_000 { figures += try await arena.rotations() + arena.latencies() }
                return figures
            }
        }
        return findings
    }

    private static let tool = String(
        #filePath.dropLast("Benchmark/Scenarios/Comparison.swift".count) + "Tools/client-go-agent")

    /// Where the contestants meet.
    private struct Arena {
        let bench: Bench
        /// The path of the agent on client-go.
        let clientGo: String
        let cluster: Cluster
        let fleet: Fleet

        private var count: Int { fleet.count }

        private func start(_ contestant: Contestant) async throws -> AgentProcess {
            switch contestant {
            case .program: try await AgentProcess(bench, on: cluster, mount: fleet.mount)
            case .clientGo, .clientGoWithStatus:
                try await AgentProcess(
                    clientGo: clientGo, on: cluster, mount: fleet.mount,
                    writesStatus: contestant == .clientGoWithStatus)
            }
        }

        func starts() async throws -> [Figure] {
            var runs: [Figure.Run] = []
            for run in 0..<bench.timedRuns(at: count) {
                var seconds: [Contestant: Double] = [:]
                // Neither always has the server that the other one has warmed.
                let order = [Contestant.clientGo, .program]
                for contestant in run.isMultiple(of: 2) ? order : order.reversed() {
                    try await fleet.removeSecrets()
                    try await cluster.rest()
                    var tail = AuditTail(cluster)
                    let agent = try await start(contestant)
                    seconds[contestant] = try await tail.passage(from: agent.startedAt, secrets: count).lastSecret
                    await agent.stop()
                }
                runs.append(.init(value: seconds[.program] ?? 0, reference: seconds[.clientGo]))
                say("client-go: cold start in \(seconds)")
            }
            return [
                Figure(
                    "client-go.start", "cold start: last Secret created, against client-go", distributions: count,
                    unit: .seconds, runs: runs, bar: .ratioAtMost(1))
            ]
        }

        func rotations() async throws -> [Figure] {
            let reference = try await Reference(count, on: cluster)
            var costs: [Contestant: [Cost]] = [:]
            var limits: [Double] = []
            for run in 0..<bench.timedRuns(at: count) {
                let order = Contestant.allCases
                for contestant in run.isMultiple(of: 2) ? order : order.reversed() {
                    costs[contestant, default: []].append(try await rotation(contestant))
                }
                limits.append(try await reference.writes().seconds)
                say("client-go: \(costs.mapValues { $0[$0.count - 1] }), h2load \(limits[limits.count - 1])")
            }
            func runs(_ value: (Cost) -> Double, against other: Contestant = .clientGo) -> [Figure.Run] {
                zip(costs[.program] ?? [], costs[other] ?? []).map { ours, theirs in
                    Figure.Run(value: value(ours), reference: value(theirs))
                }
            }
            let ours = costs[.program] ?? []
            let each = Double(count)
            return [
                figure("all", "last of all Secrets, above the quiet time", runs(\.lastSecret), bar: .ratioAtMost(1)),
                figure(
                    "all.limit", "the same, against h2load",
                    zip(ours, limits).map { Figure.Run(value: $0.lastSecret, reference: $1) }, bar: .ratioAtMost(1.15),
                    note: Reference.note),
                figure(
                    "cpu", "CPU time of the agent for each of these writes", runs { $0.ownTime / each },
                    bar: .ratioAtMost(1)),
                figure("server", "CPU time of the server until the last Secret", runs(\.serverTime)),
                figure(
                    "server.all", "CPU time of the server for everything",
                    ours.map { Figure.Run(value: $0.serverTimeInAll, reference: $0.serverTime) },
                    bar: .ratioAtMost(2.5), note: "Compared with that until the last Secret."),
                figure(
                    "status.server", "with statuses: CPU time of the server for everything",
                    runs(\.serverTimeInAll, against: .clientGoWithStatus)),
                figure(
                    "status.all", "with statuses: last of all requests",
                    runs(\.lastAnswer, against: .clientGoWithStatus)),
            ]
        }

        private func figure(
            _ name: String, _ title: String, _ runs: [Figure.Run], bar: Figure.Bar? = nil, note: String? = nil
        ) -> Figure {
            Figure(
                "client-go.\(name)", title, distributions: count, unit: .seconds, runs: runs, bar: bar, note: note)
        }

        /// Rotates the file that feeds all, with a fresh agent at rest.
        private func rotation(_ contestant: Contestant) async throws -> Cost {
            let agent = try await atRest(contestant)
            var tail = AuditTail(cluster)
            let (own, server) = (try time(of: [agent.identifier]), try time(of: cluster.server.identifiers))
            let start = try fleet.rotate(Fleet.shared)
            try await tail.wait(forSecrets: count, pause: .milliseconds(5))
            var cost = Cost()
            cost.ownTime = try time(of: [agent.identifier]) - own
            cost.serverTime = try time(of: cluster.server.identifiers) - server
            try await tail.wait(forSilenceOf: .seconds(1))
            cost.serverTimeInAll = try time(of: cluster.server.identifiers) - server
            let trace = RequestTrace(start: start, requests: try tail.requests())
            cost.lastSecret = trace.lastSecret - AgentProcess.quietTime
            cost.lastAnswer = trace.lastAnswer - AgentProcess.quietTime
            await agent.stop()
            return cost
        }

        private func time(of processes: [pid_t]) throws -> Double {
            try processes.reduce(0) { $0 + (try ProcessUsage.processorTime(of: $1)) }
        }

        /// Starts an agent and waits until it has nothing left to do.
        private func atRest(_ contestant: Contestant) async throws -> AgentProcess {
            var tail = AuditTail(cluster)
            let agent = try await start(contestant)
            _ = try await agent.firstPass()
            try await tail.wait(forSilenceOf: .seconds(2))
            return agent
        }

        /// One rotation after another of the file that feeds one.
        func latencies() async throws -> [Figure] {
            let (turns, each) = bench.isQuick ? (1, 10) : (16, 25)
            var seconds: [Contestant: [Double]] = [:]
            for _ in 0..<turns {
                for contestant in [Contestant.program, .clientGo] {
                    let agent = try await atRest(contestant)
                    for _ in 0..<each {
                        var tail = AuditTail(cluster)
                        let trace = try await tail.passage(
                            from: try fleet.rotate(Fleet.single), secrets: 1, silence: .milliseconds(20),
                            pause: .milliseconds(2))
                        seconds[contestant, default: []].append(trace.lastSecret - AgentProcess.quietTime)
                    }
                    await agent.stop()
                }
            }
            func runs(_ share: Double) -> [Figure.Run] {
                [
                    .init(
                        value: seconds[.program]?.percentile(share) ?? 0,
                        reference: seconds[.clientGo]?.percentile(share))
                ]
            }
            let note = "\(turns * each) rotations of each, in turns of \(each)."
            return [
                figure("one.p50", "one Secret, above the quiet time, p50", runs(0.5), note: note),
                figure(
                    "one.p99", "one Secret, above the quiet time, p99", runs(0.99), bar: .ratioAtMost(1), note: note),
            ]
        }
    }
}
