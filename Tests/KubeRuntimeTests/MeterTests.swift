import Kube
import KubeConfig
import KubeRuntime
import Observability
import Scheduling
import TestSupport
import TestTraits
import Testing

/// Metrics of requests and watches.
@Suite(.tags(.concurrent, .unsafeMemory), .endsIfHung)
struct MeterTests {
    /// The samples that begin with `name`, without this prefix, in order.
    private func samples(_ name: String, of metrics: [Metric]) -> [String] {
        Exposition.text(metrics).split(separator: "\n").filter { $0.hasPrefix(name) }
            .map { String($0.dropFirst(name.count)) }
    }

    private func requests(_ client: KubeClient) -> [String] {
        samples("secrets_distributor_api_requests_total", of: client.metrics)
    }

    private func restarts(_ meter: WatchMeter) -> [String] {
        samples("secrets_distributor_watch_restarts_total", of: meter.metrics)
    }

    @Test func `requests are counted by verb, resource and code, with their duration; raw paths are one resource`()
        async throws
    {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let client = try server.client(.admin)
        defer { client.shutdown() }
        for name in ["a", "b"] { try await client.create(.secrets, namespace: namespace, secret(name)) }
        _ = try await client.get(MetadataOnly.self, .secrets, namespace: namespace, name: "a")
        _ = await failure { () throws(KubeError) in
            try await client.get(MetadataOnly.self, .secrets, namespace: namespace, name: "none")
        }
        for path in ["/version", "/readyz"] { _ = try await client.send(.get(path: path)) }
        #expect(
            requests(client) == [
                #"{verb="get",resource="other",code="200"} 2"#, #"{verb="create",resource="secrets",code="201"} 2"#,
                #"{verb="get",resource="secrets",code="200"} 1"#, #"{verb="get",resource="secrets",code="404"} 1"#,
            ])
        let durations = samples("secrets_distributor_api_request_duration_seconds", of: client.metrics)
        #expect(durations.contains(#"_count{verb="get",resource="secrets"} 2"#))
        #expect(durations.contains(#"_bucket{verb="create",resource="secrets",le="30"} 2"#))
        try await Promtool.check(Exposition.text(client.metrics))
    }

    @Test func `each attempt without a response counts as an error`() async throws {
        let configuration = try #require(ClusterConfiguration(server: "http://127.0.0.1:1"))
        let client = try KubeClient(
            configuration: configuration, logger: .none, attempts: 3,
            retry: Backoff(initial: .milliseconds(1), longest: .milliseconds(1)))
        defer { client.shutdown() }
        _ = await failure { () throws(KubeError) in try await client.send(.get(path: "/version")) }
        #expect(requests(client) == [#"{verb="get",resource="other",code="error"} 3"#])
    }

    @Test func `a cancelled request is not counted`() async throws {
        let server = try await APIServer.shared()
        let proxy = try FaultyProxy(to: server.port)
        defer { proxy.stop() }
        let client = try KubeClient(
            configuration: server.configuration(through: proxy.port), logger: .none, attempts: 1)
        _ = try await client.send(.get(path: "/version"))
        proxy.set(.toServer, .hold)
        // So large that it differs from a frame that the connection itself needs.
        let long = Request.get(path: "/version/" + String(repeating: "a", count: 4000))
        let task = Task { await failure { () throws(KubeError) in try await client.send(long) } }
        #expect(await eventually { proxy.heldBytes > 1000 })
        task.cancel()
        #expect(await task.value == .transport(.cancelled))
        client.shutdown()
        let late = await failure { () throws(KubeError) in try await client.send(.get(path: "/version")) }
        #expect(late == .transport(.shutDown))
        #expect(requests(client) == [#"{verb="get",resource="other",code="200"} 1"#])
    }

    @Test("both attempts are counted when the credentials are rejected", arguments: [false, true])
    func unauthorized(isWatch: Bool) async throws {
        let server = try await APIServer.shared()
        let client = try server.client(.token("none"))
        defer { client.shutdown() }
        let refused = await failure { () throws(KubeError) in
            if isWatch {
                _ = try await client.stream(Self.watch)
            } else {
                _ = try await client.get(MetadataOnly.self, .secrets, namespace: "default", name: "a")
            }
        }
        #expect(refused == .unauthorized)
        #expect(requests(client) == [#"{verb="\#(isWatch ? "watch" : "get")",resource="secrets",code="401"} 2"#])
    }

    private static let watch = Request.watch(
        .secrets, namespace: "default", resourceVersion: "0", timeout: .seconds(60))

    @Test func `a watch is counted when its response headers have arrived`() async throws {
        let server = try await APIServer.shared()
        let client = try server.client(.admin)
        defer { client.shutdown() }
        let stream = try await client.stream(Self.watch)
        #expect(requests(client) == [#"{verb="watch",resource="secrets",code="200"} 1"#])
        withExtendedLifetime(stream) {}
    }

    @Test func `a watch that fails is attempted once`() async throws {
        let server = try await APIServer.shared()
        let user = try server.client(.named("frank"))
        defer { user.shutdown() }
        guard case .forbidden = await failure({ () throws(KubeError) in try await user.stream(Self.watch) }) else {
            Issue.record("it is not forbidden")
            return
        }
        #expect(requests(user) == [#"{verb="watch",resource="secrets",code="403"} 1"#])
        let away = try KubeClient(
            configuration: server.configuration(through: LoopbackPort.reserve()), logger: .none, attempts: 3)
        defer { away.shutdown() }
        guard case .transport(.connect) = await failure({ () throws(KubeError) in try await away.stream(Self.watch) })
        else {
            Issue.record("there is a connection")
            return
        }
        #expect(requests(away) == [#"{verb="watch",resource="secrets",code="error"} 1"#])
    }

    @Test func `a watch that is cancelled before its response is not counted`() async throws {
        let server = try await APIServer.shared()
        let proxy = try FaultyProxy(to: server.port)
        defer { proxy.stop() }
        // Without TLS, whose handshake has a timeout of its own: the first bytes are the request.
        let configuration = try #require(ClusterConfiguration(server: "http://127.0.0.1:\(proxy.port)"))
        let client = try KubeClient(configuration: configuration, logger: .none)
        defer { client.shutdown() }
        proxy.set(.toServer, .hold)
        let task = Task { await failure { () throws(KubeError) in try await client.stream(Self.watch) } }
        #expect(await eventually { proxy.heldBytes > 0 })
        task.cancel()
        #expect(await task.value == .transport(.cancelled))
        #expect(requests(client).isEmpty)
    }

    // MARK: Watches

    @Test func `a watch that is cut counts as restarted`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let proxy = try FaultyProxy(to: server.port)
        defer { proxy.stop() }
        let client = try KubeClient(
            configuration: server.configuration(through: proxy.port), logger: .none, attempts: 1)
        defer { client.shutdown() }
        let meter = WatchMeter()
        let watcher = Watcher(
            client, .init(.secrets, namespace: namespace), policy: .short, logger: .none, meter: meter)
        try await watching(watcher) { transcript in
            #expect(await eventually { requests(client).contains { $0.contains("watch") } })
            #expect(restarts(meter) == [#"{resource="secrets"} 0"#])
            proxy.cut()
            #expect(await eventually { restarts(meter) != [#"{resource="secrets"} 0"#] })
        }
    }

    @Test func `a watch that must list again counts as restarted too`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let meter = WatchMeter()
        let transport = FutureWatches(server.client)
        let watcher = Watcher(
            transport, .init(.secrets, namespace: namespace), policy: .short, logger: .none, meter: meter)
        try await watching(watcher) { _ in
            #expect(await eventually { restarts(meter) == [#"{resource="secrets"} 1"#] })
        }
    }

    @Test func `a watch that ends on time is not counted`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        var short = WatchStateMachine<MetadataOnly>.Policy.short
        short.watch = .seconds(1)...(.seconds(1))
        let counter = CountingTransport(server.client)
        let meter = WatchMeter()
        let watcher = Watcher(
            counter, .init(.secrets, namespace: namespace), policy: short, logger: .none, meter: meter)
        try await watching(watcher) { _ in #expect(await eventually { counter.watches > 2 }) }
        #expect(restarts(meter) == [#"{resource="secrets"} 0"#])
    }
}

/// The first watch delivers an ERROR event with status 410.
private final class FutureWatches: KubeTransport {
    private let inner: any KubeTransport
    private let isFirst = Switch(true)

    init(_ inner: any KubeTransport) { self.inner = inner }

    func send(_ request: Request) async throws(KubeError) -> Response { try await inner.send(request) }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        guard isFirst.isOn else { return try await inner.stream(request) }
        isFirst.isOn = false
        return Gone()
    }

    private struct Gone: ByteStream {
        func next() async throws(KubeError) -> [UInt8]? {
            Array(#"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}"#.utf8 + [10])
        }
    }
}
