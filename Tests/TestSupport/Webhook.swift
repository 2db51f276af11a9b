import FoundationEssentials
package import JSON

/// An admission webhook over TLS, as a separate process, whose response depends on the path of its URL:
/// `/deny/<code>/<message>`, `/quote/<code>` with the object's values in the message, `/slow/<milliseconds>`.
package final class Webhook: Sendable {
    private let process: ServerProcess
    private let port: Int
    private let authority: JSONValue

    package init(for server: APIServer) async throws {
        port = LoopbackPort.reserve()
        let folder = try ScratchFolder()
        process = try await ServerProcess(
            "/usr/bin/env",
            [
                "python3", "-c", Self.script, "\(port)", server.files.folder("server.crt"),
                server.files.folder("server.key"),
            ],
            log: folder("log"))
        authority = .string(Data(try server.files.folder.read("ca.crt")).base64EncodedString())
        guard await eventually({ (try? folder.read("log"))?.isEmpty == false }) else {
            throw ServerProcess.StartError(description: "the webhook does not listen")
        }
    }

    package func end() async { await process.kill() }

    /// A validating configuration for the Secrets of one owner mark.
    ///
    /// - Parameter paths: one webhook each; the server calls them in parallel.
    package func configuration(
        _ name: String, mark: String, _ paths: [String], failurePolicy: String = "Fail", operations: [String] = ["*"]
    ) -> JSONValue {
        let webhooks = paths.enumerated().map { index, path -> JSONValue in
            [
                "name": .string("w\(index).\(name).example.com"), "sideEffects": "None",
                "admissionReviewVersions": ["v1"], "failurePolicy": .string(failurePolicy), "timeoutSeconds": 30,
                "clientConfig": ["url": .string("https://127.0.0.1:\(port)\(path)"), "caBundle": authority],
                "objectSelector": ["matchLabels": ["app.kubernetes.io/managed-by": .string(mark)]],
                "rules": [
                    [
                        "apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets"],
                        "operations": .array(operations.map { .string($0) }),
                    ]
                ],
            ]
        }
        return [
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": ["name": .string(name)], "webhooks": .array(webhooks),
        ]
    }

    private static let script = """
        import base64, http.server, json, ssl, sys, time, urllib.parse

        class Hook(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def log_message(self, *args): pass
            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers['Content-Length'])))['request']
                kind, *words = urllib.parse.unquote(self.path.split('?')[0]).strip('/').split('/', 2)
                answer = {'uid': request['uid'], 'allowed': kind == 'slow'}
                if kind == 'slow': time.sleep(int(words[0]) / 1000)
                if kind == 'deny': answer['status'] = {
                    'code': int(words[0]), 'message': words[1], 'details': {'retryAfterSeconds': 86400}}
                if kind == 'quote':
                    data = (request.get('object') or request.get('oldObject') or {}).get('data') or {}
                    texts = [base64.b64decode(value).decode() for value in data.values()]
                    message = 'refused: ' + json.dumps({'base64': data, 'texts': texts})
                    answer['status'] = {'code': int(words[0]), 'message': message}
                body = json.dumps({'apiVersion': 'admission.k8s.io/v1', 'kind': 'AdmissionReview', 'response': answer})
                self.send_response(200)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

        server = http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Hook)
        server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        server.socket = context.wrap_socket(server.socket, server_side=True)
        print('listening', flush=True)
        server.serve_forever()
        """
}
