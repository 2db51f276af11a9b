import FoundationEssentials
import JSON
import TestSupport
import TestTraits
import Testing

/// The writes of one tenant must not determine how much the agent logs, or hide reports about others.
@Suite("The agent's output about a tenant's objects", .endsIfHung)
struct TenantOutputTests {
    /// A repeated control character, each of which is shown as eight characters.
    private static let control = String(repeating: "\u{1}", count: 80)

    private func distribution(_ world: World) -> JSONValue {
        let mappings = (0..<1000).map { number -> JSONValue in
            ["from": .string("\(Self.control)\(number)"), "to": .string("k\(number)")]
        }
        return world.distribution("long", [], extra: ["secrets": .array(mappings)])
    }

    @Test(
        "is short for 1,000 denied names of control characters, and one that changes all the time hides no other"
    )
    func denied() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["shared": "1"])
        let policy = world.directory("policy.yaml")
        try writeFile(
            policy,
            """
            kind: SecretsAccessPolicy
            spec:
              rules: [{namespaces: ["*"], files: [shared]}]
            """)
        try await world.create(world.distribution("quiet", [("shared", "a")]))
        try await world.create(world.distribution("loud", [("0", "a")]))
        try await world.create(distribution(world))
        let port = LoopbackPort.reserve()
        let agent = try await Binary(
            ["run"],
            environment: [
                "SECRETS_PATH": world.mount, "MANAGED_BY": world.namespace, "WATCH_NAMESPACES": world.namespace,
                "KUBECONFIG": try world.server.kubeconfig(), "DEBOUNCE_QUIET": "10ms", "POLICY_PATH": policy,
                "LISTEN_ADDRESS": "127.0.0.1:\(port)",
            ])
        func lines(_ name: String) -> [Substring] {
            agent.errors.split(separator: "\n").filter { $0.contains("/\(name)\"") && $0.contains("held back") }
        }
        try await world.expect("quiet", ["a": "1"])
        let event = try await world.expectEvent(on: "long", "PolicyDenied")
        #expect(event?.message.utf8.count ?? .max <= 1024)
        try await world.expect("long", .policyDenied)
        let status = try await world.distribution("long").status
        #expect(status.statusText?.hasSuffix("and 990 more.") == true)
        #expect(status.statusText?.unicodeScalars.count ?? .max < 1200)
        #expect(status.ready?.message == status.statusText)
        #expect(lines("long").count == 1 && lines("long").allSatisfy { $0.utf8.count < 3000 })

        let start = ContinuousClock.now
        for round in 1...60 {
            try await world.patch("loud", ["spec": ["secrets": [["from": .string("\(round)"), "to": "a"]]]])
            #expect(
                try await eventually {
                    try await world.distribution("loud").status.statusText?.contains("\"\(round)\"") == true
                })
        }
        // Thirty at once, and one more every ten seconds.
        let most = 32 + Int(start.duration(to: .now) / .seconds(10))
        #expect((30...most).contains(lines("loud").count), "\(lines("loud").count) lines, expected at most \(most)")
        // The lines about others are complete, and suppressed lines are counted.
        try volume.write(["shared": "2"])
        try await world.expect("quiet", ["a": "2"])
        #expect(await eventually { agent.logged("rotation distributed") == 1 }, "\(agent.errors.suffix(2000))")
        if most < 60 { #expect(await eventually { agent.logged("log lines suppressed") > 0 }) }

        let page = try #require(await RawClient.get("/", port: port))
        #expect(page.contains("PolicyDenied") && page.utf8.count < 40_000, "a page of \(page.utf8.count) bytes")
        let metrics = try #require(await RawClient.get("/metrics", port: port))
        #expect(!metrics.contains("\\u") && metrics.utf8.count < 40_000)
        await agent.stop()
    }

    @Test(
        "holds back a Secret of ours with more keys than are kept, with a reason, and syncs it when they are removed"
    )
    func excess() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        let keys = { (value: JSONValue) in
            JSONValue.object(["data": .object(Dictionary(uniqueKeysWithValues: (0..<1000).map { ("k\($0)", value) }))])
        }
        try await world.withAgent {
            try await world.expect("app", .synced)
        }
        try await world.patchSecret("app", keys("eA=="))
        try await world.withAgent {
            try await world.expect("app", .writeFailed)
            let message = try await world.distribution("app").status.statusText
            #expect(message?.contains("has 1001 data keys, expected at most 1000") == true, "\(message ?? "")")
            try await world.patchSecret("app", keys(.null))
            try await world.expect("app", .synced)
        }
    }
}
