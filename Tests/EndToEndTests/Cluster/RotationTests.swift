import Distribution
import FoundationEssentials
import TestSupport
import Testing

@Suite("A rotation on a real API server", .serialized)
struct RotationTests {
    @Test("reaches the Secret that uses the file")
    func reachesTheSecret() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        let (one, two) = (try TLSPair.make("one"), try TLSPair.make("two"))
        try volume.write(["certs/tls.crt": one.certificate, "certs/tls.key": one.key])
        try await world.create(
            world.distribution(
                "wildcard", type: "kubernetes.io/tls",
                [("certs/tls.crt", "tls.crt"), ("certs/tls.key", "tls.key")]))
        try await world.withAgent {
            try await world.expect("wildcard", ["tls.crt": one.certificate, "tls.key": one.key])
            let generation = try volume.write(["certs/tls.crt": two.certificate, "certs/tls.key": two.key])
            try await world.expect("wildcard", ["tls.crt": two.certificate, "tls.key": two.key])
            try await world.expect("wildcard", .synced)

            let secret = try #require(try await world.secret("wildcard"))
            #expect(secret.type == "kubernetes.io/tls")
            #expect(secret.metadata.annotations?[WellKnownKeys.managedBy] == world.namespace)
            #expect(secret.metadata.annotations?[WellKnownKeys.distribution] == "\(world.namespace)/wildcard")
            #expect(secret.metadata.annotations?[WellKnownKeys.mountGeneration] == generation)
            #expect(secret.metadata.labels?[WellKnownKeys.managedByLabel] == world.namespace)
            #expect(
                try await eventually { try await world.distribution("wildcard").status.mountGeneration == generation })
        }
    }

    @Test("keeps every byte of binary content, and does not change the end of the file")
    func keepsEveryByte() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        let bytes = (0..<70_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        try volume.write(["binary": bytes, "newline": Array("a\n".utf8), "none": Array("a".utf8), "empty": []])
        try await world.create(
            world.distribution(
                "all", [("binary", "binary"), ("newline", "newline"), ("none", "none"), ("empty", "empty")]))
        try await world.withAgent {
            try await world.expect("all", .synced)
            let data = try #require(try await world.secret("all")?.data)
            #expect(data["binary"].map { Array($0) == bytes } == true)
            #expect(data["newline"] == Data("a\n".utf8))
            #expect(data["none"] == Data("a".utf8))
            #expect(data["empty"] == Data())
        }
    }

    /// 500 distributions over 50 files: ten Secrets for each file.
    @Test("of one file of 50 changes exactly its 10 of 500 Secrets")
    func touchesExactlyTheAffected() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        var files = Dictionary(uniqueKeysWithValues: (0..<50).map { ("file-\($0)", "content \($0)") })
        try volume.write(files)
        try await withThrowingDiscardingTaskGroup { group in
            for number in 0..<500 {
                group.addTask {
                    try await world.create(
                        world.distribution(
                            "secret-\(number)", [("file-\(number % 50)", "value")],
                            annotations: [WellKnownKeys.managedBy: world.namespace]))
                }
            }
        }
        // All namespaces, as an agent for a whole cluster. Distributions of other tests are not assigned to it.
        try await world.withAgent {
            $0.watchNamespaces = nil
            $0.onlyAssigned = true
        } _: {
            let list = { () async throws in
                try await world.client.list(
                    LiveSecret.self, .secrets, namespace: world.namespace,
                    labelSelector: "\(WellKnownKeys.managedByLabel)=\(world.namespace)"
                ).items
            }
            #expect(try await eventually { isRight(try await list(), files, world) })
            let before = Dictionary(uniqueKeysWithValues: try await list().map { ($0.metadata.name, $0.version) })

            // Every file is rewritten, as the kubelet does it; one has different bytes.
            files["file-7"] = "rotated"
            try volume.write(files)
            #expect(try await eventually { isRight(try await list(), files, world) })
            try await world.expect("secret-7", ["value": "rotated"])
            let changed = try await list().filter { before[$0.metadata.name] != $0.version }.map(\.metadata.name)
            #expect(Set(changed) == Set((0..<10).map { "secret-\(7 + 50 * $0)" }))
        }
    }

    private func isRight(_ secrets: [LiveSecret], _ files: [String: String], _ world: World) -> Bool {
        secrets.count == 500
            && secrets.allSatisfy { secret in
                let number = Int(secret.metadata.name.dropFirst("secret-".count)) ?? -1
                return secret.data == ["value": Data((files["file-\(number % 50)"] ?? "").utf8)]
                    && secret.metadata.annotations?[WellKnownKeys.distribution]
                        == "\(world.namespace)/\(secret.metadata.name)"
            }
    }

    @Test("of a plain folder also reaches the Secret")
    func plainFolder() async throws {
        let world = try await World()
        try makeDirectory(world.mount + "/sub")
        try writeFile(world.mount + "/sub/password", "one")
        try await world.create(world.distribution("plain", [("sub/password", "password")]))
        try await world.withAgent {
            try await world.expect("plain", ["password": "one"])
            try writeFile(world.mount + "/sub/password", "two")
            try await world.expect("plain", ["password": "two"])
        }
    }
}
