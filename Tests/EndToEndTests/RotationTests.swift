import Agent
import Distribution
import FoundationEssentials
import Kube
import KubeCurl
import LinuxIO
import TestSupport
import Testing

@Suite("A rotation on a real API server", .serialized)
struct RotationTests {
    @Test("reaches the Secret that uses the file")
    func reachesTheSecret() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["certs/tls.crt": "certificate 1", "certs/tls.key": "key 1"])
        try await world.create(
            world.distribution(
                "wildcard", type: "kubernetes.io/tls",
                [("certs/tls.crt", "tls.crt"), ("certs/tls.key", "tls.key")]))
        try await world.withAgent {
            try await world.expect("wildcard", ["tls.crt": "certificate 1", "tls.key": "key 1"])
            let generation = try volume.write(["certs/tls.crt": "certificate 2", "certs/tls.key": "key 2"])
            try await world.expect("wildcard", ["tls.crt": "certificate 2", "tls.key": "key 2"])
            try await world.expect("wildcard", .synced)

            let secret = try #require(try await world.secret("wildcard"))
            #expect(secret.type == "kubernetes.io/tls")
            #expect(secret.metadata.annotations?[Marks.managedBy] == world.namespace)
            #expect(secret.metadata.annotations?[Marks.distribution] == "\(world.namespace)/wildcard")
            #expect(secret.metadata.annotations?[Marks.mountGeneration] == generation)
            #expect(secret.metadata.labels?[Marks.managedByLabel] == world.namespace)
            #expect(
                try await eventually { try await world.distribution("wildcard").status.mountGeneration == generation })
        }
    }

    @Test("keeps every byte of binary content, and the end of the file as it is")
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
    @Test("of one file of 50 touches exactly its 10 of 500 Secrets")
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
                            annotations: [Marks.managedBy: world.namespace]))
                }
            }
        }
        // All namespaces, as an agent for a whole cluster; other tests' distributions are not assigned to it.
        try await world.withAgent {
            $0.watchNamespaces = nil
            $0.onlyAssigned = true
        } _: {
            let list = { () async throws in
                try await world.client.list(
                    LiveSecret.self, .secrets, namespace: world.namespace,
                    labelSelector: "\(Marks.managedByLabel)=\(world.namespace)"
                ).items
            }
            #expect(try await eventually(within: .seconds(60)) { isRight(try await list(), files, world) })
            let before = Dictionary(uniqueKeysWithValues: try await list().map { ($0.metadata.name, $0.version) })

            // As the kubelet does, every file is written anew; one has other bytes.
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
                    && secret.metadata.annotations?[Marks.distribution] == "\(world.namespace)/\(secret.metadata.name)"
            }
    }

    /// Every version of the Secret is seen through a watch from before the first one.
    @Test("of a certificate and its key, 200 times, never publishes a mixed pair")
    func neverMixesAPair() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        let pair = { (number: Int) in ["tls.crt": "certificate \(number)", "tls.key": "key \(number)"] }
        try volume.write(pair(0))
        try await world.create(
            world.distribution("pair", type: "kubernetes.io/tls", [("tls.crt", "tls.crt"), ("tls.key", "tls.key")]))
        let seen = try await SecretHistory.watching(world) { seen in
            try await world.withAgent {
                $0.debounceQuiet = .milliseconds(2)
                $0.debounceMax = .milliseconds(10)
            } _: {
                for number in 1...200 {
                    try volume.write(pair(number))
                    // Some are waited for, so that many generations are published; others follow at once.
                    if number % 4 == 0 { try await world.expect("pair", pair(number)) }
                }
                try await world.expect("pair", pair(200))
            }
            let last = pair(200).mapValues { Data($0.utf8) }
            #expect(await eventually { seen.all.contains { $0.data == last } })
        }
        let versions = seen.compactMap(\.data).filter { $0["tls.crt"] != nil }
        #expect(versions.count >= 50)
        for version in versions {
            let certificate = version["tls.crt"].map { String(decoding: $0, as: UTF8.self).split(separator: " ").last }
            let key = version["tls.key"].map { String(decoding: $0, as: UTF8.self).split(separator: " ").last }
            #expect(certificate == key)
        }
    }

    @Test("of a plain folder reaches the Secret too")
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
