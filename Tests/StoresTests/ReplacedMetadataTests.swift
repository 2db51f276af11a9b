import Distribution
import Kube
import LinuxIO
import TestSupport
import Testing

@testable import JSON
@testable import Stores

/// Metadata of others on a Secret is restored on the one that replaces it, and on no other.
@Suite("Metadata of a replaced Secret")
struct ReplacedMetadataTests {
    private let key = ObjectKey(namespace: "web", name: "app")
    private let now = ContinuousClock.now

    private func metadata(_ value: String = "theirs", padding: Int = 0) -> JSONValue {
        [
            "labels": ["a": .string(value)], "finalizers": ["example.com/f"],
            "annotations": [
                WellKnownKeys.lastApplied: "values", "b": .string(String(repeating: "x", count: padding)),
            ],
        ]
    }

    private func kept(_ value: JSONValue = ["labels": ["a": "theirs"]], by distribution: String = "d1")
        -> ReplacedMetadata
    {
        var replaced = ReplacedMetadata()
        replaced.keep(metadata(), of: key, uid: "u1", for: distribution, at: now)
        return replaced
    }

    @Test("is added to its replacement, without the copy of its values")
    func carriedOver() {
        let found = kept().metadata(of: key, for: "d1", at: now)
        #expect(found?["labels"]?["a"]?.string == "theirs")
        #expect(found?["finalizers"]?.array?.count == 1)
        #expect(found?["annotations"]?[WellKnownKeys.lastApplied] == nil && found?["annotations"]?["b"]?.string == "")
    }

    @Test("belongs to the distribution that caused it and to the Secret of that name, for an hour")
    func bounds() {
        let replaced = kept()
        #expect(replaced.metadata(of: key, for: "d2", at: now) == nil)
        #expect(replaced.metadata(of: ObjectKey(namespace: "web", name: "b"), for: "d1", at: now) == nil)
        #expect(replaced.metadata(of: key, for: "d1", at: now + .seconds(3599)) != nil)
        #expect(replaced.metadata(of: key, for: "d1", at: now + .seconds(3600)) == nil)
    }

    @Test("is dropped with its distribution, and when that has another target")
    func distributionGoes() {
        var replaced = kept()
        replaced.forget("d1", unless: key)
        #expect(replaced.size > 0)
        replaced.forget("d1", unless: ObjectKey(namespace: "web", name: "b"))
        #expect(replaced.size == 0)
        replaced = kept()
        replaced.forget("d1", unless: nil)
        #expect(replaced.size == 0)
    }

    @Test("is dropped when another Secret of that name is seen; an event about the old one has no effect")
    func seen() {
        var replaced = kept()
        replaced.observe(key, uid: "u1")
        replaced.observe(ObjectKey(namespace: "web", name: "b"), uid: "u2")
        #expect(replaced.size > 0)
        replaced.observe(key, uid: "u2")
        #expect(replaced.size == 0)
    }

    @Test("has bounded memory, however many Secrets are replaced and however large they are")
    func size() {
        var replaced = ReplacedMetadata()
        // One distribution has one target.
        for round in 0..<100 {
            replaced.keep(
                metadata(padding: 1000), of: ObjectKey(namespace: "web", name: "s\(round)"), uid: "", for: "d", at: now)
        }
        #expect(replaced.size < 2000)
        // Too large to be kept at all.
        replaced.keep(metadata(padding: 300 << 10), of: key, uid: "", for: "d", at: now)
        #expect(replaced.size == 0)
        // A namespace that fills the memory loses its own entries, not those of another.
        replaced.keep(metadata(), of: ObjectKey(namespace: "lab", name: "a"), uid: "", for: "other", at: now)
        for number in 0..<100 {
            let at = now + .seconds(number)
            replaced.keep(
                metadata(padding: 200 << 10), of: ObjectKey(namespace: "web", name: "s\(number)"), uid: "",
                for: "d\(number)", at: at)
            #expect(replaced.size <= 4 << 20)
        }
        #expect(replaced.metadata(of: ObjectKey(namespace: "lab", name: "a"), for: "other", at: now) != nil)
        #expect(replaced.metadata(of: ObjectKey(namespace: "web", name: "s99"), for: "d99", at: now) != nil)
        #expect(replaced.metadata(of: ObjectKey(namespace: "web", name: "s0"), for: "d0", at: now) == nil)
        replaced.keep(metadata(), of: key, uid: "", for: "late", at: now + .seconds(7200))
        #expect(replaced.size < 1000)
    }

    // MARK: On a real API server

    private enum Meanwhile: String, CaseIterable {
        case nothing, distributionGoes, anotherAsks, somebodyMakesIt
    }

    /// A replacement whose create is rejected is completed by a later pass.
    @Test(
        "is restored by a later pass, but not for another distribution, nor after somebody else used the name",
        arguments: Meanwhile.allCases)
    private func refusedCreate(meanwhile: Meanwhile) async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let transport = RefusedCreates(server.client)
        let store = KubernetesSecretStore(client: transport, managedBy: "me", logger: .none)
        let first = try await store.create(try desiredTarget(namespace, ["a": [1]]))
        try await server.client.patch(
            .secrets, namespace: namespace, name: "target", ["metadata": ["labels": ["theirs": "stays"]]])
        let old = try #require(try await store.observe(first.key))
        let next = try desiredTarget(namespace, ["a": [1]], type: "example.com/mine")
        transport.isRefusing = true
        await #expect(throws: StoreError.self) { _ = try await store.recreate(old, as: next) }
        #expect(try await store.observe(first.key) == nil)
        transport.isRefusing = false

        var asked = next
        switch meanwhile {
        case .nothing: break
        case .distributionGoes: store.forget(next.distribution, unless: nil)
        case .anotherAsks: asked = try desiredTarget(namespace, ["a": [1]], type: "example.com/mine", uid: "another")
        case .somebodyMakesIt:
            let secret: JSONValue = ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "target"]]
            try await server.client.create(.secrets, namespace: namespace, secret)
            await #expect(throws: StoreError.self) { _ = try await store.create(asked) }
            let theirs = try #require(try await store.observe(first.key))
            try await store.delete(theirs)
        }
        let created = try await store.create(asked)
        #expect(created.labels["theirs"] == (meanwhile == .nothing ? "stays" : nil))
        // The Secret exists: the kept metadata are no longer needed.
        try await store.delete(created)
        #expect(try await store.create(asked).labels["theirs"] == nil)
    }
}

/// Rejects creates of Secrets while `isRefusing` is true; dry runs are sent to the server.
private final class RefusedCreates: KubeTransport {
    private let inner: any KubeTransport
    private let refusing = Mutex(false)

    init(_ inner: any KubeTransport) { self.inner = inner }

    var isRefusing: Bool {
        get { refusing.withLock { $0 } }
        set { refusing.withLock { $0 = newValue } }
    }

    func send(_ request: Request) async throws(KubeError) -> Response {
        let isCreate = request.method == .post && !request.query.contains { $0.name == "dryRun" }
        guard isCreate, isRefusing else { return try await inner.send(request) }
        throw KubeError(request.operation, .forbidden(message: "exceeded quota"))
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream { try await inner.stream(request) }
}
