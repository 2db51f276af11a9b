import Kube
import KubeConfig
import KubeRuntime
import TestSupport
import TestTraits
import Testing

/// A malicious server with a trusted certificate that redirects its clients to another one.
@Suite(.tags(.unsafeMemory), .endsIfHung)
struct RedirectTests {
    @Test(arguments: [301, 302, 303, 307, 308])
    func `a redirect or an alternative service never receives the token`(status: Int) async throws {
        let server = try await APIServer.shared()
        let folder = try ScratchFolder()
        let (port, elsewhere) = (LoopbackPort.reserve(), LoopbackPort.reserve())
        let process = try await ServerProcess(
            "/usr/bin/env",
            [
                "python3", "-c", Self.script, "\(port)", "\(elsewhere)", "\(status)",
                server.file("server.crt"), server.file("server.key"),
            ],
            log: folder("log"))
        let log = { String(decoding: (try? folder.read("log")) ?? [], as: UTF8.self) }
        try #require(await eventually { log().contains("listening") })
        var configuration = try #require(ClusterConfiguration(server: "https://127.0.0.1:\(port)"))
        configuration.authority = .file(server.file("ca.crt"))
        configuration.token = .inline("the-token")
        let client = try KubeClient(configuration: configuration, logger: .none, attempts: 1)
        for request in [
            Request.get(path: "/version"), .get(path: "/version"),
            .create(.secrets, namespace: "default", ["metadata": ["name": "a"]]),
        ] {
            #expect(await failure { () throws(KubeError) in try await client.send(request) } != nil)
        }
        #expect(await failure { () throws(KubeError) in try await client.stream(.get(path: "/watch")) } != nil)
        client.shutdown()
        let lines = log().split(separator: "\n")
        // The test proves something only if the first server got the token.
        #expect(lines.count { $0 == "first Bearer the-token" } == 4)
        #expect(!lines.contains { $0.hasPrefix("elsewhere") })
        await process.kill()
    }

    private static let script = """
        import http.server, ssl, sys, threading

        port, elsewhere, status = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

        def serve(name, port):
            class Server(http.server.BaseHTTPRequestHandler):
                protocol_version = 'HTTP/1.1'
                def log_message(self, *args): pass
                def answer(self):
                    print(name, self.headers['Authorization'], flush=True)
                    self.rfile.read(int(self.headers['Content-Length'] or 0))
                    self.send_response(status if name == 'first' else 200)
                    self.send_header('Location', f'https://127.0.0.1:{elsewhere}{self.path}')
                    self.send_header('Alt-Svc', f'h2="127.0.0.1:{elsewhere}", http/1.1="127.0.0.1:{elsewhere}"; ma=3600')
                    self.send_header('Content-Length', '2')
                    self.end_headers()
                    self.wfile.write(b'{}')
                do_GET = do_POST = answer
            class Noted(http.server.ThreadingHTTPServer):
                daemon_threads = True
                def get_request(self):
                    connection = super().get_request()
                    if name == 'elsewhere': print('elsewhere connected', flush=True)
                    return connection
            server = Noted(('127.0.0.1', port), Server)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[4], sys.argv[5])
            server.socket = context.wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.serve_forever).start()

        serve('first', port)
        serve('elsewhere', elsewhere)
        print('listening', flush=True)
        """
}
