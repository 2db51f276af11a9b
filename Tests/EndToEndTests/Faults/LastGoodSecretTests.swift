import Kube
import KubeRuntime
import LinuxIO
import TestSupport
import Testing

@Suite("A good Secret is kept")
struct LastGoodSecretTests {
    @Test("when its type changes to one for which the server rejects its content")
    func refusedType() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "A"])
        try await world.create(world.distribution("typed", [("a", "a")]))
        try await world.withAgent {
            try await world.expect("typed", ["a": "A"])
            let before = try await world.secret("typed")?.version
            // This type requires tls.crt and tls.key.
            try await world.patch("typed", ["spec": ["type": "kubernetes.io/tls"]])
            try await world.expect("typed", .invalidSpec)
            try await world.patch("typed", ["spec": ["validation": "None"]])
            try await world.expect("typed", .typeChangeRefused)
            #expect(try await world.secret("typed")?.version == before)
        }
    }

    @Test("when its distribution names another Secret that cannot be created")
    func renamedToNothing() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "A"])
        try await world.create(world.distribution("sourceless", secret: "old", [("a", "a")], policy: .delete))
        try await world.create(world.distribution("foreign", secret: "old-2", [("a", "a")], policy: .delete))
        try await world.create(secret: "theirs", managedBy: nil, ["x": "y"])
        try await world.withAgent {
            try await world.expect("old", ["a": "A"])
            try await world.expect("old-2", ["a": "A"])
            try await world.patch(
                "sourceless", ["spec": ["name": "new", "secrets": [["from": "late", "to": "a"]]]])
            try await world.patch("foreign", ["spec": ["name": "theirs"]])
            try await world.expect("sourceless", .sourceNotFound)
            try await world.expect("foreign", .notManaged)
            try await passed(world)
            #expect(try await world.secret("old") != nil)
            #expect(try await world.secret("old-2") != nil)
            // The old Secret is removed when its successor exists.
            try volume.write(["a": "A", "late": "L"])
            try await world.expect("new", ["a": "L"])
            #expect(try await eventually { try await world.secret("old") == nil })
        }
    }

    @Test("when its distribution is deleted and recreated at once")
    func madeAnew() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "A"])
        let manifest = world.distribution("reborn", [("a", "a")], policy: .delete)
        try await world.create(manifest)
        try await world.withAgent {
            try await world.expect("reborn", ["a": "A"])
            let uid = try await world.secret("reborn")?.metadata.uid
            try await world.delete("reborn")
            let owner = try await world.create(manifest).uid
            #expect(
                try await eventually {
                    try await world.secret("reborn")?.metadata.ownerReferences?.map(\.uid) == [owner ?? ""]
                })
            // The agent may have seen the deletion before the new object existed; then it created a new Secret.
            let now = try await world.secret("reborn")
            #expect(now?.metadata.uid == uid || now?.data != nil)
        }
    }

    @Test("with the fields of others, when creating its replacement fails once")
    func failedReplacement() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "A"])
        try await world.create(world.distribution("typed", [("a", "a")]))
        let transport = FailingTransport(world.client)
        try await world.withAgent(over: transport) {
            try await world.expect("typed", ["a": "A"])
            try await world.client.patch(
                .secrets, namespace: world.namespace, name: "typed",
                ["metadata": ["labels": ["theirs": "stays"], "annotations": ["their/note": "stays"]]])
            transport.failNextCreate()
            try await world.patch("typed", ["spec": ["type": "example.com/mine"]])
            #expect(try await eventually { try await world.secret("typed")?.type == "example.com/mine" })
            #expect(transport.failures == 1)
            let metadata = try await world.secret("typed")?.metadata
            #expect(metadata?.labels?["theirs"] == "stays")
            #expect(metadata?.annotations?["their/note"] == "stays")
        }
    }

    /// Waits until the agent has processed everything that existed before.
    private func passed(_ world: World) async throws {
        try await world.create(world.distribution("mark", [("a", "a")]))
        try await world.expect("mark", .synced)
    }
}

/// A client that fails the next create that is not a dry run.
private final class FailingTransport: KubeTransport {
    private let client: KubeClient
    private let state = Mutex((isArmed: false, failures: 0))

    init(_ client: KubeClient) { self.client = client }

    var failures: Int { state.withLock { $0.failures } }

    func failNextCreate() { state.withLock { $0.isArmed = true } }

    func send(_ request: Request) async throws(KubeError) -> Response {
        let fails = state.withLock { state in
            guard state.isArmed, request.operation.verb == .create, !request.isRepeatable else { return false }
            state = (false, state.failures + 1)
            return true
        }
        if fails { throw KubeError(request.operation, .server(status: 503, reason: nil, retryAfter: nil)) }
        return try await client.send(request)
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream { try await client.stream(request) }
}
