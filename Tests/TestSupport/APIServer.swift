import Kube
package import KubeCurl
import LinuxIO
import Observability

/// A real etcd and kube-apiserver on loopback, with RBAC, client certificates and token users.
package final class APIServer: Sendable {
    package enum User: Sendable {
        /// May do everything; authenticates by client certificate.
        case admin
        /// alice, bob, carol, dave or erin; authenticates by token and may do nothing until `allow`.
        case named(String)
        /// Any bearer token.
        case token(String)
    }

    private struct Processes {
        var etcd: ServerProcess
        var server: ServerProcess
    }

    private let files: APIServerFiles
    private let etcdPort: Int
    package let port: Int
    private let processes: Mutex<Processes>
    /// As admin.
    package let client: KubeClient

    private static let starting = Task { try await start() }

    /// The one that all tests share; started by the first one that asks.
    package static func shared() async throws -> APIServer { try await starting.value }

    /// A server of one's own, to be stopped and paused at will.
    package static func start() async throws -> APIServer {
        let files = try await APIServerFiles.make()
        let (etcdPort, peerPort, port) = (LoopbackPort.reserve(), LoopbackPort.reserve(), LoopbackPort.reserve())
        let etcd = try await ServerProcess(
            files.assets + "/etcd",
            [
                "--data-dir", files.folder("etcd"), "--listen-client-urls", "http://127.0.0.1:\(etcdPort)",
                "--advertise-client-urls", "http://127.0.0.1:\(etcdPort)",
                "--listen-peer-urls", "http://127.0.0.1:\(peerPort)",
            ], log: files.folder("etcd.log"))
        let process = try await startServer(files, etcdPort: etcdPort, port: port)
        let server = try APIServer(files, etcdPort, port, Processes(etcd: etcd, server: process))
        try await server.waitUntilReady()
        return server
    }

    private init(_ files: APIServerFiles, _ etcdPort: Int, _ port: Int, _ processes: Processes) throws {
        self.files = files
        self.etcdPort = etcdPort
        self.port = port
        self.processes = Mutex(processes)
        client = try KubeClient(configuration: Self.configuration(files, port, .admin), logger: .none)
    }

    /// No flag that a later release has removed.
    private static func startServer(
        _ files: APIServerFiles, etcdPort: Int, port: Int
    ) async throws -> ServerProcess {
        let folder = files.folder
        return try await ServerProcess(
            files.assets + "/kube-apiserver",
            [
                "--etcd-servers=http://127.0.0.1:\(etcdPort)",
                "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port=\(port)",
                "--cert-dir=\(folder("apiserver"))",
                "--tls-cert-file=\(folder("server.crt"))", "--tls-private-key-file=\(folder("server.key"))",
                "--client-ca-file=\(folder("ca.crt"))", "--token-auth-file=\(folder("tokens.csv"))",
                "--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount",
                "--service-account-issuer=https://kubernetes.default.svc",
                "--service-account-key-file=\(folder("service-account.key"))",
                "--service-account-signing-key-file=\(folder("service-account.key"))",
                "--service-cluster-ip-range=10.0.0.0/24",
                "--audit-policy-file=\(folder("audit-policy.yaml"))", "--audit-log-path=\(folder("audit.log"))",
            ], log: folder("kube-apiserver.log"))
    }

    private func waitUntilReady() async throws {
        let isReady = try await eventually(within: .seconds(60)) {
            if self.processes.withLock({ $0.server.hasEnded || $0.etcd.hasEnded }) {
                throw self.failure("ended")
            }
            return (try? await self.client.send(.get(path: "/readyz"))) != nil
        }
        guard isReady else { throw failure("does not become ready") }
    }

    /// With the end of what the servers have said.
    private func failure(_ what: String) -> ServerProcess.StartError {
        let tails = ["etcd.log", "kube-apiserver.log"].map { name in
            let text = (try? files.folder.read(name)).map { String(decoding: $0.suffix(2000), as: UTF8.self) } ?? ""
            return "--- \(name)\n\(text)"
        }
        return ServerProcess.StartError(description: "the API server \(what)\n" + tails.joined(separator: "\n"))
    }
}

extension APIServer {
    /// Ends kube-apiserver as a crash would; etcd and its data stay.
    package func stop() async { await processes.withLock { $0.server }.kill() }

    /// Starts kube-apiserver again, on the same port, with the same data.
    package func restart() async throws {
        await stop()
        let process = try await Self.startServer(files, etcdPort: etcdPort, port: port)
        processes.withLock { $0.server = process }
        try await waitUntilReady()
    }

    /// Ends both servers.
    package func end() async {
        client.shutdown()
        await stop()
        await processes.withLock { $0.etcd }.kill()
    }

    /// Makes kube-apiserver silent; its connections stay.
    package func pause() { processes.withLock { $0.server.pause() } }

    package func resume() { processes.withLock { $0.server.resume() } }

    /// Forgets all states before the present one: tokens of lists and old resource versions expire.
    package func compact() async throws {
        guard let etcd = ClusterConfiguration(server: "http://127.0.0.1:\(etcdPort)") else { return }
        let client = try KubeClient(configuration: etcd, logger: .none)
        defer { client.shutdown() }
        let post = { (path: String, body: JSONValue) in
            Request(
                .post, Operation(.create, resource: path), path: path, body: body.encoded(),
                contentType: "application/json", isRepeatable: false)
        }
        // etcd's gRPC gateway: bytes are base64, 64-bit numbers strings.
        let answer = try await client.send(post("/v3/kv/range", ["key": "AA=="]), decoding: JSONValue.self)
        let revision = answer["header"]?["revision"]?.string ?? "1"
        _ = try await client.send(post("/v3/kv/compaction", ["revision": .string(revision), "physical": true]))
    }

    package func configuration(_ user: User = .admin) -> ClusterConfiguration {
        Self.configuration(files, port, user)
    }

    private static func configuration(
        _ files: APIServerFiles, _ port: Int, _ user: User
    ) -> ClusterConfiguration {
        guard var configuration = ClusterConfiguration(server: "https://127.0.0.1:\(port)") else {
            preconditionFailure("the URL is not accepted")
        }
        configuration.authority = .file(files.folder("ca.crt"))
        switch user {
        case .admin:
            configuration.certificate = .file(files.folder("admin.crt"))
            configuration.key = .file(files.folder("admin.key"))
        case .named(let name): configuration.token = .inline(APIServerFiles.token(of: name))
        case .token(let token): configuration.token = .inline(token)
        }
        return configuration
    }

    package func client(_ user: User) throws -> KubeClient {
        try KubeClient(configuration: configuration(user), logger: .none)
    }

    /// The bearer token of alice, bob, carol, dave or erin.
    package func token(of user: String) -> String { APIServerFiles.token(of: user) }

    /// A file of the cluster: `ca.crt`, `other-ca.crt` (has signed nothing), `admin.crt`, `admin.key`.
    package func file(_ name: String) -> String { files.folder(name) }
}
