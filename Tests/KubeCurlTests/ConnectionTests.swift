import Glibc
import Kube
import TestSupport
import TestTraits
import Testing

@testable import KubeConfig
@testable import KubeCurl

@Suite(.tags(.concurrent, .unsafeMemory), .endsIfHung)
struct ConnectionTests {
    @Test func `a silent connection is replaced`() async throws {
        let server = try await APIServer.shared()
        let proxy = try FaultyProxy(to: server.port)
        defer { proxy.stop() }
        let endpoint = try await Credentials(server.configuration(through: proxy.port)).endpoint()
        let transport = try CurlTransport(shortestSilence: .milliseconds(50))
        defer { transport.shutdown() }
        #expect(try await transport.send(.get(path: "/version"), to: endpoint).response.isSuccess)

        proxy.set(.toServer, .hold)
        // So large that it differs from a frame that the connection itself needs.
        var patient = Request.get(path: "/version/" + String(repeating: "a", count: 4000))
        patient.timeout = .seconds(300)
        async let hung = outcome(of: patient, transport, endpoint)
        #expect(await eventually { proxy.heldBytes > 1000 })
        var short = Request.get(path: "/version")
        short.timeout = .milliseconds(200)
        guard case .timeout = await outcome(of: short, transport, endpoint), case .broken = await hung else {
            Issue.record("both should have failed, the first because of the second")
            return
        }
        #expect(try await transport.send(.get(path: "/version"), to: endpoint).response.isSuccess)
        #expect(transport.statistics.connections == 2)
    }

    @Test
    func `a write on a dead connection fails long before its timeout, and a slow one does not`()
        async throws
    {
        let server = try await APIServer.shared()
        let proxy = try FaultyProxy(to: server.port)
        defer { proxy.stop() }
        let endpoint = try await Credentials(server.configuration(through: proxy.port)).endpoint()
        let transport = try CurlTransport(shortestSilence: .milliseconds(100))
        defer { transport.shutdown() }
        #expect(try await transport.send(.get(path: "/version"), to: endpoint).response.isSuccess)
        let name = String(repeating: "a", count: 4000)
        var write = Request.create(.secrets, namespace: "default", ["metadata": ["name": .string(name)]], dryRun: true)
        write.timeout = .longestWait * 2

        proxy.set(.toServer, .hold)
        let start = ContinuousClock.now
        guard case .broken = await outcome(of: write, transport, endpoint) else {
            Issue.record("it should have failed")
            return
        }
        #expect(ContinuousClock.now - start < .longestWait)
        #expect(try await transport.send(.get(path: "/version"), to: endpoint).response.isSuccess)
    }

    private func outcome(
        of request: Request, _ transport: CurlTransport, _ endpoint: Endpoint
    ) async -> TransportFailure? {
        do throws(TransportFailure) {
            _ = try await transport.send(request, to: endpoint)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a watch on a silent connection ends, and the next one gets a new connection`()
        async throws
    {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        try await server.client.create(.secrets, namespace: namespace, secret("a"))
        let proxy = try FaultyProxy(to: server.port)
        defer { proxy.stop() }
        let endpoint = try await Credentials(server.configuration(through: proxy.port)).endpoint()
        let transport = try CurlTransport(shortestSilence: .milliseconds(50))
        defer { transport.shutdown() }
        var request = Request.watch(.secrets, namespace: namespace, resourceVersion: "0", timeout: .seconds(300))
        request.timeout = .seconds(10)
        let watch = try #require(try await transport.send(request, to: endpoint, isStream: true).stream)
        proxy.freeze()
        let lost = await failure { () throws(KubeError) in while try await watch.next() != nil {} }
        guard case .transport(.timeout) = lost else {
            Issue.record("\(String(describing: lost))")
            return
        }
        request.timeout = .seconds(300)
        let next = try #require(try await transport.send(request, to: endpoint, isStream: true).stream)
        #expect(try await next.next() != nil)
    }

    /// A transport whose only connection is full: it has sent as many requests as it may, and the proxy holds them.
    private func withFullConnection(
        _ body: (CurlTransport, Endpoint, FaultyProxy, [Task<TransportFailure?, Never>]) async throws -> Void
    ) async throws {
        let server = try await APIServer.shared()
        let proxy = try FaultyProxy(to: server.port)
        defer { proxy.stop() }
        let endpoint = try await Credentials(server.configuration(through: proxy.port)).endpoint()
        let transport = try CurlTransport()
        defer { transport.shutdown() }
        #expect(try await transport.send(.get(path: "/version"), to: endpoint).response.isSuccess)

        proxy.set(.toServer, .hold)
        var request = Request.get(path: "/version/" + String(repeating: "a", count: 4000))
        request.timeout = .seconds(300)
        let requests = (0..<300).map { [request] _ in Task { await outcome(of: request, transport, endpoint) } }
        // Huffman's code of RFC 7541 has five bits for an "a".
        let full = 100 * 4000 * 5 / 8
        #expect(await eventually { proxy.heldBytes >= full })
        try await body(transport, endpoint, proxy, requests)
    }

    /// libcurl would open a connection for each of them.
    @Test func `requests beyond the limit of a connection wait, and are sent on it when there is room`() async throws {
        try await withFullConnection { transport, _, proxy, requests in
            proxy.release()
            for request in requests { #expect(await request.value == nil) }
            #expect(transport.statistics == .init(connections: 1, http2: 301))
        }
    }

    @Test func `a cancelled request stops waiting for room`() async throws {
        try await withFullConnection { transport, endpoint, proxy, requests in
            let late = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await outcome(of: .get(path: "/version"), transport, endpoint)
            }
            #expect(await late.value == .cancelled)
            for request in requests { request.cancel() }
            for request in requests { #expect(await request.value == .cancelled) }
        }
    }

    @Test func `a request that waits for room ends with the transport`() async throws {
        try await withFullConnection { transport, _, _, requests in
            transport.shutdown()
            for request in requests { #expect(await request.value == .shutDown) }
        }
    }

    /// The renewal of a Lease must not wait for queued writes.
    @Test func `an urgent request does not wait for room`() async throws {
        try await withFullConnection { transport, endpoint, _, _ in
            var urgent = Request.get(path: "/version")
            urgent.isUrgent = true
            #expect(await outcome(of: urgent, transport, endpoint) == nil)
            #expect(transport.statistics.connections == 2)
        }
    }

    /// On a shared connection, a response can be delayed by another one, see `CurlTransport`.
    @Test func `lists and watches use separate connections, and a watch inherits that of its list`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let endpoint = try await Credentials(server.configuration()).endpoint()
        let transport = try CurlTransport()
        defer { transport.shutdown() }
        var watches: [CurlStream] = []
        for count in 1...6 {
            #expect(try await transport.send(.list(.secrets, namespace: namespace), to: endpoint).response.isSuccess)
            let watch = Request.watch(.secrets, namespace: namespace, resourceVersion: "0", timeout: .seconds(300))
            watches.append(try #require(try await transport.send(watch, to: endpoint, isStream: true).stream))
            #expect(transport.feedStatistics == .init(connections: count, http2: 0))
        }
        #expect(transport.statistics == .init())
        #expect(try await transport.send(.get(path: "/version"), to: endpoint).response.isSuccess)
        #expect(transport.statistics == .init(connections: 1, http2: 1))
        withExtendedLifetime(watches) {}
    }

    @Test func `a list on a silent connection ends no watch`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let proxy = try FaultyProxy(to: server.port)
        defer { proxy.stop() }
        let straight = try await Credentials(server.configuration()).endpoint()
        let proxied = try await Credentials(server.configuration(through: proxy.port)).endpoint()
        let transport = try CurlTransport(shortestSilence: .milliseconds(50))
        defer { transport.shutdown() }
        let request = Request.watch(.secrets, namespace: namespace, resourceVersion: "0", timeout: .seconds(300))
        let watch = try #require(try await transport.send(request, to: straight, isStream: true).stream)
        var list = Request.list(.secrets, namespace: namespace)
        #expect(try await transport.send(list, to: proxied).response.isSuccess)

        proxy.freeze()
        list.timeout = .milliseconds(200)
        guard case .timeout = await outcome(of: list, transport, proxied) else {
            Issue.record("the list should have timed out")
            return
        }
        try await server.client.create(.secrets, namespace: namespace, secret("a"))
        #expect(try await watch.next() != nil)
    }

    @Test func `a response that is no success has its whole body in place of a stream`() async throws {
        let server = try await APIServer.shared()
        let transport = try CurlTransport()
        defer { transport.shutdown() }
        let endpoint = try await Credentials(server.configuration()).endpoint()
        let answer = try await transport.send(.get(path: "/nowhere"), to: endpoint, isStream: true)
        #expect(answer.stream == nil)
        #expect(answer.response.status == 404 && !answer.response.body.isEmpty)
    }

    @Test func `the response buffer has room for the size that is known, up to libcurl's maximum`() {
        let kilobyte = 1 << 10
        func room(_ verb: Kube.Operation.Verb, body: Int = 0, answer: Int = 0) -> Int? {
            var request = Request(
                .patch, Kube.Operation(verb, resource: "secrets"), path: "/", body: [UInt8](repeating: 0, count: body),
                isRepeatable: false)
            request.expectedResponseSize = answer
            return EasyHandle.room(for: request)
        }
        #expect(room(.patch, body: 2 * kilobyte) == 32 * kilobyte)
        #expect(room(.patch, body: 2 * kilobyte, answer: 40 * kilobyte) == 64 * kilobyte)
        #expect(room(.delete, answer: 40 * kilobyte) == 64 * kilobyte)
        #expect(room(.create, body: 900 * kilobyte) == 512 * kilobyte)
        #expect(room(.get) == 512 * kilobyte)
        for feed in [Kube.Operation.Verb.list, .watch] { #expect(room(feed) == nil) }
    }

    @Test func `a proxy that only the environment names is not used`() async {
        await #expect(processExitsWith: .success) {
            for name in ["http_proxy", "https_proxy", "all_proxy"] { setenv(name, "http://127.0.0.1:1", 1) }
            let transport = try CurlTransport()
            let endpoint = Endpoint(server: try #require(ServerURL("http://127.0.0.1:2")))
            let error = await #expect(throws: TransportFailure.self) {
                _ = try await transport.send(.get(path: "/version"), to: endpoint)
            }
            #expect(error?.description.contains("port 2 ") == true)
        }
    }
}
