import Distribution
import DistributionSupport
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
import Values

/// Generated values are stored in their Secret only.
@Suite("A store of Secrets with generated values", .tags(.concurrent))
struct GeneratedValueStoreTests {
    /// Secret `target` with generated keys and one from a file.
    private func desired(
        _ namespace: String, type: String = "Opaque", over target: ObservedTarget?, keys: [String] = ["generated"]
    ) throws -> DesiredTarget {
        let generated = keys.map { JSONValue.object(["to": .string($0), "generate": ["kind": "Password"]]) }
        let manifest: JSONValue = [
            "metadata": ["name": "d", "namespace": .string(namespace), "uid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"],
            "spec": [
                "name": "target", "type": .string(type), "deletionPolicy": "Delete",
                "secrets": .array([["from": "a", "to": "a"]] + generated),
            ],
        ]
        let distribution = try JSONBytes.decode(SecretsDistribution.self, from: manifest.encoded())
        var pairs = CertificateCheckCache()
        var desired = try DesiredTarget(
            distribution, from: Snapshot(["a": "1"], generation: "generation-1"), managedBy: "me", checks: &pairs)
        desired.compareGenerated(with: target, wasWritten: false, at: Timestamp(seconds: 0))
        return desired
    }

    private func create(_ store: any SecretStore, _ namespace: String, _ value: String) async throws -> ObservedTarget {
        var first = try desired(namespace, over: nil)
        first.fill(["generated": SecretValue(SecretBytes(value.utf8))])
        return try await store.create(first)
    }

    @Test("keeps them when the Secret is replaced", arguments: StoreUnderTest.all)
    func replaced(_ target: StoreUnderTest) async throws {
        let (store, namespace) = try await target.make()
        let old = try await create(store, namespace, "once")
        let next = try desired(namespace, type: "example.com/mine", over: old)
        #expect(next.generated.kept == ["generated"])
        let new = try await store.recreate(old, as: next)
        #expect(new.type == "example.com/mine")
        #expect(new.digests == old.digests)
        #expect(new.annotations[WellKnownKeys.generated] == old.annotations[WellKnownKeys.generated])
        #expect(try await store.savedValues(of: old.key) == nil)
    }

    /// A replacement that a webhook stops after the deletion.
    private func interruptedReplacement(
        _ keys: [String] = ["generated"]
    ) async throws -> (APIServer, String, FailedCreates, KubernetesSecretStore, ObservedTarget) {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let transport = FailedCreates(server.client, of: "target", isApplied: false)
        let store = KubernetesSecretStore(client: transport, managedBy: "me", logger: .none)
        var first = try desired(namespace, over: nil, keys: keys)
        first.fill(Dictionary(uniqueKeysWithValues: keys.map { ($0, SecretValue(SecretBytes("once".utf8))) }))
        let old = try await store.create(first)
        transport.isFailing = true
        await #expect(throws: StoreError.self) {
            _ = try await store.recreate(
                old, as: try desired(namespace, type: "example.com/mine", over: old, keys: keys))
        }
        return (server, namespace, transport, store, old)
    }

    private enum Fault: String, CaseIterable {
        case denied, lostResponse
    }

    /// A replacement that ends after the deletion. Another store takes over, as after a restart.
    @Test("finds them again if the agent ended while the Secret was replaced", arguments: Fault.allCases)
    private func interrupted(_ fault: Fault) async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let transport = FailedCreates(server.client, of: "target", isApplied: fault == .lostResponse)
        let store = KubernetesSecretStore(client: transport, managedBy: "me", logger: .none)
        let old = try await create(store, namespace, "once")
        transport.isFailing = true
        await #expect(throws: StoreError.self) {
            _ = try await store.recreate(old, as: try desired(namespace, type: "example.com/mine", over: old))
        }

        let later = KubernetesSecretStore(client: server.client, managedBy: "me", logger: .none)
        let found = try await later.observe(old.key)
        let saved = try #require(try await later.savedValues(of: old.key))
        #expect(saved.values.mapValues { $0.bytes.withUnsafeBytes { Array($0) } } == ["generated": Array("once".utf8)])
        switch fault {
        case .lostResponse:
            #expect(found?.digests == old.digests)
            // The Secret has them again.
            await later.forgetSavedValues(of: try #require(found))
            #expect(try await later.savedValues(of: old.key) == nil)
        case .denied:
            #expect(found == nil)
            var next = try desired(namespace, type: "example.com/mine", over: nil)
            let isRestored = next.restore(saved, over: nil, at: Timestamp(seconds: 0))
            #expect(isRestored)
            #expect(!next.isIncomplete)
            let new = try await later.create(next)
            #expect(new.digests == old.digests)
            #expect(try await later.savedValues(of: old.key) == nil)
        }
    }

    @Test("saves them in a Secret that the guard of the API server lets the agent write")
    func guarded() async throws {
        let (server, namespace, _, _, old) = try await interruptedReplacement()
        let all = try await server.client.list(MetadataOnly.self, .secrets, namespace: namespace).items
        let saved = try #require(all.first { $0.metadata.name.hasPrefix("secrets-distributor-saved-") }?.metadata)
        #expect(saved.annotations?[WellKnownKeys.managedBy] == "me")
        // It is no target: no watch sees it.
        #expect(saved.labels?[WellKnownKeys.managedByLabel] == nil)
        // One of another instance is not used.
        let other = KubernetesSecretStore(client: server.client, managedBy: "other", logger: .none)
        #expect(try await other.savedValues(of: old.key) == nil)
    }

    @Test("keeps what it saved until the Secret has all of it")
    func incomplete() async throws {
        let (server, namespace, transport, store, old) = try await interruptedReplacement()
        transport.isFailing = false
        // Somebody else creates the Secret meanwhile, without the generated key.
        try await server.client.create(
            .secrets, namespace: namespace,
            ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "target"], "stringData": ["a": "1"]])
        #expect(try await store.observe(old.key) != nil)
        #expect(try await store.savedValues(of: old.key)?.values.keys.sorted() == ["generated"])
    }

    @Test("extends what an interrupted replacement saved: it may be the only copy of a value")
    func extended() async throws {
        let keys = ["generated", "other"]
        let (server, namespace, transport, store, old) = try await interruptedReplacement(keys)
        // A person restores the Secret with one of the values, and the replacement is interrupted again.
        let secret: JSONValue = [
            "apiVersion": "v1", "kind": "Secret",
            "metadata": ["name": "target", "annotations": [WellKnownKeys.managedBy: "me"]],
            "stringData": ["a": "1", "generated": "theirs"],
        ]
        try await server.client.create(.secrets, namespace: namespace, secret)
        let present = try #require(try await store.observe(old.key))
        let saved = try #require(try await store.savedValues(of: old.key))
        var next = try desired(namespace, type: "example.com/mine", over: present, keys: keys)
        let isRestored = next.restore(saved, over: present, at: Timestamp(seconds: 0))
        #expect(isRestored && next.storedKeys == ["generated"] && transport.isFailing)
        await #expect(throws: StoreError.self) { _ = try await store.recreate(present, as: next) }
        #expect(try await store.observe(old.key) == nil)
        let values = try await store.savedValues(of: old.key)?.values.mapValues { value in
            value.bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        }
        #expect(values == ["generated": "theirs", "other": "once"])
    }

    @Test("does not delete the Secret if they cannot be saved, or if it has changed")
    func notSaved() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let old = try await create(
            KubernetesSecretStore(client: server.client, managedBy: "me", logger: .none), namespace, "once")
        let transport = FailedCreates(server.client, of: nil, isApplied: false)
        transport.isFailing = true
        let store = KubernetesSecretStore(client: transport, managedBy: "me", logger: .none)
        let next = try desired(namespace, type: "example.com/mine", over: old)
        let error = await #expect(throws: StoreError.self) { _ = try await store.recreate(old, as: next) }
        guard case .cannotReplace(let text)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("its generated values cannot be saved first"))
        // The webhook quotes a value.
        #expect(text.contains(#"webhook "w.example" denied"#) && !text.contains("once"))
        #expect(try await store.observe(old.key)?.uid == old.uid)

        transport.isFailing = false
        try await server.client.patch(
            .secrets, namespace: namespace, name: "target", ["metadata": ["labels": ["other": "writer"]]])
        let changed = await #expect(throws: StoreError.self) { _ = try await store.recreate(old, as: next) }
        guard case .changed? = changed else {
            Issue.record("\(String(describing: changed))")
            return
        }
        #expect(try await store.savedValues(of: old.key) == nil)
    }
}

/// Creates of Secrets fail while `isFailing` is true: those of one name, or all others than dry runs.
private final class FailedCreates: KubeTransport {
    private let inner: any KubeTransport
    private let name: String?
    /// Whether the server carries them out, and only their responses are lost.
    private let isApplied: Bool
    private let failing = Mutex(false)

    init(_ inner: any KubeTransport, of name: String?, isApplied: Bool) {
        (self.inner, self.name, self.isApplied) = (inner, name, isApplied)
    }

    var isFailing: Bool {
        get { failing.withLock { $0 } }
        set { failing.withLock { $0 = newValue } }
    }

    func send(_ request: Request) async throws(KubeError) -> Response {
        let isCreate = request.method == .post && !request.query.contains { $0.name == "dryRun" }
        let body = String(decoding: request.body, as: UTF8.self)
        guard isCreate, isFailing, name.map({ body.contains(#""name":"\#($0)""#) }) ?? true else {
            return try await inner.send(request)
        }
        guard isApplied else {
            throw KubeError(
                request.operation, .forbidden(message: "admission webhook \"w.example\" denied the request: not once"))
        }
        _ = try await inner.send(request)
        throw KubeError(request.operation, .transport(.timeout(reason: "no response")))
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream { try await inner.stream(request) }
}
