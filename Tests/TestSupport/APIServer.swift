package import KubeConfig
package import KubeRuntime
import LinuxIO

/// A real etcd and kube-apiserver on loopback, with RBAC, client certificates and token users.
package final class APIServer: Sendable {
    package enum User: Sendable {
        /// May do everything; authenticates by client certificate.
        case admin
        /// alice, bob, carol, dave, erin or frank; authenticates by token and may do nothing until `allow`.
        case named(String)
        /// Any bearer token.
        case token(String)
    }

    /// What a server of one's own may have that the shared one has not.
    package struct Options: Sendable {
        package enum Certificate: String, Sendable {
            case valid = "server"
            case expired = "expired"
            /// Signed by the authority of `other-ca.crt`.
            case ofOtherAuthority = "other-server"
        }

        package var certificate = Certificate.valid
        /// Plugins that are off. Nobody makes service accounts here; and nobody sets a quota, whose evaluation the server
        /// gives up after ten seconds, which a busy machine may need for it.
        package var disabledAdmission = ["ServiceAccount", "ResourceQuota"]
        package var serverFlags: [String] = []
        package var etcdFlags: [String] = []

        package init() {}
    }

    private struct Processes {
        var etcd: ServerProcess
        var server: ServerProcess
        var options: Options
    }

    let files: APIServerFiles
    let etcdPort: Int
    private let peerPort: Int
    package let port: Int
    private let processes: Mutex<Processes>
    /// As admin.
    package let client: KubeClient

    private static let starting = Task { try await start() }

    /// The one that all tests share; started by the first one that asks.
    package static func shared() async throws -> APIServer { try await starting.value }

    /// A server of one's own, to be stopped and paused at will.
    package static func start(_ options: Options = Options()) async throws -> APIServer {
        let files = try await APIServerFiles.make()
        let (etcdPort, peerPort, port) = (LoopbackPort.reserve(), LoopbackPort.reserve(), LoopbackPort.reserve())
        let etcd = try await startEtcd(files, port: etcdPort, peerPort: peerPort, options)
        let process = try await startServer(files, etcdPort: etcdPort, port: port, options)
        let processes = Processes(etcd: etcd, server: process, options: options)
        let server = try APIServer(files, (etcdPort, peerPort, port), processes)
        try await server.waitUntilReady()
        return server
    }

    private init(
        _ files: APIServerFiles, _ ports: (etcd: Int, peer: Int, own: Int), _ processes: Processes
    ) throws {
        self.files = files
        (etcdPort, peerPort, port) = ports
        self.processes = Mutex(processes)
        var configuration = Self.configuration(files, port, .admin)
        // The tests' own way in, whatever certificate the server has.
        configuration.insecureSkipTLSVerify = true
        client = try KubeClient(configuration: configuration, logger: .none)
    }

    private static func startEtcd(
        _ files: APIServerFiles, port: Int, peerPort: Int, _ options: Options
    ) async throws -> ServerProcess {
        try await ServerProcess(
            files.assets + "/etcd",
            [
                "--data-dir", files.folder("etcd"), "--listen-client-urls", "http://127.0.0.1:\(port)",
                "--advertise-client-urls", "http://127.0.0.1:\(port)",
                "--listen-peer-urls", "http://127.0.0.1:\(peerPort)",
            ] + options.etcdFlags, log: files.folder("etcd.log"))
    }

    /// No flag that a later release has removed.
    private static func startServer(
        _ files: APIServerFiles, etcdPort: Int, port: Int, _ options: Options
    ) async throws -> ServerProcess {
        let folder = files.folder
        return try await ServerProcess(
            files.assets + "/kube-apiserver",
            [
                "--etcd-servers=http://127.0.0.1:\(etcdPort)",
                "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port=\(port)",
                "--cert-dir=\(folder("apiserver"))",
                "--tls-cert-file=\(folder(options.certificate.rawValue + ".crt"))",
                "--tls-private-key-file=\(folder("server.key"))",
                "--client-ca-file=\(folder("ca.crt"))", "--token-auth-file=\(folder("tokens.csv"))",
                "--authorization-mode=RBAC",
                "--disable-admission-plugins=\(options.disabledAdmission.joined(separator: ","))",
                "--service-account-issuer=https://kubernetes.default.svc",
                "--service-account-key-file=\(folder("service-account.key"))",
                "--service-account-signing-key-file=\(folder("service-account.key"))",
                "--service-cluster-ip-range=10.0.0.0/24",
                "--audit-policy-file=\(folder("audit.yaml"))", "--audit-log-path=\(folder("audit.log"))",
                "--audit-log-mode=blocking",
            ] + options.serverFlags, log: folder("kube-apiserver.log"))
    }

    /// On a machine that is busy kube-apiserver may end by itself, for it gives its own roles half a minute to be there: it
    /// is started again, as a kubelet would, three times in all at the most.
    ///
    /// - Parameter ignored: checks of its readiness that may fail.
    private func waitUntilReady(without ignored: [String] = []) async throws {
        let path = "/readyz" + (ignored.isEmpty ? "" : "?" + ignored.map { "exclude=\($0)" }.joined(separator: "&"))
        var starts = 1
        let isReady = try await eventually {
            let (current, options) = self.processes.withLock { ($0, $0.options) }
            if current.etcd.hasEnded || (current.server.hasEnded && starts == 3) { throw self.failure("ended") }
            if current.server.hasEnded {
                starts += 1
                print("kube-apiserver has ended by itself, start \(starts)")
                await current.server.kill()
                let next = try await Self.startServer(self.files, etcdPort: self.etcdPort, port: self.port, options)
                self.processes.withLock { $0.server = next }
            }
            return (try? await self.client.send(.get(path: path))) != nil
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
    ///
    /// - Parameter ignored: checks of its readiness that may fail, as `informer-sync` if it cannot list Secrets.
    package func restart(
        without ignored: [String] = [], _ amend: (inout Options) -> Void = { _ in }
    ) async throws {
        await stop()
        let options = processes.withLock { processes in
            amend(&processes.options)
            return processes.options
        }
        let process = try await Self.startServer(files, etcdPort: etcdPort, port: port, options)
        processes.withLock { $0.server = process }
        try await waitUntilReady(without: ignored)
    }

    /// What the server takes for alice's, bob's, carol's or dave's token from its next start on.
    package func replaceTokens(_ token: (_ user: String) -> String) throws {
        try files.writeTokens(token)
    }

    /// Ends etcd as a crash would; its data stay.
    package func stopEtcd() async { await processes.withLock { $0.etcd }.kill() }

    /// Starts etcd again, on the same port, with the same data.
    package func restartEtcd() async throws {
        try await launchEtcd()
        try await waitUntilReady()
    }

    private func launchEtcd() async throws {
        await stopEtcd()
        let options = processes.withLock { $0.options }
        let etcd = try await Self.startEtcd(files, port: etcdPort, peerPort: peerPort, options)
        processes.withLock { $0.etcd = etcd }
    }

    /// Keeps a copy of etcd's data, in place of an older one. etcd is away meanwhile.
    package func backUpEtcd() async throws {
        await stopEtcd()
        try await copyEtcd(from: "etcd", to: "etcd-backup")
        try await restartEtcd()
    }

    /// Puts etcd's data back as they were: also the resource versions. kube-apiserver is restarted, as who restores etcd
    /// has to.
    package func restoreEtcd() async throws {
        await stop()
        await stopEtcd()
        try await copyEtcd(from: "etcd-backup", to: "etcd")
        try await launchEtcd()
        try await restart()
    }

    private func copyEtcd(from source: String, to target: String) async throws {
        removeTree(files.folder(target))
        try await ServerProcess.run(
            ["cp", "-a", files.folder(source), files.folder(target)], log: files.folder("copy.log"))
    }

    /// Ends both servers.
    package func end() async {
        client.shutdown()
        await stop()
        await stopEtcd()
    }

    /// Makes kube-apiserver silent; its connections stay.
    package func pause() { processes.withLock { $0.server.pause() } }

    package func resume() { processes.withLock { $0.server.resume() } }

    /// Makes etcd silent.
    package func pauseEtcd() { processes.withLock { $0.etcd.pause() } }

    package func resumeEtcd() { processes.withLock { $0.etcd.resume() } }

    /// - Parameter proxy: the port of 127.0.0.1 that leads to the server, if it is not the server's own.
    package func configuration(_ user: User = .admin, through proxy: Int? = nil) -> ClusterConfiguration {
        Self.configuration(files, proxy ?? port, user)
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

    /// The bearer token of alice, bob, carol, dave, erin or frank.
    package func token(of user: String) -> String { APIServerFiles.token(of: user) }

    /// A file of the cluster: `ca.crt`, `other-ca.crt` (is not the servers'), `admin.crt`, `admin.key`.
    package func file(_ name: String) -> String { files.folder(name) }
}
