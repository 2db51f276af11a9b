import Agent
import Kube
import Observability
import Stores
import TestSupport
import TestTraits
import Testing

/// The watch metrics of a cluster's stores.
@Suite(.tags(.concurrent), .endsIfHung)
struct BackendMetricsTests {
    /// Runs a watcher while `body` runs.
    private func following<Item>(
        _ heartbeat: Heartbeat, _ watch: @escaping @Sendable (WatchHandler<Item>) async -> Void,
        _ body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { await watch(WatchHandler(event: { _ in }, failed: { _ in }, heartbeat: heartbeat)) }
            try await body()
            group.cancelAll()
        }
    }

    @Test("each watch beats for its observer, and its restarts are in the metrics of the backend")
    func watches() async throws {
        var settings = Settings()
        settings.leaderElection = true
        let backend = Backend(Refusing(), settings, namespace: "web", logger: .none)
        let heartbeat = Heartbeat("watch", limit: .seconds(1))
        try await following(heartbeat, { await backend.secrets.watch(.all, $0) }) {
            #expect(await heartbeat.beats(after: .now))
        }
        try await following(heartbeat, { await backend.distributions.watch(.all, $0) }) {
            #expect(await heartbeat.beats(after: .now))
        }
        let lines = Exposition.text(backend.metrics()).split(separator: "\n")
        for resource in ["secrets", "secretsdistributions"] {
            let name = "secrets_distributor_watch_restarts_total{resource=\"\(resource)\"} "
            #expect(lines.contains { $0.hasPrefix(name) && !$0.hasSuffix(" 0") }, "\(resource)")
        }
        // Also with leader election, where another transport wraps this one.
        #expect(lines.contains("sent 1"))
    }
}

/// A server that is unavailable.
private struct Refusing: KubeTransport {
    func send(_ request: Request) async throws(KubeError) -> Response {
        throw KubeError(request.operation, .transport(.connect(reason: "refused")))
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        throw KubeError(request.operation, .transport(.connect(reason: "refused")))
    }

    var metrics: [Metric] { [Metric(.counter, "sent", "Sent.", 1)] }
}
