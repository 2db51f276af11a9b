import Agent
import TestSupport
import TestTraits
import Testing

/// A list of Secrets fails as a whole if it contains one that the server cannot read.
@Suite("With a Secret that the API server cannot read", .endsIfHung)
struct UnreadableSecretTests {
    @Test(
        "a restarted agent serves all others, and the status of that one reports the reason", arguments: [true, false])
    func corrupt(_ isScoped: Bool) async throws {
        try await withServer { world in
            let volume = try AtomicVolume(world.mount)
            try volume.write(["a": "1"])
            for name in ["good", "bad", "foreign"] { try await world.create(world.distribution(name, [("a", "a")])) }
            try await world.create(secret: "foreign", managedBy: nil, ["theirs": "theirs"])
            let other = try await World(on: world.server)
            try await other.create(other.distribution("other", [("a", "a")]))
            let configure: @Sendable (inout Settings) -> Void = {
                $0.watchNamespaces = isScoped ? [world.namespace, other.namespace] : nil
            }
            try await world.withAgent(configure) {
                for name in ["good", "bad"] { try await world.expect(name, .synced) }
                try await other.expect("other", .synced)
            }
            try await world.server.corrupt("secrets/\(world.namespace)/bad")

            let second = try await World(sharing: world)
            try await second.withAgent(configure) {
                #expect(await eventually { second.logs.count("first pass done") == 1 })
                try await world.expect("bad", .writeFailed)
                let message = try await world.distribution("bad").status.ready?.message ?? ""
                #expect(message.contains("bad") && message.contains("500"), "\(message)")
                try volume.write(["a": "2"])
                try await world.expect("good", ["a": "2"])
                try await world.expect("good", .synced)
                try await other.expect("other", ["a": "2"])
                try await world.expect("foreign", .notManaged)
                // Without a watch, the next poll notices a hand edit.
                try await world.patchSecret("good", ["stringData": ["a": "by hand"]])
                try await world.expect("good", ["a": "2"])
                #expect(try await world.distribution("good").status.statusText?.contains("noticed late") == true)
                #expect(second.logs.count("secrets are read one by one") == 1)
                #expect(try await other.distribution("other").status.statusText?.contains("late") == false)
            }
        }
    }

    @Test("because its key was lost, the status reports it, and when the key is back everything is in sync again")
    func lostKey() async throws {
        let files = try ScratchFolder()
        let configuration = { (providers: String) in
            """
            kind: EncryptionConfiguration
            apiVersion: apiserver.config.k8s.io/v1
            resources: [{resources: [secrets], providers: [\(providers)]}]
            """
        }
        let key = "aescbc: {keys: [{name: first, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}"
        let path = try files.write("encryption.yaml", configuration("{identity: {}}, {\(key)}"))
        var options = APIServer.Options()
        options.serverFlags = ["--encryption-provider-config=\(path)"]
        try await withServer(options) { world in
            let volume = try AtomicVolume(world.mount)
            try volume.write(["a": "1"])
            for name in ["good", "bad"] { try await world.create(world.distribution(name, [("a", "a")])) }
            try await world.withAgent { for name in ["good", "bad"] { try await world.expect(name, .synced) } }
            // Encrypted at the next write.
            try files.write("encryption.yaml", configuration("{\(key)}, {identity: {}}"))
            try await world.server.restart()
            try await world.patchSecret("bad", ["metadata": ["labels": ["theirs": "1"]]])
            try files.write("encryption.yaml", configuration("{identity: {}}"))
            // The server's own list of Secrets fails too.
            try await world.server.restart(without: ["informer-sync"])

            let second = try await World(sharing: world)
            try await second.withAgent {
                try await world.expect("bad", .writeFailed)
                let message = try await world.distribution("bad").status.ready?.message ?? ""
                #expect(message.contains("no matching prefix found"), "\(message)")
                try volume.write(["a": "2"])
                try await world.expect("good", ["a": "2"])
                try files.write("encryption.yaml", configuration("{identity: {}}, {\(key)}"))
                try await world.server.restart()
                try await world.expect("bad", ["a": "2"])
                for name in ["good", "bad"] { try await world.expect(name, .synced) }
                #expect(
                    try await eventually {
                        try await world.distribution("good").status.statusText?.contains("late") == false
                    })
            }
        }
    }

    @Test("a single pass serves all others and fails")
    func pass() async throws {
        try await withServer { world in
            let volume = try AtomicVolume(world.mount)
            try volume.write(["a": "1"])
            for name in ["good", "bad"] { try await world.create(world.distribution(name, [("a", "a")])) }
            try await world.withAgent { for name in ["good", "bad"] { try await world.expect(name, .synced) } }
            try await world.server.corrupt("secrets/\(world.namespace)/bad")
            try volume.write(["a": "2"])
            let result = try await world.sync()
            try await world.expect("good", ["a": "2"])
            let reasons = result.outcomes.map { "\($0.key.name) \($0.value.reason.rawValue)" }.sorted()
            #expect(reasons == ["bad WriteFailed", "good Synced"])
            #expect(result.faults.contains { $0.contains("cannot be listed as a whole") })
        }
    }
}

extension World {
    /// Makes one pass in this process.
    func sync(as user: APIServer.User = .admin, _ configure: (inout Settings) -> Void = { _ in }) async throws
        -> SyncResult
    {
        let client = try server.client(user)
        defer { client.shutdown() }
        var settings = settings
        configure(&settings)
        let backend = Backend(client, settings, namespace: namespace, logger: logs.logger)
        return try await Agent(settings: settings, backend: backend, logger: logs.logger).sync(
            until: AsyncStream { _ in })
    }
}
