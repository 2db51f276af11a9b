package import Glibc
package import KubeConfig
package import KubeRuntime
import LinuxIO

/// A real etcd and kube-apiserver on loopback, with RBAC, client certificates and token users.
package final class APIServer: Sendable {
    package enum User: Sendable {
        /// May do everything; authenticates with a client certificate.
        case admin
        /// alice, bob, carol, dave, erin or frank; authenticates with a token and may do nothing until `allow` is
        /// called. Give frank no rights in `default` or in all namespaces: tests need a user without them.
        case named(String)
        /// Authenticates with any bearer token.
        case token(String)
    }

    /// Options of a separate server, which the shared one does not have.
    package struct Options: Sendable {
        package enum Certificate: String, Sendable {
            case valid = "server"
            case expired = "expired"
            /// Signed by the certificate authority of `other-ca.crt`.
            case ofOtherAuthority = "other-server"
        }

        package var certificate = Certificate.valid
        /// Disabled admission plugins. Nothing creates service accounts or quotas here, and the server stops evaluating
        /// quotas after ten seconds, which a busy machine may need.
        package var disabledAdmission = ["ServiceAccount", "ResourceQuota"]
        /// Whether it serves what a manifest of a workload needs (Deployments, PodDisruptionBudgets, NetworkPolicies).
        /// Without these APIs, a server starts in half the processor time.
        package var servesWorkloads = false
        package var serverFlags: [String] = []
        package var etcdFlags: [String] = []
        /// Variables of both processes. They collect garbage at five times the size of what is live, not twice: most
        /// servers serve one test, and a quarter of their start was garbage collection.
        package var environment = ["GOGC=400"]

        package init() {}

        package static var withWorkloads: Options {
            var options = Options()
            options.servesWorkloads = true
            return options
        }

        /// APIs and priority levels that no test of Secrets needs.
        fileprivate var apiFlags: [String] {
            if servesWorkloads { return [] }
            let unused = [
                "apps", "autoscaling", "batch", "certificates.k8s.io", "networking.k8s.io", "node.k8s.io",
                "storage.k8s.io",
            ]
            let off = ["api/beta=false", "api/alpha=false"] + unused.map { "\($0)/v1=false" }
            return ["--enable-priority-and-fairness=false", "--runtime-config=" + off.joined(separator: ",")]
        }

        /// With the plugins that wait for objects of an API that is not served.
        fileprivate var allDisabledAdmission: [String] {
            if servesWorkloads { return disabledAdmission }
            return disabledAdmission + [
                "CertificateApproval", "CertificateSigning", "CertificateSubjectRestriction", "DefaultIngressClass",
                "DefaultStorageClass", "PersistentVolumeClaimResize", "RuntimeClass", "StorageObjectInUseProtection",
            ]
        }
    }

    private struct Processes {
        var etcd: ServerProcess
        var server: ServerProcess
        var options: Options
    }

    let files: APIServerFiles
    let audit: AuditLog
    let etcdPort: Int
    private let peerPort: Int
    package let port: Int
    private let processes: Mutex<Processes>
    /// A client of user admin.
    package let client: KubeClient

    private static let starting = Task { try await start(.withWorkloads) }

    /// The server that all tests share; the first caller starts it.
    package static func shared() async throws -> APIServer { try await starting.value }

    /// Starts a separate server, which the test may stop and pause.
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
        audit = AuditLog(files.folder("audit.log"))
        (etcdPort, peerPort, port) = ports
        self.processes = Mutex(processes)
        var configuration = Self.configuration(files, port, .admin)
        // The tests' own access, whatever certificate the server has.
        configuration.insecureSkipTLSVerify = true
        client = try KubeClient(configuration: configuration, logger: .none)
    }

    private static func startEtcd(
        _ files: APIServerFiles, port: Int, peerPort: Int, _ options: Options
    ) async throws -> ServerProcess {
        try await ServerProcess(
            "env",
            options.environment + [
                files.assets + "/etcd", "--data-dir", files.folder("etcd"), "--listen-client-urls",
                "http://127.0.0.1:\(port)",
                "--advertise-client-urls", "http://127.0.0.1:\(port)",
                "--listen-peer-urls", "http://127.0.0.1:\(peerPort)",
            ] + options.etcdFlags, log: files.folder("etcd.log"))
    }

    /// Uses no flag that a later release has removed.
    private static func startServer(
        _ files: APIServerFiles, etcdPort: Int, port: Int, _ options: Options
    ) async throws -> ServerProcess {
        let folder = files.folder
        return try await ServerProcess(
            "env",
            options.environment + [
                files.assets + "/kube-apiserver", "--etcd-servers=http://127.0.0.1:\(etcdPort)",
                "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port=\(port)",
                "--cert-dir=\(folder("apiserver"))",
                "--tls-cert-file=\(folder(options.certificate.rawValue + ".crt"))",
                "--tls-private-key-file=\(folder("server.key"))",
                "--client-ca-file=\(folder("ca.crt"))", "--token-auth-file=\(folder("tokens.csv"))",
                "--authorization-mode=RBAC",
                "--disable-admission-plugins=\(options.allDisabledAdmission.joined(separator: ","))",
                "--service-account-issuer=https://kubernetes.default.svc",
                "--service-account-key-file=\(folder("service-account.key"))",
                "--service-account-signing-key-file=\(folder("service-account.key"))",
                "--service-cluster-ip-range=10.0.0.0/24",
                "--audit-policy-file=\(folder("audit.yaml"))", "--audit-log-path=\(folder("audit.log"))",
                "--audit-log-mode=blocking",
                // Megabytes. A search of a log that was rotated would miss the earlier part.
                "--audit-log-maxsize=100000",
            ] + options.apiFlags + options.serverFlags, log: folder("kube-apiserver.log"))
    }

    /// Waits until the server is ready. On a busy machine kube-apiserver may end by itself, because it allows half a
    /// minute for the creation of its own roles: then it is restarted, as a kubelet would do, at most three starts in
    /// all.
    ///
    /// - Parameter ignored: readiness checks that may fail.
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

    /// An error with the end of the servers' logs.
    private func failure(_ what: String) -> ServerProcess.StartError {
        let tails = ["etcd.log", "kube-apiserver.log"].map { name in
            let text = (try? files.folder.read(name)).map { String(decoding: $0.suffix(2000), as: UTF8.self) } ?? ""
            return "--- \(name)\n\(text)"
        }
        return ServerProcess.StartError(description: "the API server \(what)\n" + tails.joined(separator: "\n"))
    }
}

extension APIServer {
    /// The processes of etcd and kube-apiserver.
    package var identifiers: [pid_t] { processes.withLock { [$0.etcd.identifier, $0.server.identifier] } }

    /// Kills kube-apiserver like a crash; etcd and its data stay.
    package func stop() async { await processes.withLock { $0.server }.kill() }

    /// Starts kube-apiserver again, on the same port, with the same data.
    ///
    /// - Parameter ignored: readiness checks that may fail, such as `informer-sync` if it cannot list Secrets.
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

    /// Sets the tokens that the server accepts for the users from its next start on.
    package func replaceTokens(_ token: (_ user: String) -> String) throws {
        try files.writeTokens(token)
    }

    /// Kills etcd like a crash; its data stay.
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

    /// Copies etcd's data, and replaces an older copy. etcd is stopped meanwhile.
    package func backUpEtcd() async throws {
        await stopEtcd()
        try await copyEtcd(from: "etcd", to: "etcd-backup")
        try await restartEtcd()
    }

    /// Restores etcd's data, including the resource versions. Restarts kube-apiserver, which a restore of etcd
    /// requires.
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

    /// Stops kube-apiserver with SIGSTOP; its connections stay open.
    package func pause() { processes.withLock { $0.server.pause() } }

    package func resume() { processes.withLock { $0.server.resume() } }

    /// Stops etcd with SIGSTOP.
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
            preconditionFailure("the URL is invalid")
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

    /// The path of a file of the cluster: `ca.crt`, `other-ca.crt` (not the servers'), `admin.crt`, `admin.key`.
    package func file(_ name: String) -> String { files.folder(name) }
}
