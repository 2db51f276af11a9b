import Admin
import Distribution
import JSON
import TestSupport
import TestTraits
import Testing

/// One namespace causes as much load as it can; the world's own namespace must not notice.
@Suite("A tenant does not affect the others", .endsIfHung)
struct TenantTests {
    private let world: World
    private let tenant: String

    init() async throws {
        world = try await World()
        tenant = try await world.server.namespace()
    }

    private func create(_ name: String, _ spec: JSONValue) async throws {
        try await world.client.create(
            .secretsDistributions, namespace: tenant,
            [
                "apiVersion": "xlscsde.nhs.uk/v1", "kind": "SecretsDistribution",
                "metadata": ["name": .string(name), "namespace": .string(tenant)], "spec": spec,
            ])
    }

    private func reason(_ name: String) async throws -> String? {
        try await world.client.get(
            SecretsDistribution.self, .secretsDistributions, namespace: tenant, name: name
        ).status.ready?.reason
    }

    /// The port of the agent's admin endpoint.
    private func port() throws -> Int {
        let line = try #require(world.logs.lines.first { $0.contains("admin endpoint listens") })
        return try #require(line.split(separator: ":").last.flatMap { Int($0) })
    }

    /// The time from the change of a file to the Secret, each time.
    private func rotations(_ numbers: ClosedRange<Int>, _ volume: AtomicVolume) async throws -> [Duration] {
        var times: [Duration] = []
        for number in numbers {
            let start = ContinuousClock.now
            try volume.write(["a": "\(number)"])
            try await world.expect("app", ["a": "\(number)"])
            times.append(start.duration(to: .now))
        }
        return times
    }

    @Test("by forceSync: they never get a half-written rotation of a plain folder")
    func forceSync() async throws {
        let files = ["user", "password"].map { world.mount + "/" + $0 }
        try makeDirectory(world.mount)
        for file in files { try writeFile(file, "0") }
        try await world.create(world.distribution("app", [("user", "user"), ("password", "password")]))
        try await create("storm", ["name": "storm", "secrets": [["from": "user", "to": "user"]]])
        // Many times longer than the pause between two files, unless the machine is busy.
        let quiet = Duration.seconds(1)
        var late: Set<String> = []
        try await world.witnessed { witness in
            try await world.withAgent {
                $0.watchNamespaces?.append(tenant)
                ($0.debounceQuiet, $0.debounceMax) = (quiet, .seconds(60))
            } _: {
                try await world.expect("app", .synced)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for patcher in 0..<2 {
                        group.addTask {
                            var number = 0
                            while !Task.isCancelled {
                                number += 1
                                let value: JSONValue = .string("\(patcher)-\(number)")
                                _ = try? await world.client.patch(
                                    .secretsDistributions, namespace: tenant, name: "storm",
                                    ["metadata": ["annotations": [WellKnownKeys.forceSync: value]]])
                            }
                        }
                    }
                    for round in 1...6 {
                        let start = ContinuousClock.now
                        try writeFile(files[0], "\(round)")
                        // The pause of the writer, while the folder holds half of the rotation.
                        try await Task.sleep(for: .milliseconds(100))
                        try writeFile(files[1], "\(round)")
                        if start.duration(to: .now) > quiet / 2 { late.insert("\(round)") }
                        try await world.expect("app", ["user": "\(round)", "password": "\(round)"])
                    }
                    group.cancelAll()
                }
            }
            let states = witness.states("app").filter { !late.contains($0["user"] ?? "") }
            #expect(states.allSatisfy { $0["user"] == $0["password"] }, "\(states)")
        }
    }

    @Test("by names that are expensive for the policy: rotations and probes of the others succeed meanwhile")
    func policy() async throws {
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "0"])
        let rules = (0..<800).map { number in
            "  - {namespaces: [team-\(number)], files: [\"**/team-\(number)/*-*.pem\"]}\n"
        }
        let policy = world.directory("policy.yaml")
        try writeFile(
            policy, "kind: SecretsAccessPolicy\nspec:\n  default: Allow\n  rules:\n" + rules.joined())
        try await world.create(world.distribution("app", [("a", "a")]))
        let long = String(repeating: "team-1-", count: 140)
        let names = (0..<5).map { "costly-\($0)" }
        try await world.withAgent {
            $0.watchNamespaces?.append(tenant)
            $0.policyPath = policy
            $0.listenAddress = ListenAddress(host: "127.0.0.1", port: 0)
        } _: {
            try await world.expect("app", ["a": "0"])
            let reference = try await rotations(1...3, volume)
            for name in names {
                let mappings = (0..<1000).map { number -> JSONValue in
                    ["from": .string("\(name)-\(number)-\(long)"), "to": .string("key-\(number)")]
                }
                try await create(name, ["name": .string(name), "secrets": .array(mappings)])
            }
            let meanwhile = try await rotations(4...6, volume)
            #expect(await RawClient.get("/healthz", port: try port())?.hasPrefix("HTTP/1.1 200 ") == true)
            var judged = 0
            for name in names where try await reason(name) != nil { judged += 1 }
            #expect(judged < names.count, "the work for the tenant ended before the rotations")
            // Without the protection it took minutes.
            let (slowest, usual) = (meanwhile.max() ?? .zero, reference.max() ?? .zero)
            #expect(slowest < usual * 50, "\(meanwhile) instead of \(reference)")
        }
    }

    @Test(
        "by targets that never finish: Secrets and statuses of the others are written meanwhile, and a metric names who waits"
    )
    func hangingTargets() async throws {
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "0"])
        try await world.create(world.distribution("app", [("a", "a")]))
        let client = try world.server.client(.admin)
        defer { client.shutdown() }
        let hanging = HangingWrites(client, in: tenant)
        for number in 0..<40 {
            try await create(
                "hangs-\(number)", ["name": .string("hangs-\(number)"), "secrets": [["from": "a", "to": "a"]]])
        }
        try await world.withAgent(over: hanging) {
            $0.watchNamespaces?.append(tenant)
            $0.maxInFlight = 6
            $0.listenAddress = ListenAddress(host: "127.0.0.1", port: 0)
        } _: {
            #expect(await eventually { hanging.writes >= 4 })
            let waits = #"secrets_distributor_queue_namespace_depth{namespace="\#(tenant)"} "#
            let isNamed = try await eventually {
                let metrics = await RawClient.get("/metrics", port: try port()) ?? ""
                let line = metrics.split(whereSeparator: \.isNewline).first { $0.hasPrefix(waits) }
                return line.flatMap { Double($0.dropFirst(waits.count)) } ?? 0 > 30
            }
            #expect(isNamed)
            _ = try await rotations(1...3, volume)
            try await world.expect("app", .synced)
            try await world.create(world.distribution("late", [("a", "a")]))
            try await world.expect("late", ["a": "3"])
            #expect(hanging.writes < 6)
        }
    }

    @Test("by targets that always fail: those of the others are written meanwhile, and each status gives the reason")
    func failingTargets() async throws {
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "0"])
        try await world.create(world.distribution("app", [("a", "a")]))
        // As much as a distribution may have. With the agent's own annotations it is more than the API accepts.
        let large: JSONValue = .object(["fails": .string(String(repeating: "x", count: 262_100))])
        let names = (0..<20).map { "fails-\($0)" }
        for name in names {
            try await create(
                name,
                [
                    "name": .string(name), "secrets": [["from": "a", "to": "a"]], "metadata": ["annotations": large],
                ])
        }
        try await world.withAgent {
            $0.watchNamespaces?.append(tenant)
            $0.maxInFlight = 4
        } _: {
            try await world.expect("app", ["a": "0"])
            _ = try await rotations(1...5, volume)
            try await world.expect("app", .synced)
            for name in names {
                #expect(try await eventually { try await reason(name) == Reason.writeFailed.rawValue })
            }
        }
    }
}
