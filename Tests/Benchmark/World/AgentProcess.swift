import Glibc
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

    /// Above what nothing is measured, for the latencies to be of the program.
    static let quietTime: Duration = .milliseconds(20)

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
        _ = await eventually(within: .seconds(30)) { process.hasEnded }
        await process.kill()
    }

    /// How many lines of its log have the message.
    func logged(_ message: String) -> Int {
        let text = (try? folder.read("log")).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").count { $0.contains("\"\(message)\"") }
    }
}
