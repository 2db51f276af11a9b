import FoundationEssentials
import KubeConfig
import KubeRuntime
import TestSupport
import Testing

/// In each test the mount rotates while the agent cannot reach the server, and the agent is not restarted.
@Suite("Credentials that change while the agent runs")
struct CredentialFaultTests {
    @Test("a rejected token is replaced when its file changes")
    func token() async throws {
        try await withServer { world in
            try await world.server.allow("alice", ["*"], .secrets, in: world.namespace)
            try await world.server.allow("alice", ["*"], .secretsDistributions, in: world.namespace)
            let folder = try ScratchFolder()
            var configuration = world.server.configuration(.token(""))
            configuration.token = .file(try folder.write("token", world.server.token(of: "alice")))
            try await runs(world, configuration) {
                try world.server.replaceTokens { "new-token-of-\($0)" }
                try await world.server.restart()
            } fault: {
                "does not accept the credentials (status 401)"
            } mend: {
                try folder.write("token", "new-token-of-alice\n")
            }
            #expect(world.logs.count("token-of-alice") == 0)
        }
    }

    @Test("a server with a new certificate authority is trusted when the agent's CA file changes")
    func authority() async throws {
        try await withServer { world in
            let folder = try ScratchFolder()
            var configuration = world.server.configuration()
            configuration.authority = .file(try folder.copy("ca.crt", from: world.server))
            try await runs(world, configuration) {
                try await world.server.restart { $0.certificate = .ofOtherAuthority }
            } fault: {
                "signed by an unknown authority"
            } mend: {
                try folder.copy("ca.crt", from: world.server, "other-ca.crt")
            }
        }
    }

    @Test("a server with an expired certificate is reported, and is used again when it has a new one")
    func expired() async throws {
        try await withServer { world in
            try await runs(world, world.server.configuration()) {
                try await world.server.restart { $0.certificate = .expired }
            } fault: {
                "the server's certificate has expired"
            } mend: {
                try await world.server.restart { $0.certificate = .valid }
            }
        }
    }

    /// Runs an agent until it is in sync, causes the fault, and then removes it.
    ///
    /// - Parameter fault: the text that the agent logs meanwhile.
    private func runs(
        _ world: World, _ configuration: ClusterConfiguration, break: () async throws -> Void,
        fault: () -> String, mend: () async throws -> Void
    ) async throws {
        let client = try KubeClient(configuration: configuration, logger: .none)
        defer { client.shutdown() }
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("served", [("a", "a")]))
        try await world.withAgent(over: client) {
            try await world.expect("served", .synced)
            try await `break`()
            try volume.write(["a": "2"])
            #expect(await eventually { world.logs.contains("watch failed", fault()) })
            #expect(await eventually { world.logs.contains("distribution held back", fault()) })
            try await world.expect("served", ["a": "1"])
            try volume.write(["a": "3"])
            try await mend()
            try await world.expect("served", ["a": "3"])
            try await world.expect("served", .synced)
            // Noticed by the watch.
            try await world.create(world.distribution("late", [("a", "a")]))
            try await world.expect("late", ["a": "3"])
        }
    }
}

extension ScratchFolder {
    @discardableResult
    fileprivate func copy(_ name: String, from server: APIServer, _ source: String? = nil) throws -> String {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: server.file(source ?? name)))
        return try write(name, String(decoding: bytes, as: UTF8.self))
    }
}
