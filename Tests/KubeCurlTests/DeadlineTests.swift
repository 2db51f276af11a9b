import Kube
import KubeConfig
import KubeRuntime
import Scheduling
import TestSupport
import TestTraits
import Testing

/// Requests with a deadline.
@Suite(.tags(.concurrent, .unsafeMemory), .endsIfHung)
struct DeadlineTests {
    private func isTimeout(_ kind: KubeError.Kind?) -> Bool {
        if case .transport(.timeout) = kind { true } else { false }
    }

    @Test func `a write after its deadline is not sent`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        var request = Request.create(.secrets, namespace: namespace, secret("late"))
        request.deadline = .now
        let client = server.client
        let late = request
        #expect(isTimeout(await failure { () throws(KubeError) in try await client.send(late) }))
        let read = await failure { () throws(KubeError) in
            try await client.get(MetadataOnly.self, .secrets, namespace: namespace, name: "late")
        }
        #expect(read == .notFound(message: "secrets \"late\" not found"))
        request.deadline = .now + .seconds(60)
        _ = try await client.send(request)
    }

    @Test func `a request in flight is cancelled at its deadline`() async throws {
        let server = try await APIServer.shared()
        let proxy = try FaultyProxy(to: server.port)
        defer { proxy.stop() }
        let configuration = server.configuration(through: proxy.port)
        let client = try KubeClient(configuration: configuration, logger: .none, attempts: 1)
        defer { client.shutdown() }
        _ = try await client.send(.get(path: "/version"))
        proxy.freeze()
        var request = Request.get(path: "/version")
        let start = ContinuousClock.now
        request.timeout = .longestWait * 2
        request.deadline = start + .milliseconds(300)
        let hung = request
        #expect(isTimeout(await failure { () throws(KubeError) in try await client.send(hung) }))
        #expect(ContinuousClock.now - start < .longestWait)
    }

    @Test func `a request does not wait for a retry beyond its deadline`() async throws {
        let configuration = try #require(ClusterConfiguration(server: "http://127.0.0.1:1"))
        let client = try KubeClient(
            configuration: configuration, logger: .none, retry: Backoff(initial: .seconds(900), longest: .seconds(900)))
        defer { client.shutdown() }
        var request = Request.get(path: "/version")
        request.deadline = .now + .seconds(300)
        let refused = request
        let kind = await failure { () throws(KubeError) in try await client.send(refused) }
        guard case .transport(.connect) = kind else {
            Issue.record("\(String(describing: kind))")
            return
        }
    }
}
