import Glibc
import Stores
import TestSupport
import TestTraits
import Testing

@Suite("The policy file", .endsIfHung)
struct PolicyFileTests {
    private static func text(_ files: String) -> String {
        """
        kind: SecretsAccessPolicy
        spec:
          rules:
            - namespaces: ["*"]
              files: ["\(files)"]
        """
    }

    /// Returns what the watch reports, one result at a time.
    private struct Watch {
        let log = LineRecorder()
        let file: PolicyFile
        private var readings: AsyncStream<PolicyReading>.Iterator

        init(_ path: String, poll: Duration = .milliseconds(20)) throws {
            file = PolicyFile(
                path: path, timing: .init(quiet: .zero, longest: .zero, pollInterval: poll), logger: log.logger)
            readings = file.readings.makeAsyncIterator()
            try file.start()
        }

        /// The files of its rule, or the first words of its problem.
        mutating func next() async -> String? {
            switch await readings.next() {
            case .usable(let policy): policy.rules.first?.files.first?.description
            case .unusable(let problems): problems.first
            case nil: nil
            }
        }
    }

    /// Like /proc, some FUSE file systems report a size of 0 (proc(5)).
    @Test("is read on file systems that do not report its size")
    func sizeless() {
        let problem = PolicyReading(path: "/proc/version").problem
        #expect(problem?.contains("/proc/version") == true)
        #expect(problem?.contains("not a regular file") == false)
    }

    @Test("is followed when it is created, rewritten, replaced, broken, removed and created again")
    func follows() async throws {
        let folder = try TemporaryDirectory()
        let path = folder("later/policy.yaml")
        var watch = try Watch(path)
        defer { watch.file.stop() }
        #expect(await watch.next() == "cannot open \(path): No such file or directory")
        try makeDirectory(folder("later"))
        try writeFile(folder("new"), Self.text("a"))
        try rename(folder("new"), to: path)
        #expect(await watch.next() == "a")
        try writeFile(folder("new"), Self.text("b"))
        try rename(folder("new"), to: path)
        #expect(await watch.next() == "b")
        unlink(path)
        #expect(await watch.next() == "cannot open \(path): No such file or directory")
        try writeFile(folder("new"), "kind: [")
        try rename(folder("new"), to: path)
        #expect(await watch.next()?.hasPrefix("\(path):") == true)
        try writeFile(folder("new"), Self.text("b"))
        try rename(folder("new"), to: path)
        #expect(await watch.next() == "b")
        #expect(watch.log.count("access policy is invalid, nothing is written") == 1)
        #expect(watch.log.count("keeping the last valid one") == 2)
        #expect(watch.log.count("access policy read") == 3)
    }

    @Test("in a mounted ConfigMap is followed by events alone")
    func volume() async throws {
        let folder = try TemporaryDirectory()
        let volume = try AtomicVolume(folder("volume"))
        try volume.write(["policy.yaml": Self.text("a"), "other": "1"])
        var watch = try Watch(folder("volume/policy.yaml"), poll: .seconds(3600))
        defer { watch.file.stop() }
        #expect(await watch.next() == "a")
        try volume.write(["policy.yaml": Self.text("a"), "other": "2"])
        try volume.write(["policy.yaml": Self.text("b"), "other": "2"])
        #expect(await watch.next() == "b")
    }

    @Test("is polled, because no event reports changes behind a link to another folder")
    func link() async throws {
        let folder = try TemporaryDirectory()
        for name in ["one", "two", "here"] { try makeDirectory(folder(name)) }
        try writeFile(folder("one/p"), Self.text("a"))
        try writeFile(folder("two/p"), Self.text("c"))
        try makeLink(folder("current"), to: "one")
        try makeLink(folder("here/policy.yaml"), to: "../current/p")
        var watch = try Watch(folder("here/policy.yaml"))
        defer { watch.file.stop() }
        #expect(await watch.next() == "a")
        try writeFile(folder("new"), Self.text("b"))
        try rename(folder("new"), to: folder("one/p"))
        #expect(await watch.next() == "b")
        try makeLink(folder("next"), to: "two")
        try rename(folder("next"), to: folder("current"))
        #expect(await watch.next() == "c")
    }

    @Test("is read only if it is a regular file of a plausible size, and reading never blocks")
    func special() throws {
        let folder = try TemporaryDirectory()
        try require("mkfifo", folder("fifo"), mkfifo(folder("fifo"), 0o600))
        try makeDirectory(folder("directory"))
        try writeFile(folder("large"), [UInt8](repeating: UInt8(ascii: "#"), count: (1 << 20) + 1))
        for name in ["fifo", "directory", "large"] {
            #expect(PolicyReading(path: folder(name)).problem?.contains("is not a regular file of at most") == true)
        }
        #expect(PolicyReading(path: "/dev/zero").problem?.contains("is not a regular file") == true)
        try writeFile(folder("most"), Array(Self.text("a").utf8) + [UInt8](repeating: 0x0a, count: 1 << 19))
        #expect(PolicyReading(path: folder("most")).problem == nil)
    }

    @Test("with many problems produces a readable message")
    func manyProblems() {
        let problems = (1...1000).map { "problem \($0)" }
        let text = PolicyReading.unusable(problems).problem
        #expect(text?.hasPrefix("problem 1; problem 2; ") == true)
        #expect(text?.hasSuffix("; problem 20; and 980 more") == true)
    }
}

@Suite("The access policy on a real API server", .endsIfHung)
struct PolicyOnServerTests {
    private static func text(_ world: World, _ files: [String], mode: String = "Enforce") -> String {
        """
        apiVersion: xlscsde.nhs.uk/v1
        kind: SecretsAccessPolicy
        metadata:
          name: policy
        spec:
          mode: \(mode)
          rules:
            - namespaces: ["\(world.namespace)"]
              files: [\(files.map { "\"\($0)\"" }.joined(separator: ", "))]
        """
    }

    @Test("in a mounted ConfigMap is followed: denied Secrets are removed or kept, and permitted ones return")
    func followed() async throws {
        let world = try await World()
        let policy = try AtomicVolume(world.directory("policy"))
        try AtomicVolume(world.mount).write(["certs/tls.crt": "c", "cookie": "k"])
        try policy.write(["policy.yaml": Self.text(world, ["certs/*"])])
        try await world.create(world.distribution("certs", [("certs/tls.crt", "c")], policy: .delete))
        try await world.create(world.distribution("kept", [("certs/tls.crt", "c")]))
        try await world.create(world.distribution("cookie", [("cookie", "k"), ("certs/tls.crt", "c")]))
        try await world.withAgent {
            $0.policyPath = world.directory("policy/policy.yaml")
        } _: {
            try await world.expect("certs", ["c": "c"])
            try await world.expect("kept", ["c": "c"])
            try await world.expect("cookie", .policyDenied)
            #expect(try await world.secret("cookie") == nil)

            try policy.write(["policy.yaml": Self.text(world, ["cookie"])])
            #expect(try await eventually { try await world.secret("certs") == nil })
            for name in ["certs", "kept", "cookie"] { try await world.expect(name, .policyDenied) }
            try await world.expect("kept", ["c": "c"])

            // An invalid policy changes nothing.
            try policy.write(["policy.yaml": "kind: SecretsAccessPolicy"])
            #expect(await eventually { world.logs.count("not ready") == 1 })
            #expect(world.logs.count("keeping the last valid one") == 1)
            try await world.expect("kept", ["c": "c"])

            try policy.write(["policy.yaml": Self.text(world, ["nothing"], mode: "Audit")])
            try await world.expect("certs", ["c": "c"])
            try await world.expect("cookie", ["k": "k", "c": "c"])
            for name in ["certs", "kept", "cookie"] { try await world.expect(name, .synced) }
            #expect(try await world.distribution("certs").status.ready?.message.contains("would deny") == true)
        }
    }

    @Test("keeps everything unchanged while its file is missing")
    func comesLater() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "A"])
        try await world.create(world.distribution("waits", [("a", "a")], policy: .delete))
        try await world.create(world.distribution("ours", [("a", "a")], policy: .delete))
        try await world.withAgent { try await world.expect("ours", .synced) }
        try await world.patch("ours", ["spec": ["secrets": [["from": "a", "to": "b"]]]])
        let version = try await world.secret("ours")?.version
        try await world.client.delete(.secrets, namespace: world.namespace, name: "waits", uid: nil)
        let path = world.directory("policy/policy.yaml")
        try await world.withAgent {
            $0.policyPath = path
        } _: {
            try await world.expect("waits", .policyDenied)
            try await world.expect("ours", .policyDenied)
            #expect(try await world.secret("waits") == nil)
            #expect(try await world.secret("ours")?.version == version)
            try makeDirectory(world.directory("policy"))
            try writeFile(world.directory("new"), Self.text(world, ["a"]))
            try rename(world.directory("new"), to: path)
            try await world.expect("waits", ["a": "A"])
            try await world.expect("ours", ["b": "A"])
        }
    }

    @Test("reports if the role does not allow removing what it denies")
    func mayNotRemove() async throws {
        let world = try await World()
        let (verbs, path) = (["get", "list", "watch", "create", "patch"], world.directory("policy.yaml"))
        try await world.server.allow("bob", verbs, .secrets, in: world.namespace)
        try await world.server.allow("bob", verbs, .secretsDistributions, in: world.namespace)
        try AtomicVolume(world.mount).write(["a": "A"])
        try writeFile(path, Self.text(world, ["a"]))
        try await world.create(world.distribution("left", [("a", "a")], policy: .delete))
        try await world.withAgent(as: .named("bob")) {
            $0.policyPath = path
        } _: {
            try await world.expect("left", .synced)
            try writeFile(world.directory("new"), Self.text(world, ["b"]))
            try rename(world.directory("new"), to: path)
            try await world.expect("left", .policyDenied)
            let message = try await world.distribution("left").status.ready?.message
            #expect(message?.contains("Secret left keeps its content: ") == true)
            try await world.expect("left", ["a": "A"])
        }
    }
}
