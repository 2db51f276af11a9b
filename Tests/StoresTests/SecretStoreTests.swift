import Distribution
import DistributionSupport
import FoundationEssentials
import JSON
import Kube
import LinuxIO
import Observability
import Planning
import Snapshots
import Stores
import TestSupport
import TestTraits
import Testing

/// A store under test, and a namespace in it that no other test uses.
struct StoreUnderTest: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable () async throws -> (store: any SecretStore, namespace: String)

    static let all = [
        StoreUnderTest(testDescription: "a fake") { (FakeStore(), "web") },
        StoreUnderTest(testDescription: "a folder") {
            let directory = try TemporaryDirectory()
            let store = try FolderSecretStore(
                path: directory("out"), managedBy: "me", timing: .usual, isDryRun: false, logger: .none)
            return (Holding(store, directory), "web")
        },
        StoreUnderTest(testDescription: "a real API server") {
            let server = try await APIServer.shared()
            let store = KubernetesSecretStore(client: server.client, managedBy: "me", logger: .none)
            return (store, try await server.namespace())
        },
    ]
}

/// The behaviour that all stores must share.
@Suite("A store of Secrets", .tags(.concurrent))
struct SecretStoreTests {
    @Test("creates, lists and observes a Secret with its marks, type and content", arguments: StoreUnderTest.all)
    func creates(_ target: StoreUnderTest) async throws {
        let (store, namespace) = try await target.make()
        let desired = try desired(namespace, ["a": Array("A".utf8), "b": [0, 255, 10]], type: "example.com/mine")
        let created = try await store.create(desired)
        #expect(created.type == "example.com/mine")
        #expect(created.managedBy == "me")
        #expect(created.distribution == ObjectKey(namespace: namespace, name: "d"))
        #expect(created.mountGeneration == "generation-1")
        #expect(created.digests == desired.data.mapValues(\.digest))
        #expect(try await store.observe(desired.key) == created)
        #expect(try await store.list(.namespace(namespace)) == [created])
        #expect(try await store.list(.namespace("another")).isEmpty)
    }

    @Test("does not create an existing Secret", arguments: StoreUnderTest.all)
    func refusesToOverwrite(_ target: StoreUnderTest) async throws {
        let (store, namespace) = try await target.make()
        let first = try await store.create(try desired(namespace, ["a": [1]]))
        await #expect(throws: StoreError.self) { try await store.create(try self.desired(namespace, ["a": [2]])) }
        #expect(try await store.observe(first.key) == first)
    }

    @Test("writes a difference and nothing else", arguments: StoreUnderTest.all)
    func updates(_ target: StoreUnderTest) async throws {
        let (store, namespace) = try await target.make()
        let first = try await store.create(try desired(namespace, ["a": [1], "b": [2], "c": [3]]))
        let next = try desired(namespace, ["a": [1], "b": [20]], generation: "generation-2")
        let second = try await update(first, to: next, store)
        #expect(second.digests == next.data.mapValues(\.digest))
        #expect(second.mountGeneration == "generation-2")
        #expect(second.labels == first.labels)
        #expect(second.resourceVersion != first.resourceVersion)
        guard case .unchanged = Plan(desired: next, observed: second, managedBy: "me") else {
            Issue.record("a difference remains")
            return
        }
    }

    @Test("knows the size of the response to a small write of a large Secret, and needs none if the Secret was small")
    func tellsAnswerSize() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let transport = NotedRequests(server.client)
        let store = KubernetesSecretStore(client: transport, managedBy: "me", logger: .none)
        let large = [UInt8](repeating: 1, count: 30_000)
        var target = try await store.create(try desired(namespace, ["a": [1], "b": large]))
        target = try await update(target, to: try desired(namespace, ["a": [2], "b": large]), store)
        #expect(transport.all.map { $0.expectedResponseSize > 40_000 } == [false, true])
        // Another store knows it from its list.
        let other = KubernetesSecretStore(client: transport, managedBy: "me", logger: .none)
        target = try #require(try await other.list(.namespace(namespace)).first)
        target = try await update(target, to: try desired(namespace, ["a": [3], "b": large]), other)
        #expect(transport.all.last.map { $0.expectedResponseSize > 40_000 } == true)

        target = try await update(target, to: try desired(namespace, ["a": [2]]), other)
        target = try await update(target, to: try desired(namespace, ["a": [3]]), other)
        #expect(transport.all.suffix(2).map { $0.expectedResponseSize > 0 } == [true, false])
    }

    @Test("rejects a write that is not based on what was read", arguments: StoreUnderTest.all)
    func refusesStaleWrites(_ target: StoreUnderTest) async throws {
        let (store, namespace) = try await target.make()
        let first = try await store.create(try desired(namespace, ["a": [1]]))
        let second = try await update(first, to: try desired(namespace, ["a": [2]]), store)
        for stale in [{ try await self.update(first, to: try self.desired(namespace, ["a": [3]]), store) }] {
            let error = await #expect(throws: StoreError.self) { _ = try await stale() }
            if case .changed = error {} else { Issue.record("\(String(describing: error))") }
        }
        let error = await #expect(throws: StoreError.self) { try await store.delete(first) }
        if case .changed = error {} else { Issue.record("\(String(describing: error))") }
        #expect(try await store.observe(first.key) == second)
    }

    @Test("replaces a Secret by one of another type, and keeps the metadata of others", arguments: StoreUnderTest.all)
    func recreates(_ target: StoreUnderTest) async throws {
        let (store, namespace) = try await target.make()
        var first = try await store.create(
            try desired(namespace, ["a": [1]], labels: ["theirs": "stays"], owner: true))
        let next = try desired(namespace, ["a": [1]], type: "example.com/mine")
        let second = try await store.recreate(first, as: next)
        #expect(second.type == "example.com/mine")
        #expect(second.labels["theirs"] == "stays")
        #expect(second.owners.isEmpty)
        #expect(try await store.observe(first.key) == second)
        first.resourceVersion = "1"
        await #expect(throws: StoreError.self) { _ = try await store.recreate(first, as: next) }
    }

    @Test("sets and removes our owner reference", arguments: StoreUnderTest.all)
    func owners(_ target: StoreUnderTest) async throws {
        let (store, namespace) = try await target.make()
        let first = try await store.create(try desired(namespace, ["a": [1]]))
        let second = try await update(first, to: try desired(namespace, ["a": [1]], owner: true), store)
        #expect(second.distributionOwner?.name == "d")
        let third = try await update(second, to: try desired(namespace, ["a": [1]]), store)
        #expect(third.owners.isEmpty)
        // The content is the same: its generation is not written again.
        #expect(third.mountGeneration == first.mountGeneration)
    }

    @Test("deletes a Secret, which then cannot be read", arguments: StoreUnderTest.all)
    func deletes(_ target: StoreUnderTest) async throws {
        let (store, namespace) = try await target.make()
        let first = try await store.create(try desired(namespace, ["a": [1]]))
        try await store.delete(first)
        #expect(try await store.observe(first.key) == nil)
        #expect(try await store.list(.namespace(namespace)).isEmpty)
    }

    // MARK: Help

    private func update(
        _ observed: ObservedTarget, to desired: DesiredTarget, _ store: any SecretStore
    ) async throws -> ObservedTarget {
        guard case .update(let target, let patch) = Plan(desired: desired, observed: observed, managedBy: "me") else {
            throw PlanIsNoUpdate()
        }
        return try await store.update(target, patch)
    }

    private struct PlanIsNoUpdate: Error {}

    private func desired(
        _ namespace: String, _ data: [String: [UInt8]], type: String = "Opaque", generation: String = "generation-1",
        labels: [String: String] = [:], owner: Bool = false
    ) throws -> DesiredTarget {
        try desiredTarget(namespace, data, type: type, generation: generation, labels: labels, owner: owner)
    }
}

/// Secret `target` of distribution `d`; each file is a key.
func desiredTarget(
    _ namespace: String, _ data: [String: [UInt8]], type: String = "Opaque", generation: String = "generation-1",
    labels: [String: String] = [:], owner: Bool = false,
    uid: String = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
) throws -> DesiredTarget {
    let manifest: JSONValue = [
        "metadata": ["name": "d", "namespace": .string(namespace), "uid": .string(uid)],
        "spec": [
            "name": "target", "type": .string(type), "deletionPolicy": owner ? "Delete" : "Retain",
            "secrets": .array(data.keys.sorted().map { ["from": .string($0), "to": .string($0)] }),
            "metadata": ["labels": .object(labels.mapValues { .string($0) })],
        ],
    ]
    let distribution = try JSONBytes.decode(SecretsDistribution.self, from: manifest.encoded())
    let files = data.mapValues { SourceFile(SecretBytes($0)) }
    var pairs = CertificateCheckCache()
    return try DesiredTarget(
        distribution, from: Snapshot(generation: generation, createdAt: Timestamp(seconds: 0), files: files),
        managedBy: "me", checks: &pairs)
}

/// A store with a folder that must live as long.
private struct Holding: SecretStore {
    private let store: any SecretStore
    private let directory: TemporaryDirectory

    init(_ store: any SecretStore, _ directory: TemporaryDirectory) {
        self.store = store
        self.directory = directory
    }

    func list(_ scope: Scope) async throws(StoreError) -> [ObservedTarget] { try await store.list(scope) }
    func watch(_ scope: Scope, _ observer: WatchHandler<ObservedTarget>) async { await store.watch(scope, observer) }
    func observe(_ key: ObjectKey) async throws(StoreError) -> ObservedTarget? { try await store.observe(key) }
    func create(_ target: DesiredTarget) async throws(StoreError) -> ObservedTarget { try await store.create(target) }
    func update(_ target: ObservedTarget, _ patch: TargetPatch) async throws(StoreError) -> ObservedTarget {
        try await store.update(target, patch)
    }
    func recreate(_ target: ObservedTarget, as desired: DesiredTarget) async throws(StoreError) -> ObservedTarget {
        try await store.recreate(target, as: desired)
    }
    func delete(_ target: ObservedTarget) async throws(StoreError) { try await store.delete(target) }
}

/// Records the requests.
final class NotedRequests: KubeTransport {
    private let inner: any KubeTransport
    private let requests = Mutex<[Request]>([])

    init(_ inner: any KubeTransport) { self.inner = inner }

    var all: [Request] { requests.withLock { $0 } }

    func send(_ request: Request) async throws(KubeError) -> Response {
        requests.withLock { $0.append(request) }
        return try await inner.send(request)
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream { try await inner.stream(request) }
}
