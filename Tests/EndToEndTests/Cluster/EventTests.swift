import Agent
import Distribution
import Glibc
import JSON
import Kube
import LinuxIO
import Observability
import TestSupport
import TestTraits
import Testing

@Suite("Events on a real API server", .endsIfHung)
struct EventTests {
    @Test("report content that was written, its Secret and its time, but not each rotation")
    func synced() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        let first = try volume.write(["a": "1", "b": "2"])
        let begin = Timestamp.now().rfc3339
        let distribution = try await world.create(world.distribution("app", secret: "t", [("a", "a"), ("b", "b")]))
        var (second, third, fourth) = ("", "", "")
        try await world.withAgent {
            try await world.expect("t", ["a": "1", "b": "2"])
            try await world.expect("app", .synced)
            second = try volume.write(["a": "1", "b": "3"])
            try await world.expect("t", ["a": "1", "b": "3"])
            #expect(
                try await eventually { try await world.distribution("app").status.mountGeneration == second })
            // Another file is rotated, so the generation of the mount is no longer that of the Secret.
            third = try volume.write(["a": "1", "b": "3", "c": "new"])
            #expect(await eventually { world.logs.contains("rotation distributed", third) })
            try await world.server.client.delete(.secrets, namespace: world.namespace, name: "t", uid: nil)
            try await world.expectEvent(on: "app", "Synced", third)
            fourth = try volume.write(["a": "1", "b": "3", "c": "newer"])
            #expect(await eventually { world.logs.contains("rotation distributed", fourth) })
            try await world.patch("app", ["spec": ["secrets": [["from": "a", "to": "a"]]]])
            try await world.expectEvent(on: "app", "Synced", fourth)
        }
        // All Events are written when the agent has ended.
        let events = try await world.events().sorted { $0.metadata.name < $1.metadata.name }
        #expect(
            events.map(\.message)
                == [(first, "2 keys"), (third, "2 keys"), (fourth, "1 key")].map { generation, keys in
                    "Secret t was updated from generation \(generation) (\(keys))."
                })
        for event in events {
            #expect(event.type == "Normal" && event.reason == "Synced" && event.count == 1)
            let object = event.involvedObject
            #expect(object.apiVersion == "xlscsde.nhs.uk/v1" && object.kind == "SecretsDistribution")
            #expect(object.namespace == world.namespace && object.name == "app" && object.uid == distribution.uid)
            #expect((begin...Timestamp.now().rfc3339).contains(event.firstTimestamp))
            #expect(event.lastTimestamp == event.firstTimestamp)
            #expect(event.source.component == "secrets-distributor" && !event.source.host.isEmpty)
            #expect(event.reportingComponent == event.source.component)
            #expect(event.reportingInstance == event.source.host)
        }
    }

    @Test("report each failure with the text of the status")
    func failures() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        let (one, other) = (try TLSPair.make("one"), try TLSPair.make("other"))
        try volume.write([
            "crt": one.certificate, "key": other.key, "text": "no JSON", "denied": "d",
            "large": String(repeating: "x", count: 1 << 20),
        ])
        try writeFile(
            world.directory("policy.yaml"),
            """
            apiVersion: xlscsde.nhs.uk/v1
            kind: SecretsAccessPolicy
            spec: {mode: Enforce, default: Allow, rules: [{namespaces: [elsewhere], files: [denied]}]}
            """)
        try await world.create(secret: "foreign", managedBy: nil, ["theirs": "kept"])
        let tls = "kubernetes.io/tls"
        let distributions: [(Reason, JSONValue)] = [
            (.sourceNotFound, world.distribution("a", [("missing", "a")])),
            (.sourceUnreadable, world.distribution("b", type: "kubernetes.io/dockercfg", [("text", ".dockercfg")])),
            (.pairMismatch, world.distribution("c", type: tls, [("crt", "tls.crt"), ("key", "tls.key")])),
            (.invalidSpec, world.distribution("d", type: tls, [("crt", "tls.crt")])),
            (.typeRefused, world.distribution("e", type: "bootstrap.kubernetes.io/token", [("text", "a")])),
            (.targetTooLarge, world.distribution("f", [("large", "a"), ("text", "b")])),
            (.notManaged, world.distribution("foreign", [("text", "a")])),
            (.policyDenied, world.distribution("g", [("denied", "a")])),
            (.targetConflict, world.distribution("h", secret: "a", [("text", "a")])),
        ]
        for (_, distribution) in distributions { try await world.create(distribution) }
        try await world.withAgent {
            $0.policyPath = world.directory("policy.yaml")
        } _: {
            for (reason, distribution) in distributions {
                let name = distribution["metadata"]?["name"]?.string ?? ""
                try await world.expect(name, reason)
                let event = try await world.expectEvent(on: name, reason.rawValue)
                #expect(event?.type == "Warning")
                #expect(event?.message == (try await world.distribution(name).status.ready?.message))
            }
        }
        #expect(try await world.events().count == distributions.count)
    }

    @Test("report what the API server rejects")
    func refused() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        try await world.create(world.distribution("typed", [("a", "a")]))
        try await world.withAgent {
            try await world.expect("app", .synced)
            try await world.expect("typed", .synced)
        }
        let rights: [([String], Resource)] = [
            (["get", "list", "watch", "create"], .secrets), (["*"], .secretsDistributions),
            (["create", "patch"], .events),
        ]
        for (verbs, resource) in rights {
            try await world.server.allow("carol", verbs, resource, in: world.namespace)
        }
        try volume.write(["a": "2"])
        try await world.patch("typed", ["spec": ["type": "example.com/other"]])
        try await world.withAgent(as: .named("carol")) {
            for (name, reason) in [("app", "WriteFailed"), ("typed", "TypeChangeRefused")] {
                let event = try await world.expectEvent(on: name, reason, "forbids")
                #expect(event?.type == "Warning")
            }
        }
    }

    @Test("are counted when the same happens again, and report each recovery")
    func counts() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        let generation = try volume.write(["a": "1", "b": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        try await world.withAgent {
            try await world.expectEvent(on: "app", "Synced", generation)
            var former: LiveEvent?
            for round in 1...3 {
                try volume.write(["b": "1"])
                let failure = try await world.expectEvent(on: "app", "SourceNotFound", count: round)
                #expect(former == nil || failure?.metadata.name == former?.metadata.name)
                #expect(former == nil || failure?.firstTimestamp == former?.firstTimestamp)
                former = failure
                try volume.write(["a": "1", "b": "1"])
                try await world.expectEvent(on: "app", "Synced", count: round, "Secret app holds 1 key from the mount.")
            }
            #expect(try await world.events().count == 3)
        }
    }

    @Test("are not repeated after a restart")
    func restart() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        for number in 1...5 {
            try await world.create(world.distribution("good-\(number)", [("a", "a")]))
            try await world.create(world.distribution("bad-\(number)", [("missing", "a")]))
        }
        try await world.withAgent {
            for number in 1...5 {
                try await world.expect("good-\(number)", .synced)
                try await world.expect("bad-\(number)", .sourceNotFound)
            }
        }
        let before = try await world.events()
        #expect(before.count == 10)
        let again = try await World(sharing: world)
        try await again.withAgent {
            for name in before.map(\.involvedObject.name) {
                #expect(await eventually { again.logs.contains("distribution=\(world.namespace)/\(name) ") }, "\(name)")
            }
        }
        #expect(try await world.events() == before)
    }

    @Test("are optional: an agent that may not write them logs this once, and does not try again")
    func noPermission() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.server.allow("bob", ["*"], .secrets, in: world.namespace)
        try await world.server.allow("bob", ["*"], .secretsDistributions, in: world.namespace)
        let client = try world.server.client(.named("bob"))
        defer { client.shutdown() }
        let counting = CountingEvents(client)
        for number in 1...5 { try await world.create(world.distribution("app-\(number)", [("a", "a")])) }
        try await world.withAgent(over: counting) {
            for round in 2...4 {
                try volume.write(["a": "\(round)"])
                for number in 1...5 { try await world.expect("app-\(number)", ["a": "\(round)"]) }
            }
            try await world.expect("app-1", .synced)
        }
        #expect(try await world.events().isEmpty)
        #expect(world.logs.count("events cannot be written") == 1)
        #expect(world.logs.contains("INFO", "events cannot be written", "roleNeeds=\"create and patch on events\""))
        #expect(counting.count == 1)
    }

    @Test("that are queued at shutdown are written before the agent ends")
    func flushed() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        for number in 1...3 { try await world.create(world.distribution("app-\(number)", [("a", "a")])) }
        try await world.withAgent(over: SlowEvents(world.client), drainTimeout: .seconds(60)) {
            for number in 1...3 { try await world.expect("app-\(number)", .synced) }
        }
        #expect(try await world.events().count == 3)
    }

    @Test("are also written by a single pass, before it ends")
    func singlePass() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("good", [("a", "a")]))
        try await world.create(world.distribution("bad", [("missing", "a")]))
        let backend = Backend(
            SlowEvents(world.client), world.settings, namespace: world.namespace, logger: world.logs.logger,
            drainTimeout: .seconds(60))
        let agent = Agent(settings: world.settings, backend: backend, logger: world.logs.logger)
        let (stops, stop) = AsyncStream<Void>.makeStream()
        defer { stop.finish() }
        #expect(try await agent.sync(until: stops).outcomes.count == 2)
        #expect(Set(try await world.events().map(\.reason)) == ["Synced", "SourceNotFound"])
    }

    @Test("are shown by kubectl describe below the distribution")
    func describe() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        let generation = try volume.write(["a": "1", "b": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        try await world.withAgent {
            try await world.expect("app", .synced)
            try volume.write(["b": "1"])
            try await world.expect("app", .sourceNotFound)
        }
        let ended = try await Binary(
            [
                "--kubeconfig", try world.server.kubeconfig(), "--namespace", world.namespace, "describe",
                "secretsdistribution", "app",
            ],
            environment: ["HOME": world.directory("home")], program: try await KubeTools.path("kubectl")
        ).ended()
        #expect(ended.status == 0, "\(ended.errors)")
        let lines = ended.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        let events = lines.drop { !$0.hasPrefix("Events:") }.dropFirst(3)
        try #require(events.count == 2, "\(ended.output)")
        let (synced, missing) = (events[events.startIndex], events[events.startIndex + 1])
        #expect(synced.hasPrefix("Normal Synced "))
        #expect(
            synced.hasSuffix(" secrets-distributor Secret app was updated from generation \(generation) (1 key)."))
        #expect(missing.hasPrefix("Warning SourceNotFound "))
        #expect(missing.contains(" secrets-distributor "))
    }
}

/// Counts requests for Events.
private final class CountingEvents: KubeTransport {
    private let inner: any KubeTransport
    private let state = Mutex(0)

    init(_ inner: any KubeTransport) { self.inner = inner }

    var count: Int { state.withLock { $0 } }

    func send(_ request: Request) async throws(KubeError) -> Response {
        if request.operation.resource == Resource.events.plural { state.withLock { $0 += 1 } }
        return try await inner.send(request)
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream { try await inner.stream(request) }
}

/// Delays requests for Events.
private struct SlowEvents: KubeTransport {
    private let inner: any KubeTransport

    init(_ inner: any KubeTransport) { self.inner = inner }

    func send(_ request: Request) async throws(KubeError) -> Response {
        if request.operation.resource == Resource.events.plural {
            do {
                try await Task.sleep(for: .milliseconds(400))
            } catch {
                throw KubeError(request.operation, .transport(.cancelled))
            }
        }
        return try await inner.send(request)
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream { try await inner.stream(request) }
}
