import Glibc
import JSON
import KubeConfig
import Observability
import TestSupport

/// The program as it is shipped, in a process of its own that does not outlive the benchmark.
struct AgentProcess: Sendable {
    /// Taken just before it was started; what starts it takes some two milliseconds more.
    let startedAt: Timestamp
    /// The port of 127.0.0.1 of its metrics and probes.
    let port: Int?
    private let process: ServerProcess
    private let folder: ScratchFolder

    /// Seconds: `DEBOUNCE_QUIET`, short, for what lies above it to be seen.
    static let quietTime = 0.02

    var identifier: pid_t { process.identifier }
    /// A file of JSON lines, as the program writes them.
    var log: String { folder("log") }
    var hasEnded: Bool { process.hasEnded }

    /// - Parameters:
    ///   - mark: `MANAGED_BY`.
    ///   - listens: whether it serves metrics and probes.
    ///   - settings: environment variables besides those of the world, or instead of them.
    init(
        _ bench: Bench, on cluster: Cluster, mount: String, mark: String = "benchmark", listens: Bool = false,
        settings: [String: String] = [:]
    ) async throws {
        folder = try ScratchFolder()
        port = listens ? LoopbackPort.reserve() : nil
        var environment = [
            "SECRETS_PATH": mount, "MANAGED_BY": mark, "DEBOUNCE_QUIET": "20ms",
            "KUBECONFIG": try cluster.server.kubeconfig(.named(Cluster.agent)),
            "LISTEN_ADDRESS": port.map { "127.0.0.1:\($0)" } ?? "",
        ]
        environment.merge(settings) { $1 }
        startedAt = .now()
        // Nothing of the benchmark's own environment.
        process = try await ServerProcess(
            "env", ["-i"] + environment.map { "\($0.key)=\($0.value)" } + [bench.program, "run"], log: folder("log"))
    }

    /// Ends it as a node that is drained does, and waits until it is gone.
    func stop() async {
        kill(identifier, SIGTERM)
        _ = await eventually { process.hasEnded }
        await process.kill()
    }

    /// When it first logged the message; nil if it has not yet.
    func time(of message: String) -> Timestamp? {
        let log = (try? folder.read("log")) ?? []
        for line in log.split(separator: UInt8(ascii: "\n")) {
            if let line = try? JSONBytes.decode(LogLine.self, from: Array(line)), line.message == message {
                return Timestamp(rfc3339: line.time)
            }
        }
        return nil
    }

    /// Waits until it has compared all that there is once.
    func firstPass(within limit: Duration = .seconds(300)) async throws -> Timestamp {
        var time: Timestamp?
        let end = ContinuousClock.now + limit
        while time == nil {
            guard ContinuousClock.now < end, !hasEnded else {
                throw AuditTail.Overdue(description: "the program did not finish its first pass, see \(log)")
            }
            try await Task.sleep(for: .milliseconds(50))
            time = self.time(of: "first pass done")
        }
        return time ?? startedAt
    }
}

private struct LogLine: Decodable, JSONReadable {
    let time: String
    let message: String
}
