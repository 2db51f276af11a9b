import Kube
import KubeCurl
import TestSupport
import TestTraits
import Testing

/// A server with HTTP/1.1 only: while a write waits, a probe gets a separate connection, which proves nothing about
/// that of the write.
@Suite(.tags(.concurrent, .unsafeMemory), .endsIfHung)
struct ConnectionProbeTests {
    private static let silence = Duration.milliseconds(100)

    /// - Parameters:
    ///   - prepare: sets the handling of new connections, before the first probe can open one.
    ///   - body: runs while the proxy holds a write.
    private func withSlowWrite(
        _ prepare: (FaultyProxy) -> Void, _ body: (FaultyProxy, Switch) async throws -> Void
    ) async throws {
        let folder = try ScratchFolder()
        let port = LoopbackPort.reserve()
        let server = try await ServerProcess(
            "/usr/bin/env", ["python3", "-c", Self.script, "\(port)"], log: folder("log"))
        try #require(await eventually { (try? folder.read("log"))?.isEmpty == false })
        let proxy = try FaultyProxy(to: port)
        defer { proxy.stop() }
        let endpoint = Endpoint(server: try #require(ServerURL("http://127.0.0.1:\(proxy.port)")))
        let transport = try CurlTransport(shortestSilence: Self.silence)
        defer { transport.shutdown() }
        #expect(try await transport.send(.get(path: "/version"), to: endpoint).response.isSuccess)
        let isOver = Switch(false)
        prepare(proxy)
        proxy.set(.toServer, .hold)
        var write = Request.create(.secrets, namespace: "default", ["metadata": ["name": "a"]])
        write.timeout = .seconds(300)
        let answer = Task { [write] in
            defer { isOver.isOn = true }
            return try await transport.send(write, to: endpoint).response
        }
        try #require(await eventually { proxy.heldBytes > 0 })
        try await body(proxy, isOver)
        #expect(!isOver.isOn)
        proxy.release()
        #expect(try await answer.value.isSuccess)
        // It was sent once, on the first connection.
        #expect(transport.statistics.connections == 1)
        await server.kill()
    }

    /// A server that keeps its connections open.
    private static let script = """
        import http.server, sys

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def log_message(self, *args): pass
            def do_GET(self):
                self.rfile.read(int(self.headers.get('Content-Length', 0)))
                self.send_response(200)
                self.send_header('Content-Length', '2')
                self.end_headers()
                self.wfile.write(b'{}')
            do_POST = do_GET

        server = http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler)
        server.daemon_threads = True
        print('listening', flush=True)
        server.serve_forever()
        """

    @Test func `a probe that fails at once is repeated only after another silence`() async throws {
        let start = ContinuousClock.now
        try await withSlowWrite {
            $0.isRefusing = true
        } _: { proxy, isOver in
            #expect(await eventually { proxy.refusals >= 3 || isOver.isOn })
            let most = Int((ContinuousClock.now - start) / Self.silence)
            #expect((3...max(most, 3)).contains(proxy.refusals))
        }
    }

    @Test func `a probe that hangs on a separate connection ends no write on another`() async throws {
        try await withSlowWrite {
            $0.isFreezingNew = true
        } _: { proxy, isOver in
            // The first probe has timed out when the second one starts.
            #expect(await eventually { proxy.acceptedCount >= 3 || isOver.isOn })
        }
    }
}
