import Distribution
import FoundationEssentials
import Glibc
import TestSupport
import Testing

@Suite("plan")
struct PlanTests {
    /// The output of the command with `--output json`.
    struct Report: Decodable, Equatable {
        struct Keys: Decodable, Equatable { let added, changed, removed: [String] }
        struct Change: Decodable, Equatable {
            let change, namespace, secret: String
            let distribution: String?
            let keys: Keys
            let labels, annotations: [String]
            let type: String?
            let ownerReference: Bool
        }
        struct Hold: Decodable, Equatable { let namespace, distribution, reason, message: String }

        let changes: [Change]
        let heldBack: [Hold]
        let faults: [String]
        let distributions, inSync: Int
        let seconds: Double
        let mountAbsence: String?

        init(_ ended: Binary.Ended) throws { self = try JSONDecoder().decode(Self.self, from: Data(ended.output.utf8)) }
    }

    // MARK: Local mode

    private func environment(_ world: LocalWorld) -> [String: String] {
        ["SECRETS_PATH": world.mount, "DISTRIBUTIONS_PATH": world.root("in"), "OUTPUT_PATH": world.output]
    }

    /// Names and contents of the files in a folder.
    private func content(_ folder: String) -> [String: String] {
        var found: [String: String] = [:]
        for name in (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? [] {
            let data = try? Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
            found[name] = data.map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        return found
    }

    @Test("in local mode prints what sync would do, with keys only, and leaves no trace")
    func local() async throws {
        let world = try LocalWorld()
        try writeFile("\(world.mount)/a", "very secret")
        try world.distribute("app", "a")
        try world.distribute("held", "none")
        let environment = environment(world)
        let first = try await Binary.run(["plan"], environment: environment)
        #expect(first.status == 2)
        #expect(
            first.output == """
                CHANGE  SECRET   KEYS  METADATA  DISTRIBUTION
                create  web/app  +a    -         web/app

                HELD BACK  REASON          MESSAGE
                web/held   SourceNotFound  The mount has no file "none".

                1 of 2 distributions would be in sync; 1 Secret would be written, 0 removed

                """)
        #expect(first.errors.isEmpty)
        #expect(access(world.output, F_OK) != 0)

        // sync then does exactly what was planned.
        let planned = try Report(try await Binary.run(["plan", "--output=json"], environment: environment))
        let done = try await Binary.run(["sync", "--output", "json"], environment: environment)
        #expect(done.status == 1)
        #expect(try Report(done).changes == planned.changes)
        #expect(try Report(done).heldBack == planned.heldBack)

        // Only what is held back remains.
        let left = try await Binary.run(["plan"], environment: environment)
        #expect(left.status == 1)
        #expect(left.output.contains("1 of 2 distributions would be in sync; 0 Secrets would be written, 0 removed"))
        unlink(world.root("in/held.yaml"))
        #expect(try await Binary.run(["plan"], environment: environment).status == 0)

        // An update, and a Secret to be removed; leftovers of a killed process stay.
        try writeFile("\(world.mount)/b", "very secret too")
        try world.distribute("app", "b")
        try world.distribute("new", "a")
        #expect(try await Binary.run(["sync"], environment: environment).status == 0)
        try writeFile("\(world.mount)/b", "changed")
        unlink(world.root("in/new.yaml"))
        let before = content(world.output)
        let third = try Report(try await Binary.run(["plan", "--output=json"], environment: environment))
        #expect(third.changes.map(\.change) == ["update", "remove"])
        #expect(
            third.changes.map(\.keys) == [
                .init(added: [], changed: ["b"], removed: []), .init(added: [], changed: [], removed: ["a"]),
            ])
        #expect(content(world.output) == before)
        for ended in [first, done, left] {
            #expect(!(ended.output + ended.errors).contains("very secret"))
        }
    }

    @Test("reports an unreadable mount and a failed list, each with its exit status")
    func unreadable() async throws {
        let world = try LocalWorld()
        try world.distribute("app", "a")
        var environment = environment(world)
        environment["SECRETS_PATH"] = world.root("none")
        let absent = try await Binary.run(["plan"], environment: environment)
        #expect(absent.status == 1)
        #expect(absent.output.contains("The mount cannot be read: "))
        environment["DISTRIBUTIONS_PATH"] = world.root("none")
        let ended = try await Binary.run(["plan"], environment: environment)
        #expect(ended.status == 1)
        #expect(ended.errors.contains("cannot read the distributions"))
        #expect(access(world.output, F_OK) != 0)
    }

    @Test("logs at the level that is set, and reports no write that did not happen")
    func logs() async throws {
        let world = try LocalWorld()
        try writeFile("\(world.mount)/a", "1")
        try world.distribute("app", "a")
        let ended = try await Binary.run(["plan", "--log-level=info"], environment: environment(world))
        #expect(ended.errors.contains("would create secret"))
        #expect(!ended.errors.contains("secret created") && !ended.errors.contains("distribution synced"))
    }

    // MARK: On a terminal

    /// Runs the program on its own terminal (script(1)) and returns the terminal's output.
    private func onTerminal(_ command: String, _ environment: [String: String]) async throws -> String {
        try await Binary(
            ["-qec", "\(Binary.path) \(command)", "/dev/null"], environment: environment, program: "/usr/bin/script"
        ).ended().output
    }

    @Test("on a terminal shows colours and a progress line, unless they are turned off")
    func terminal() async throws {
        let world = try LocalWorld()
        try writeFile("\(world.mount)/a", "1")
        for number in 0..<50 { try world.distribute("app\(number)", "a") }
        var environment = environment(world)
        environment["TERM"] = "xterm"
        let plan = try await onTerminal("plan", environment)
        #expect(plan.contains("\u{1b}[32mcreate\u{1b}[0m"))
        for setting in [["NO_COLOR": "1"], ["TERM": "dumb"]] {
            let plain = try await onTerminal("plan --log-level=error", environment.merging(setting) { $1 })
            #expect(plain.contains("create") && !plain.contains("\u{1b}"))
        }
        #expect(!(try await onTerminal("plan --log-level=error --output json", environment)).contains("\u{1b}"))
        // Fifty files with their fsync(2) take longer than the interval before the first progress line.
        let sync = try await onTerminal("sync", environment)
        let shown = sync.split(separator: "\r\u{1b}[K").filter { $0.hasPrefix("processed ") }
        #expect(!shown.isEmpty, "\(sync.debugDescription)")
        #expect(shown.allSatisfy { $0.contains(" of 50, wrote ") })
        #expect(sync.contains("50 of 50 distributions are in sync; 50 Secrets written, 0 removed, in "))
        // Log lines replace the progress line.
        let logged = try await onTerminal("sync --log-level=debug", environment)
        #expect(logged.contains("distribution synced") && !logged.contains(" of 50, wrote "))
    }

    // MARK: On a cluster

    private func environment(_ world: World, _ user: APIServer.User) throws -> [String: String] {
        [
            "SECRETS_PATH": world.mount, "MANAGED_BY": world.namespace, "WATCH_NAMESPACES": world.namespace,
            "KUBECONFIG": try world.server.kubeconfig(user),
        ]
    }

    @Test("on a real API server plans each kind of change, sends read requests only and needs only the right to read")
    func cluster() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1", "b": "1", "docker": "{}"])
        for name in ["same", "changed", "removed", "released", "replaced"] {
            let policy: DeletionPolicy = name.hasPrefix("re") && name != "replaced" ? .delete : .retain
            try await world.create(world.distribution(name, [("a", "a")], policy: policy))
        }
        let admin = try environment(world, .admin)
        let first = try await Binary.run(["sync"], environment: admin)
        #expect(first.status == 0, "\(first.output)\(first.errors)")

        try await world.create(world.distribution("created", [("a", "a")]))
        try await world.create(world.distribution("held", [("none", "a")]))
        try await world.create(secret: "foreign", managedBy: nil, ["theirs": "kept"])
        try await world.create(world.distribution("foreign", [("a", "a")]))
        try await world.patch("changed", ["spec": ["secrets": [["from": "b", "to": "b"]]]])
        try await world.delete("removed")
        try await world.patch("released", ["spec": ["name": "moved", "deletionPolicy": "Retain"]])
        try await world.patch(
            "replaced",
            [
                "spec": [
                    "type": "kubernetes.io/dockerconfigjson",
                    "secrets": [["from": "docker", "to": ".dockerconfigjson"]],
                ]
            ])
        try await world.server.allow("dave", ["get", "list"], .secrets, in: world.namespace)
        try await world.server.allow("dave", ["list", "get"], .secretsDistributions, in: world.namespace)
        let environment = try environment(world, .named("dave")).merging(["LEADER_ELECTION": "true"]) { $1 }
        let ended = try await Binary.run(["plan", "--output=json"], environment: environment)
        #expect(ended.status == 2, "\(ended.errors)")
        let report = try Report(ended)
        #expect(
            report.changes.map { "\($0.change) \($0.secret)" } == [
                "update changed", "create created", "create moved", "release released", "remove removed",
                "replace replaced",
            ])
        #expect(report.changes.first?.keys == .init(added: ["b"], changed: [], removed: ["a"]))
        #expect(report.changes.last?.type == "kubernetes.io/dockerconfigjson")
        #expect(
            report.heldBack.map { "\($0.distribution) \($0.reason)" } == ["foreign NotManaged", "held SourceNotFound"])
        #expect(report.distributions == 7 && report.inSync == 5 && report.faults.isEmpty)

        let requests = try world.server.served(in: world.namespace).filter { $0.user.username == "dave" }
        #expect(!requests.isEmpty)
        #expect(requests.allSatisfy { ["get", "list"].contains($0.verb) }, "\(requests.map(\.verb))")

        // sync then does exactly what was planned.
        let done = try await Binary.run(["sync", "--output=json"], environment: admin)
        #expect(try Report(done).changes == report.changes)
        let after = try await Binary.run(["plan", "--output=json"], environment: environment)
        #expect(after.status == 1)
        #expect(try Report(after).changes.isEmpty)
    }

    @Test("ends with 1 if the role does not allow listing distributions")
    func forbidden() async throws {
        let world = try await World()
        let ended = try await Binary.run(["plan"], environment: try environment(world, .named("carol")))
        #expect(ended.status == 1)
        #expect(ended.errors.contains("cannot list secretsdistributions"))
        #expect(ended.output.isEmpty)
    }
}
