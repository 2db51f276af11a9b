import Kube
import LinuxIO
import Observability
import TestSupport
import TestTraits
import Testing

@testable import KubeConfig
@testable import KubeRuntime

@Suite(.tags(.concurrent, .unsafeMemory), .endsIfHung)
struct CredentialTests {
    private func client(_ configuration: ClusterConfiguration) throws -> KubeClient {
        try KubeClient(configuration: configuration, logger: .none, attempts: 1)
    }

    @Test func `a user with a token may do what its role allows, and no more`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let alice = try server.client(.named("alice"))
        defer { alice.shutdown() }
        let list = { () async throws(KubeError) in
            try await alice.list(MetadataOnly.self, .secrets, namespace: namespace)
        }
        guard case .forbidden(let message) = await failure(list) else {
            Issue.record("not forbidden")
            return
        }
        #expect(message.contains("User \"alice\" cannot list resource \"secrets\""))
        try await server.allow("alice", ["list"], .secrets, in: namespace)
        #expect(await eventually { await failure(list) == nil })
    }

    @Test func `an unknown token is rejected`() async throws {
        let server = try await APIServer.shared()
        let client = try server.client(.token("unknown"))
        defer { client.shutdown() }
        let error = await failure { () throws(KubeError) in try await client.send(.get(path: "/api")) }
        #expect(error == .unauthorized)
    }

    @Test func `a rotated token file is read again`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        try await server.allow("bob", ["create"], .secrets, in: namespace)
        let folder = try ScratchFolder()
        var configuration = server.configuration(.token(""))
        configuration.token = .file(try folder.write("token", "expired\n"))
        let client = try client(configuration)
        defer { client.shutdown() }
        let refused = await failure { () throws(KubeError) in try await client.send(.get(path: "/api")) }
        #expect(refused == .unauthorized)
        try folder.write("token", server.token(of: "bob") + "\n")
        try await client.create(.secrets, namespace: namespace, secret("a"))
        // An invalid file is ignored as long as the last valid token is accepted.
        try folder.write("token", "\n")
        _ = try await client.send(.get(path: "/api"))
    }

    @Test func `a certificate of another authority is not trusted, and the error gives the reason`() async throws {
        let server = try await APIServer.shared()
        var configuration = server.configuration()
        configuration.authority = .file(server.file("other-ca.crt"))
        let client = try client(configuration)
        defer { client.shutdown() }
        let error = await failure { () throws(KubeError) in try await client.send(.get(path: "/version")) }
        guard case .transport(.tls(let reason)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("signed by an unknown authority"))
    }

    @Test func `the certificate must have the requested name`() async throws {
        let server = try await APIServer.shared()
        var configuration = server.configuration()
        configuration.tlsServerName = "kubernetes"
        let good = try client(configuration)
        defer { good.shutdown() }
        _ = try await good.send(.get(path: "/version"))
        configuration.tlsServerName = "elsewhere"
        let bad = try client(configuration)
        defer { bad.shutdown() }
        let error = await failure { () throws(KubeError) in try await bad.send(.get(path: "/version")) }
        guard case .transport(.tls(let reason)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("elsewhere"))
    }

    @Test func `connecting to a port without a listener fails`() async throws {
        let configuration = try #require(ClusterConfiguration(server: "https://127.0.0.1:1"))
        let client = try client(configuration)
        defer { client.shutdown() }
        let error = await failure { () throws(KubeError) in try await client.send(.get(path: "/version")) }
        guard case .transport(.connect) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `a kubeconfig with a client certificate works`() async throws {
        let server = try await APIServer.shared()
        let file = try server.kubeconfig(namespace: "web")
        guard let bytes = try? FileDescriptor.bytes(at: file) else {
            Issue.record("no file")
            return
        }
        let configuration = try ClusterConfiguration(
            KubeconfigFiles([(file, Kubeconfig(json: bytes, file: file))]))
        #expect(configuration.namespace == "web")
        let client = try client(configuration)
        defer { client.shutdown() }
        _ = try await client.list(MetadataOnly.self, .secrets)
    }

    @Test func `a pod's service account is read from the path that the kubelet uses`() async throws {
        let server = try await APIServer.shared()
        let folder = try ScratchFolder()
        try folder.write("token", server.token(of: "carol"))
        try folder.write("ca.crt", String(decoding: FileDescriptor.bytes(at: server.file("ca.crt")), as: UTF8.self))
        try folder.write("namespace", "web\n")
        let configuration = try ClusterConfiguration.inCluster(
            environment: ["KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "\(server.port)"],
            directory: folder.path)
        #expect(configuration.namespace == "web")
        let client = try client(configuration)
        defer { client.shutdown() }
        _ = try await client.send(.get(path: "/api"))
    }

    @Test("a plugin's token is used until it expires or is rejected", arguments: [false, true])
    func plugin(isStream: Bool) async throws {
        let server = try await APIServer.shared()
        let folder = try ScratchFolder()
        // The first run returns a token that is rejected; each run appends a line.
        let plugin = try folder.write(
            "plugin",
            """
            #!/bin/sh
            echo "$KUBERNETES_EXEC_INFO $1 $EXTRA" >> "$(dirname "$0")/runs"
            [ "$(wc -l < "$(dirname "$0")/runs")" -gt 1 ] && token=\(server.token(of: "dave")) || token=refused
            printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",'
            printf '"status":{"token":"%s","expirationTimestamp":"2999-01-01T00:00:00Z"}}' "$token"
            """, executable: true)
        var exec = ExecPlugin(
            apiVersion: "client.authentication.k8s.io/v1", command: plugin, arguments: ["argument"])
        exec.environment = ["EXTRA": "extra"]
        var configuration = server.configuration(.token(""))
        configuration.token = .exec(exec)
        let client = try client(configuration)
        defer { client.shutdown() }
        for _ in 0..<3 {
            if isStream {
                _ = try await client.stream(.get(path: "/api"))
            } else {
                _ = try await client.send(.get(path: "/api"))
            }
        }
        let runs = String(decoding: try FileDescriptor.bytes(at: folder("runs")), as: UTF8.self).split(separator: "\n")
        #expect(runs.count == 2)
        #expect(runs.first?.hasSuffix(" argument extra") == true)
        #expect(runs.first?.contains("\"interactive\":false") == true)
    }

    @Test(arguments: [
        ("exit 3", "ended with exit status 3"), ("echo '{}'", "printed no ExecCredential"),
        ("kill -TERM $$", "was ended by signal 15"),
        ("exec sleep 60", "did not end within 1 s"),
        ("printf '{\"status\":{\"token\":\"t\"}}'; exec >&-; exec sleep 59", "did not end within 1 s"),
        ("yes", "more than 1048576 bytes"),
    ])
    func `the error for a plugin without a result names and describes it`(script: String, reason: String) async throws {
        // Only the script that sleeps should reach the timeout.
        let timeout: Duration = script.contains("sleep") ? .seconds(1) : .seconds(60)
        let folder = try ScratchFolder()
        let plugin = ExecPlugin(
            apiVersion: "client.authentication.k8s.io/v1",
            command: try folder.write("plugin", "#!/bin/sh\n\(script)\n", executable: true))
        let endpoint = Endpoint(server: try #require(ServerURL("https://localhost")))
        let result = await OwnedThread.value(name: "plugin") {
            Result { () throws(TransportFailure) in try plugin.run(for: endpoint, timeout: timeout) }
        }
        guard case .failure(.credentials(let text)) = result else {
            Issue.record("no failure")
            return
        }
        #expect(text.contains("\(plugin.command) ") && text.contains(reason), "\(text)")
    }

    @Test func `cancellation ends the wait for a plugin, and another caller still gets its result`() async throws {
        let folder = try ScratchFolder()
        let command = try folder.write(
            "plugin",
            """
            #!/bin/sh
            echo run >> "$(dirname "$0")/runs"
            until [ -e "$(dirname "$0")/go" ]; do sleep 0.05; done
            printf '{"status":{"token":"t"}}'
            """, executable: true)
        var configuration = try #require(ClusterConfiguration(server: "https://localhost"))
        configuration.token = .exec(ExecPlugin(apiVersion: "client.authentication.k8s.io/v1", command: command))
        let credentials = Credentials(configuration)
        let ask = { @Sendable () async -> Result<String?, TransportFailure> in
            do throws(TransportFailure) {
                return .success(try await credentials.endpoint().token)
            } catch {
                return .failure(error)
            }
        }
        let tasks = (0..<3).map { _ in Task { await ask() } }
        #expect(await eventually { (try? FileDescriptor.bytes(at: folder("runs"))) != nil })
        async let patient = ask()
        for task in tasks { task.cancel() }
        for task in tasks { #expect(await task.value == .failure(.cancelled)) }
        try folder.write("go", "")
        #expect(await patient == .success("t"))
        #expect(try FileDescriptor.bytes(at: folder("runs")) == Array("run\n".utf8))
    }

    @Test func `a plugin's credential is requested again after it has expired`() async throws {
        let folder = try ScratchFolder()
        let command = try folder.write(
            "plugin",
            """
            #!/bin/sh
            echo run >> "$(dirname "$0")/runs"
            printf '{"status":{"token":"t%s","expirationTimestamp":"2026-01-01T00:00:00Z"}}' \\
                "$(wc -l < "$(dirname "$0")/runs")"
            """, executable: true)
        var configuration = try #require(ClusterConfiguration(server: "https://localhost"))
        configuration.token = .exec(ExecPlugin(apiVersion: "client.authentication.k8s.io/v1", command: command))
        let fresh = Credentials(configuration) { Timestamp(rfc3339: "2025-12-31T00:00:00Z") ?? .now() }
        #expect(try await fresh.endpoint().token == "t1")
        #expect(try await fresh.endpoint().token == "t1")
        let late = Credentials(configuration) { Timestamp(rfc3339: "2026-01-02T00:00:00Z") ?? .now() }
        #expect(try await late.endpoint().token == "t2")
        #expect(try await late.endpoint().token == "t3")
    }
}
