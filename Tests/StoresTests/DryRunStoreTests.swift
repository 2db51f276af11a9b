import Distribution
import JSON
import Kube
import Observability
import Planning
import Snapshots
import Stores
import TestSupport
import Testing

@Suite("A dry run")
struct DryRunStoreTests {
    /// The response without the fields that only a store knows.
    private func known(_ target: ObservedTarget) -> ObservedTarget {
        var target = target
        target.uid = ""
        target.resourceVersion = ""
        return target
    }

    @Test("responds like the store, and does not change it", arguments: StoreUnderTest.all)
    func answers(_ target: StoreUnderTest) async throws {
        let (store, namespace) = try await target.make()
        let rehearsal = DryRunSecretStore(store, managedBy: "me", recorder: ChangeRecorder(logger: .none))
        let first = try desired(namespace, ["a": "1", "b": "1"], labels: ["x": "1"])
        let second = try desired(namespace, ["a": "2", "c": "1"], labels: ["x": "2"], generation: "2", owner: true)
        let third = try desired(namespace, ["c": "1"], type: "example.com/mine", generation: "3")

        let wouldBe = try await rehearsal.create(first)
        #expect(try await store.observe(first.key) == nil)
        let created = try await store.create(first)
        #expect(known(wouldBe) == known(created))
        await #expect(throws: StoreError.self) { _ = try await rehearsal.create(first) }

        guard case .update(_, let patch) = Plan(desired: second, observed: created, managedBy: "me") else {
            Issue.record("expected an update")
            return
        }
        let wouldChange = try await rehearsal.update(created, patch)
        #expect(try await store.observe(first.key) == created)
        let updated = try await store.update(created, patch)
        #expect(known(wouldChange) == known(updated))

        let wouldReplace = try await rehearsal.recreate(updated, as: third)
        #expect(try await store.observe(first.key) == updated)
        let replaced = try await store.recreate(updated, as: third)
        #expect(known(wouldReplace) == known(replaced))

        try await rehearsal.delete(replaced)
        #expect(try await rehearsal.observe(first.key) == replaced)
        #expect(try await rehearsal.list(.namespace(namespace)) == [replaced])
    }

    private func desired(
        _ namespace: String, _ data: [String: String], type: String = "Opaque", labels: [String: String] = [:],
        generation: String = "1", owner: Bool = false
    ) throws -> DesiredTarget {
        let manifest: JSONValue = [
            "metadata": ["name": "d", "namespace": .string(namespace), "uid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"],
            "spec": [
                "name": "target", "type": .string(type), "deletionPolicy": owner ? "Delete" : "Retain",
                "secrets": .array(data.keys.sorted().map { ["from": .string($0), "to": .string($0)] }),
                "metadata": ["labels": .object(labels.mapValues { .string($0) })],
            ],
        ]
        let distribution = try JSONBytes.decode(SecretsDistribution.self, from: manifest.encoded())
        let files = data.mapValues { SourceFile(SecretBytes($0.utf8)) }
        var pairs = CertificateCheckCache()
        return try DesiredTarget(
            distribution, from: Snapshot(generation: generation, createdAt: Timestamp(seconds: 0), files: files),
            managedBy: "me", checks: &pairs)
    }

    // MARK: On the way to the server

    @Test("sends read requests only")
    func readOnly() async throws {
        let sent = SentRequests()
        let transport = ReadOnlyTransport(sent)
        let writes = [
            Request.create(.secrets, namespace: "web", [:]), .create(.secrets, namespace: "web", [:], dryRun: true),
            .mergePatch(.secrets, namespace: "web", name: "a", [:]),
            .update(.secrets, namespace: "web", name: "a", [:]),
            .delete(.secrets, namespace: "web", name: "a", uid: nil),
        ]
        for write in writes {
            let error = KubeError(write.operation, .transport(.readOnly))
            await #expect(throws: error) { try await transport.send(write) }
            await #expect(throws: error) { _ = try await transport.stream(write) }
        }
        #expect(sent.all.isEmpty)
        let read = Request.get(.secrets, namespace: "web", name: "a")
        _ = try await transport.send(read)
        #expect(sent.all == [read])
    }
}
