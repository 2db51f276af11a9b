import Agent
import FoundationEssentials
import JSON
import TestSupport
import Testing

/// These tests see every version of a Secret, through a watch that starts before the first version.
@Suite("A rotation of a certificate and its key on a real API server", .serialized)
struct CertificatePairTests {
    @Test("together, 200 times, never publishes a mixed pair")
    func together() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        let pairs = try (0...200).map { try TLSPair.make("together \($0)") }
        try volume.write(files(pairs[0], pairs[0]))
        // Without validation, the agent itself must keep pairs together.
        try await create("pair", in: world, spec: ["validation": "None"])
        let seen = try await watching(world, until: pairs[200]) {
            try await world.withAgent(Self.fast) {
                for (number, pair) in pairs.enumerated().dropFirst() {
                    try volume.write(files(pair, pair))
                    // The test waits for some pairs, so that the agent publishes many generations. Others follow at
                    // once.
                    if number % 4 == 0 { try await world.expect("pair", files(pair, pair)) }
                }
                try await world.expect("pair", files(pairs[200], pairs[200]))
            }
        }
        #expect(seen.count >= 50)
        #expect(seen.subtracting(pairs.map { content($0) }).isEmpty)
    }

    @Test("as two generations never publishes a mixed pair, and publishes each pair as soon as both halves match")
    func inHalves() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        let pairs = try (0...40).map { try TLSPair.make("halves \($0)") }
        try volume.write(files(pairs[0], pairs[0]))
        try await create("pair", in: world)
        let seen = try await watching(world, until: pairs[40]) {
            try await world.withAgent(Self.fast) {
                try await world.expect("pair", files(pairs[0], pairs[0]))
                for number in 1...40 {
                    let (old, new) = (pairs[number - 1], pairs[number])
                    try volume.write(number % 2 == 0 ? files(new, old) : files(old, new))
                    // The test waits for some mismatches. Other halves are followed by the second half at once.
                    if number % 4 == 0 { try await world.expect("pair", .pairMismatch) }
                    try volume.write(files(new, new))
                    try await world.expect("pair", files(new, new))
                }
                try await world.expect("pair", .synced)
            }
        }
        #expect(seen.count >= 20)
        #expect(seen.subtracting(pairs.map { content($0) }).isEmpty)
    }

    @Test("in halves with a restart between them keeps the last good pair, and creates no Secret from a mismatch")
    func restart() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        let (old, new) = (try TLSPair.make("before"), try TLSPair.make("after"))
        try volume.write(files(old, old))
        try await create("there", in: world)
        let seen = try await watching(world, until: new) {
            try await world.withAgent {
                try await world.expect("there", files(old, old))
                try volume.write(files(new, old))
                try await world.expect("there", .pairMismatch)
            }
            try await create("not-there", in: world)
            let again = try await World(sharing: world)
            try await again.withAgent {
                try await world.expect("not-there", .pairMismatch)
                #expect(await eventually { again.logs.count("/there") > 0 })
                #expect(try await world.secret("not-there") == nil)
                #expect(try await world.secret("there")?.texts == content(old))
                try volume.write(files(new, new))
                try await world.expect("there", files(new, new))
                try await world.expect("not-there", files(new, new))
                try await world.expect("there", .synced)
                try await world.expect("not-there", .synced)
            }
        }
        #expect(seen.subtracting([content(old), content(new)]).isEmpty)
    }

    @Test("that leaves a file empty keeps its content until the file has content again")
    func emptied() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "one"])
        try await world.create(world.distribution("emptied", [("a", "a")]))
        try await world.withAgent {
            try await world.expect("emptied", ["a": "one"])
            try volume.write(["a": ""])
            try await world.expect("emptied", .sourceUnreadable)
            #expect(try await world.secret("emptied")?.data == ["a": Data("one".utf8)])
            try volume.write(["a": "two"])
            try await world.expect("emptied", ["a": "two"])
            try await world.patch("emptied", ["spec": ["validation": "None"]])
            try volume.write(["a": ""])
            try await world.expect("emptied", ["a": ""])
        }
    }

    @Test("in one file is split, and its key appears in tls.key only", arguments: ["Full", "None"])
    func combined(validation: String) async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        let root = try TLSPair.make("root", isAuthority: true)
        let pairs = try (0...5).map { try TLSPair.make("combined \($0)", issuer: root) }
        let file = { (pair: TLSPair) in ["pem": root.certificate + pair.key + pair.certificate] }
        let parts = { (pair: TLSPair) -> SecretStateRecorder.Values in
            ["tls.crt": pair.chain(root), "tls.key": pair.key, "ca.crt": root.certificate]
        }
        try volume.write(file(pairs[0]))
        try await world.create(
            world.distribution(
                "combined", type: "kubernetes.io/tls", [("pem", "tls.crt"), ("pem", "tls.key"), ("pem", "ca.crt")],
                extra: ["validation": .string(validation)]))
        try await world.create(
            world.distribution("opaque", [("pem", "tls.crt")], extra: ["validation": .string(validation)]))
        let seen = try await world.witnessed { witness in
            try await world.withAgent(Self.fast) {
                for pair in pairs {
                    try volume.write(file(pair))
                    try await world.expect("combined", parts(pair))
                }
                try await world.expect("opaque", .sourceUnreadable)
                try volume.write(["pem": PFX.base64])
                try await world.expect("combined", .sourceUnreadable)
                let message = try await world.distribution("combined").status.ready?.message
                #expect(message?.contains("PKCS#12") == true && message?.contains("needs a password") == true)
                try await world.expect("combined", parts(pairs[5]))
                #expect(try await world.secret("opaque") == nil)
            }
            return Set(witness.all.values.joined())
        }
        #expect(seen.subtracting(pairs.map(parts)).isEmpty)
    }

    /// The API server validates the same: the agent holds back what the server would reject for the type.
    @Test(
        "is held back if the API server would reject it",
        arguments: [
            ("kubernetes.io/dockerconfigjson", ".dockerconfigjson", "hunter2", #"{"auths":{}}"#),
            ("kubernetes.io/dockercfg", ".dockercfg", "[]", "{}"),
            ("kubernetes.io/ssh-auth", "ssh-privatekey", "", "key"),
        ])
    func types(type: String, key: String, bad: String, good: String) async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["f": bad])
        try await world.create(world.distribution("checked", type: type, [("f", key)]))
        try await world.create(
            world.distribution("unchecked", type: type, [("f", key)], extra: ["validation": "None"]))
        try await world.withAgent {
            try await world.expect("checked", .sourceUnreadable)
            try await world.expect("unchecked", .writeFailed)
            try volume.write(["f": good])
            try await world.expect("checked", [key: good])
            try await world.expect("unchecked", [key: good])
        }
    }
}

extension CertificatePairTests {
    private static func fast(_ settings: inout Settings) {
        settings.debounceQuiet = .milliseconds(2)
        settings.debounceMax = .milliseconds(10)
    }

    private func files(_ certificate: TLSPair, _ key: TLSPair) -> [String: String] {
        ["tls.crt": certificate.certificate, "tls.key": key.key]
    }

    private func content(_ pair: TLSPair) -> SecretStateRecorder.Values { files(pair, pair) }

    private func create(_ name: String, in world: World, spec: [String: JSONValue] = [:]) async throws {
        try await world.create(
            world.distribution(
                name, type: "kubernetes.io/tls", [("tls.crt", "tls.crt"), ("tls.key", "tls.key")], extra: spec))
    }

    /// Watches every version of every Secret while `body` runs, and afterwards until `last` was seen.
    ///
    /// - Returns: the contents.
    private func watching(
        _ world: World, until last: TLSPair, _ body: () async throws -> Void
    ) async throws -> Set<SecretStateRecorder.Values> {
        try await world.witnessed { witness in
            try await body()
            #expect(await eventually { witness.all.values.contains { $0.contains(content(last)) } })
            return Set(witness.all.values.joined())
        }
    }
}
