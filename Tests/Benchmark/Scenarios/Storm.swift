import FoundationEssentials
import Glibc
import JSON
import Kube
import KubeConfig
import TestSupport

/// The mount is rewritten much faster than the agent can distribute it.
struct Storm: Scenario {
    static let name = "storm"
    private static let interval: Duration = .milliseconds(10)

    func run(_ bench: Bench) async throws -> Findings {
        let duration: Duration = bench.isQuick ? .seconds(3) : .seconds(60)
        return try await bench.atEachSize { count, cluster in
            say("storm: \(count) distributions, the mount is rewritten for \(duration)")
            let fleet = try await Fleet(count, on: cluster)
            var tail = AuditTail(cluster)
            let agent = try await AgentProcess(bench, on: cluster, mount: fleet.mount, listens: true)
            _ = try await tail.passage(from: agent.startedAt, secrets: fleet.count)

            tail = AuditTail(cluster)
            let rotations = try await agent.metric("secrets_distributor_rotations_total")
            let (processorTime, start) = (try ProcessUsage.processorTime(of: agent.identifier), ContinuousClock.now)
            let depth = DepthWatch(agent)
            var (last, rewrites) = (try fleet.rotate(Fleet.shared), 1)
            while ContinuousClock.now - start < duration {
                // Catches up after a late rewrite.
                try await Task.sleep(until: start + Self.interval * rewrites)
                last = try fleet.rotate(Fleet.shared)
                rewrites += 1
            }
            let seconds = start.duration(to: .now) / .seconds(1)
            let load = (try ProcessUsage.processorTime(of: agent.identifier) - processorTime) / seconds
            let passage = try await tail.passage(from: last, secrets: 0, silence: .seconds(5))
            let deepest = await depth.stop()
            let distributed = try await agent.metric("secrets_distributor_rotations_total") - rotations
            let wrong = try await Self.wrong(fleet, cluster)
            await agent.stop()
            func figure(
                _ id: String, _ title: String, _ unit: Figure.Unit, _ value: Double, bar: Figure.Bar? = nil
            ) -> Figure {
                Figure(
                    "storm.\(id)", title, distributions: count, unit: unit, runs: [.init(value: value)], bar: bar)
            }
            return Findings(figures: [
                figure("rewrites", "rewrites of the mount per second", .count, Double(rewrites) / seconds),
                figure("generations", "distributed generations", .count, distributed),
                figure("writes", "writes of Secrets", .count, Double(passage.secretWrites.count)),
                figure("queue", "most targets due at once", .count, deepest),
                figure("settle", "time from the last rewrite to the last write", .seconds, passage.lastSecret),
                figure("wrong", "Secrets without the last content", .count, Double(wrong), bar: .atMost(0)),
                figure("cpu", "CPU meanwhile, of one core", .cores, load),
            ])
        }
    }

    /// The number of Secrets with content other than that of the mount.
    private static func wrong(_ fleet: Fleet, _ cluster: Cluster) async throws -> Int {
        let wanted = Data(fleet.files[Fleet.shared] ?? []).base64EncodedString()
        var right = 0
        for namespace in fleet.namespaces {
            let list = try await cluster.client.list(StoredSecret.self, .secrets, namespace: namespace)
            right += list.items.count { $0.data[Fleet.shared] == wanted }
        }
        return fleet.count - right
    }
}

/// Only the content of a Secret, in base64.
private struct StoredSecret: JSONReadable {
    let data: [String: String]

    init(reading json: JSONNode) throws(JSONBytes.Failure) { data = try json["data"]?.asStrings() ?? [:] }
}

/// Samples ten times a second for the maximum number of due targets.
private struct DepthWatch: Sendable {
    private let task: Task<Double, Never>

    init(_ agent: AgentProcess) {
        task = Task {
            var most = 0.0
            while !Task.isCancelled {
                most = max(most, (try? await agent.metric("secrets_distributor_queue_depth")) ?? 0)
                try? await Task.sleep(for: .milliseconds(100))
            }
            return most
        }
    }

    func stop() async -> Double {
        task.cancel()
        return await task.value
    }
}
