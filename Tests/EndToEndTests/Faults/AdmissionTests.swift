import Distribution
import Kube
import LinuxIO
import TestSupport
import TestTraits
import Testing

/// Admission webhooks that reject, fail or are slow.
@Suite("Admission", .endsIfHung)
struct AdmissionTests {
    private static let configurations = Resource(
        group: "admissionregistration.k8s.io", plural: "validatingwebhookconfigurations")

    /// Runs `body` while the API server calls webhooks at these paths for Secrets with the world's mark.
    ///
    /// - Parameter isDown: the webhooks do not respond.
    private func withWebhooks(
        _ world: World, _ paths: [String], failurePolicy: String = "Fail", operations: [String] = ["CREATE", "UPDATE"],
        isDown: Bool = false, _ body: () async throws -> Void
    ) async throws {
        let webhook = try await Webhook(for: world.server)
        if isDown { await webhook.end() }
        let configuration = webhook.configuration(
            world.namespace, mark: world.namespace, paths, failurePolicy: failurePolicy, operations: operations)
        try await world.client.create(Self.configurations, configuration)
        // The server notices new webhooks with a delay, as with any object.
        let isAsked = await eventually {
            let start = ContinuousClock.now
            let isLetIn = (try? await world.client.send(rehearsal(world))) != nil
            return !isLetIn || ContinuousClock.now - start > .seconds(2)
        }
        #expect(isAsked)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        try? await remove(world)
        await webhook.end()
        try result.get()
    }

    private func remove(_ world: World) async throws {
        try await world.client.delete(Self.configurations, name: world.namespace, uid: nil)
    }

    private func rehearsal(_ world: World) -> Request {
        .create(
            .secrets, namespace: world.namespace,
            [
                "apiVersion": "v1", "kind": "Secret",
                "metadata": ["name": "rehearsal", "labels": [WellKnownKeys.managedByLabel: .string(world.namespace)]],
            ], dryRun: true)
    }

    private func message(_ world: World) async throws -> String {
        try await world.distribution("app").status.ready?.message ?? ""
    }

    @Test(
        "status and log report who rejected a write and why, once for all retries; it succeeds when it is admitted",
        arguments: [400, 403, 404, 422, 429, 500, 503])
    func denied(code: Int) async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "hunter2-the-value"])
        try await world.create(world.distribution("app", [("a", "a")]))
        try await withWebhooks(world, ["/deny/\(code)/no%20secrets%20on%20Fridays"]) {
            try await world.withAgent {
                try await world.expect("app", .writeFailed)
                let reason = "denied the request: no secrets on Fridays"
                let message = try await message(world)
                #expect(message.contains("admission webhook \"w0.\(world.namespace).example.com\" \(reason)"))
                try await remove(world)
                // Only the retry interval makes the agent write.
                try await world.expect("app", ["a": "hunter2-the-value"])
                try await world.expect("app", .synced)
                #expect(world.logs.lines.count { $0.contains("held back") && $0.contains(reason) } == 1)
            }
        }
        #expect(world.logs.count("distribution held back") == 1)
    }

    @Test("an update that a webhook denies is not sent as a patch too, and later ones are updates again")
    func deniedUpdate() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        try await world.withAgent {
            try await world.expect("app", .synced)
            try await withWebhooks(world, ["/deny/403/no"]) {
                try volume.write(["a": "2"])
                try await world.expect("app", .writeFailed)
                try await remove(world)
                try await world.expect("app", ["a": "2"])
            }
        }
        #expect(try world.server.codes(of: "patch", in: world.namespace).isEmpty)
        let codes = try world.server.codes(of: "update", in: world.namespace)
        #expect(codes.first == 403 && codes.last == 200)
        #expect(world.logs.count("secrets are patched") == 0)
    }

    @Test(
        "values that a webhook quotes from a Secret are omitted; the webhook's name is kept",
        arguments: [false, true])
    func quoted(isPatched: Bool) async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "hunter2-the-value", "b": "sesame-opens"])
        let quoting = ["CREATE", "UPDATE", "DELETE"]
        let distribution = world.distribution("app", [("a", "a"), ("b", "b")], policy: .delete)
        let other = world.distribution("other", [("a", "a"), ("b", "b")])
        try await world.create(distribution)
        try await world.withAgent {
            try await world.expect("app", .synced)
            if isPatched {
                // The agent does not keep the annotation, so it patches the Secret: the patch has only one of the values,
                // but the webhook sees both.
                try await world.patchSecret("app", ["metadata": ["annotations": [WellKnownKeys.lastApplied: "{}"]]])
            }
            try await withWebhooks(world, ["/quote/400"], operations: quoting) {
                try await world.create(other)
                try await world.expect("other", .writeFailed)
                try volume.write(["a": "hunter3-the-value", "b": "sesame-opens"])
                try await world.expect("app", .writeFailed)
                for name in ["app", "other"] {
                    let message = try await world.distribution(name).status.ready?.message ?? ""
                    #expect(message.contains("denied the request: refused: {"))
                }
                try await world.patch("app", ["spec": ["name": "renamed"]])
                try await world.delete("app")
                #expect(await eventually { world.logs.count("orphaned secret cannot be removed") > 0 })
                #expect(world.logs.count("denied the request (the reason is omitted because it may quote a value)") > 0)
            }
        }
        let log = world.logs.lines.joined()
        for secret in ["hunter", "sesame", "aHVudGVy", "c2VzYW1l"] { #expect(!log.contains(secret)) }
    }

    @Test("a webhook that is down is reported by name, and the write succeeds when the webhook is removed")
    func down() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        try await withWebhooks(world, ["/slow/0"], isDown: true) {
            try await world.withAgent {
                try await world.expect("app", .writeFailed)
                let message = try await message(world)
                #expect(message.contains("failed calling webhook \"w0.\(world.namespace).example.com\""))
                #expect(message.contains("connection refused"))
                try await remove(world)
                try await world.expect("app", ["a": "1"])
            }
        }
    }

    /// The limits are a third of the usual ones: 10 s for a read, 23 s for a write.
    @Test(
        "a write may take longer than a read, and is sent once; with leader election too",
        arguments: [false, true])
    func slow(elects: Bool) async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        try await withWebhooks(world, ["/slow/11000"], failurePolicy: "Ignore") {
            try await world.withAgent(over: ScaledLimits(world.client)) { settings in
                settings.leaderElection = elects
                settings.lease.name = "lease"
                // The write takes longer than a term of the lease.
                settings.lease.policy.renewDeadline = .seconds(6)
                settings.lease.policy.duration = .seconds(8)
                settings.lease.policy.retryPeriod = .milliseconds(200)
            } _: {
                try await world.expect("app", ["a": "1"])
                try volume.write(["a": "2"])
                try await world.expect("app", ["a": "2"])
                try await world.expect("app", .synced)
            }
        }
        let creates = try world.server.served(in: world.namespace).filter {
            $0.verb == "create" && $0.objectRef?.resource == "secrets" && !$0.requestURI.contains("dryRun")
        }
        // If a busy machine kept the agent from renewing its Lease, it cancels the write and reads the Secret.
        let wasLost = world.logs.contains("leadership lost")
        #expect(creates.map(\.code) == [201] || wasLost)
        #expect(try world.server.codes(of: "update", in: world.namespace) == [200] || wasLost)
    }

    @Test("the outcome of a write whose response was lost is read, and the write is not repeated")
    func lost() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        let transport = LostAnswers(world.client)
        try await world.create(world.distribution("app", [("a", "a")]))
        try await world.withAgent(over: transport) {
            try await world.expect("app", ["a": "1"])
            try await world.expect("app", .synced)
            try volume.write(["a": "2"])
            try await world.expect("app", ["a": "2"])
            try await world.patch("app", ["spec": ["type": "example.com/other"]])
            #expect(await eventually { (try? await world.secret("app")?.type) == "example.com/other" })
            try await world.expect("app", ["a": "2"])
            #expect(
                await eventually {
                    guard let distribution = try? await world.distribution("app") else { return false }
                    return distribution.status.observedGeneration == distribution.generation
                })
            try await world.patch("app", ["spec": ["deletionPolicy": "Delete"]])
            #expect(await eventually { (try? await world.secret("app")?.metadata.ownerReferences?.count) == 1 })
            try await world.delete("app")
            #expect(try await eventually { try await world.secret("app") == nil })
        }
        let lost = transport.lost
        #expect(lost.count { $0.hasPrefix("create secrets") } == 2)
        #expect(lost.contains { $0.hasPrefix("update secrets ") })
        #expect(lost.contains { $0.hasPrefix("patch secretsdistributions") })
        let all = try world.server.served(in: world.namespace)
        #expect(try world.server.codes(of: "create", in: world.namespace).count { $0 == 201 } == 2)
        // A repeat would be a second create, or a second update of the same version.
        #expect(
            !all.contains { $0.code == 409 && $0.objectRef?.resource == "secrets" && !$0.requestURI.contains("dryRun") }
        )
        #expect(world.logs.count("distribution held back") == 0)
    }
}

/// Reduces the time limit of each request to a third.
private struct ScaledLimits: KubeTransport {
    private let inner: any KubeTransport

    init(_ inner: any KubeTransport) { self.inner = inner }

    func send(_ request: Request) async throws(KubeError) -> Response {
        var request = request
        request.timeout = request.timeout / 3
        return try await inner.send(request)
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream { try await inner.stream(request) }
}

/// Drops the response to each write.
private final class LostAnswers: KubeTransport {
    private let inner: any KubeTransport
    private let operations = Mutex<[String]>([])

    init(_ inner: any KubeTransport) { self.inner = inner }

    var lost: [String] { operations.withLock { $0 } }

    func send(_ request: Request) async throws(KubeError) -> Response {
        let response = try await inner.send(request)
        guard request.method != .get, request.operation.resource != "events", !request.target.contains("dryRun") else {
            return response
        }
        operations.withLock { $0.append("\(request.operation)") }
        throw KubeError(request.operation, .transport(.timeout(reason: "lost")))
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream { try await inner.stream(request) }
}
