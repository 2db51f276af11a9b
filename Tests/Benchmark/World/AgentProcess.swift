import FoundationEssentials
import Glibc
import KubeConfig
import Observability
import TestSupport

/// The release program, or the agent that it is compared with, in a separate process, which ends with the benchmark.
struct AgentProcess: Sendable {
    /// The time just before the process was started; starting it takes about two milliseconds more.
    let startedAt: Timestamp
    /// The port of 127.0.0.1 for metrics and probes.
    let port: Int?
    private let process: ServerProcess
    private let folder: ScratchFolder
    /// What it logs when it has compared everything, or in the case of client-go, when it begins to.
    private let ready: String

    /// `DEBOUNCE_QUIET` in seconds, short so that the time above it is visible.
    static let quietTime = 0.02

    var identifier: pid_t { process.identifier }
    /// A file with the JSON log lines of the program.
    var log: String { folder("log") }
    var hasEnded: Bool { process.hasEnded }

    /// - Parameters:
    ///   - mark: `MANAGED_BY`.
    ///   - listens: whether it serves metrics and probes.
    ///   - settings: environment variables that add to, or replace, the default ones.
    init(
        _ bench: Bench, on cluster: Cluster, mount: String, mark: String = "benchmark", listens: Bool = false,
        settings: [String: String] = [:]
    ) async throws {
        folder = try ScratchFolder()
        ready = "first pass done"
        port = listens ? LoopbackPort.reserve() : nil
        var environment = [
            "SECRETS_PATH": mount, "MANAGED_BY": mark, "DEBOUNCE_QUIET": "20ms",
            "KUBECONFIG": try cluster.server.kubeconfig(.named(Cluster.agent)),
            "LISTEN_ADDRESS": port.map { "127.0.0.1:\($0)" } ?? "",
        ]
        environment.merge(settings) { $1 }
        startedAt = .now()
        // The benchmark's own environment is not inherited.
        process = try await ServerProcess(
            "env", ["-i"] + environment.map { "\($0.key)=\($0.value)" } + [bench.program, "run"], log: folder("log"))
    }

    /// Starts the agent on client-go, see `Tests/ClientGoAgent`.
    ///
    /// - Parameters:
    ///   - program: its path.
    ///   - writesStatus: whether it writes a status for each Secret.
    init(clientGo program: String, on cluster: Cluster, mount: String, writesStatus: Bool) async throws {
        folder = try ScratchFolder()
        ready = "caches synced"
        port = nil
        let words = [
            program, "-kubeconfig", try cluster.server.kubeconfig(.named(Cluster.agent)), "-mount", mount,
            "-managed-by", "benchmark", "-quiet", "20ms", "-status=\(writesStatus)",
        ]
        startedAt = .now()
        process = try await ServerProcess("env", ["-i"] + words, log: folder("log"))
    }

    /// Ends the process like a node drain, and waits until it has ended.
    func stop() async {
        kill(identifier, SIGTERM)
        _ = await eventually { process.hasEnded }
        await process.kill()
    }

    /// The time at which it first logged the message; nil if it has not yet.
    func time(of message: String) -> Timestamp? {
        let log = (try? folder.read("log")) ?? []
        for line in log.split(separator: UInt8(ascii: "\n")) {
            if let line = try? JSONDecoder().decode(LogLine.self, from: Data(line)), line.message == message {
                return Timestamp(rfc3339: line.time)
            }
        }
        return nil
    }

    /// Waits until it has compared everything once.
    func firstPass(within limit: Duration = .seconds(300)) async throws -> Timestamp {
        var time: Timestamp?
        let end = ContinuousClock.now + limit
        while time == nil {
            guard ContinuousClock.now < end, !hasEnded else {
                throw AuditTail.Overdue(description: "the program did not finish its first pass, see \(log)")
            }
            try await Task.sleep(for: .milliseconds(50))
            time = self.time(of: ready)
        }
        return time ?? startedAt
    }
}

private struct LogLine: Decodable {
    let time: String
    let message: String
}
