import Distribution
import JSON
import Kube
import Observability
import Snapshots
import Testing

@testable import Planning
@testable import Stores

@Suite("The request with the whole Secret")
struct WholeSecretTests {
    private static let marks: JSONValue = [
        "name": "target", "namespace": "web", "uid": "u", "resourceVersion": "7",
        "creationTimestamp": "2026-12-01T00:00:00Z", "labels": ["app.kubernetes.io/managed-by": "me", "theirs": "l"],
        "annotations": ["xlscsde.nhs.uk/managedBy": "me", "xlscsde.nhs.uk/distribution": "web/d", "theirs": "a"],
        "managedFields": [["manager": "other"]],
    ]

    private static func secret(_ metadata: JSONValue = [:], _ rest: JSONValue = [:]) -> JSONValue {
        let secret: JSONValue = [
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": ["a": "AQ==", "b": "Ag=="],
        ]
        return secret.merging(["metadata": marks.merging(metadata)]).merging(rest)
    }

    private func read(_ secret: JSONValue) throws -> ObservedTarget {
        try JSONBytes.decode(SecretObject.self, from: secret.encoded()).observed
    }

    private func patch(_ observed: ObservedTarget, _ data: [String: [UInt8]] = ["a": [1], "b": [3]]) throws
        -> TargetPatch
    {
        TargetPatch(from: observed, to: try desiredTarget("web", data, generation: "generation-2"))
    }

    private static let owner: JSONValue = [
        "apiVersion": "v1", "kind": "ConfigMap", "name": "n", "uid": "o", "controller": false,
        "blockOwnerDeletion": true,
    ]

    @Test("has everything that the Secret has and the patch does not change, and nothing that only the server sets")
    func complete() throws {
        let owners: JSONValue = .array([Self.owner])
        let stored = Self.secret(["ownerReferences": owners])
        let observed = try read(stored)
        let desired = try desiredTarget(
            "web", ["a": [1], "b": [3]], generation: "generation-2", labels: ["team": "blue"], owner: true)
        let owner = try #require(desired.owner)
        let request = try #require(TargetPatch(from: observed, to: desired).update(of: observed))
        #expect("\(request)" == "PUT /api/v1/namespaces/web/secrets/target?fieldManager=secrets-distributor")
        let expected = stored.merging([
            "metadata": [
                "creationTimestamp": nil, "managedFields": nil, "labels": ["team": "blue"],
                "annotations": .object(
                    desired.annotations.mapValues { .string($0) }.merging([
                        WellKnownKeys.mountGeneration: "generation-2"
                    ]) { $1 }),
                "ownerReferences": [Self.owner, JSONValue(owner)],
            ],
            "data": ["b": "Aw=="],
        ])
        #expect(try JSONValue(json: request.body) == expected)
    }

    @Test("has no content if the Secret has none: an empty map would be a change, which an immutable Secret forbids")
    func empty() throws {
        let observed = try read(Self.secret([:], ["data": nil, "immutable": true]))
        let manifest: JSONValue = [
            "metadata": ["name": "d", "namespace": "web", "uid": "d"],
            "spec": ["name": "target", "secrets": [["from": "missing", "to": "a", "optional": true]]],
        ]
        var checks = CertificateCheckCache()
        let desired = try DesiredTarget(
            JSONBytes.decode(SecretsDistribution.self, from: manifest.encoded()),
            from: Snapshot(
                generation: "generation-2", createdAt: Timestamp(seconds: 0),
                files: ["other": SourceFile(SecretBytes([1]))]), managedBy: "me", checks: &checks)
        let request = try #require(TargetPatch(from: observed, to: desired).update(of: observed))
        let body = try JSONValue(json: request.body)
        #expect(body["data"] == nil && body["immutable"] == true)
    }

    @Test(
        "does not exist for a Secret of which a part was left out",
        arguments: [
            secret(["finalizers": ["example.com/f"]]), secret(["generateName": "target-"]),
            secret(["deletionTimestamp": "2026-12-01T00:00:00Z"]), secret(["deletionGracePeriodSeconds": 0]),
            secret(["generation": 1]), secret(["annotations": [.init(WellKnownKeys.lastApplied): "{}"]]),
            secret(["future": "field"]), secret([:], ["future": "field"]), secret([:], ["stringData": ["a": "b"]]),
            secret([:], ["immutable": false]),
            secret(["ownerReferences": .array([owner.merging(["future": "field"])])]),
        ])
    func incomplete(_ secret: JSONValue) throws {
        let observed = try read(secret)
        #expect(!observed.isComplete)
        #expect(try patch(observed).update(of: observed) == nil)
    }

    @Test("does not exist for an object with a field twice")
    func twice() throws {
        var text = String(decoding: Self.secret().encoded(), as: UTF8.self)
        text = text.replacing(#""type":"Opaque""#, with: #""type":"Opaque","type":"Opaque""#)
        let observed = try JSONBytes.decode(SecretObject.self, from: Array(text.utf8)).observed
        #expect(try patch(observed).update(of: observed) == nil)
    }

    @Test("does not exist if the content of a key is not known, if there is no version, or if it is large")
    func unknown() throws {
        let observed = try read(Self.secret())
        #expect(try patch(observed).update(of: observed) != nil)
        // What another agent with a newer mount wrote stays.
        var restricted = try patch(observed)
        restricted.restrict { $0 == "b" }
        #expect(restricted.update(of: observed) == nil)
        #expect(TargetPatch(releasing: observed).update(of: observed) == nil)
        for change: (inout ObservedTarget) -> Void in [{ $0.uid = "" }, { $0.resourceVersion = "" }] {
            var unversioned = observed
            change(&unversioned)
            #expect(try patch(unversioned).update(of: unversioned) == nil)
        }
        let large = [UInt8](repeating: 1, count: 800_000)
        #expect(try patch(observed, ["a": large]).update(of: observed) == nil)
        #expect(try patch(observed, ["a": Array(large.prefix(700_000))]).update(of: observed) != nil)
    }
}
