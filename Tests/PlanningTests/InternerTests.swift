import DistributionSupport
import Snapshots
import Testing

@testable import Distribution
@testable import JSON
@testable import Planning

@Suite struct InternerTests {
    private var common = Interner()

    private static func distribution(_ name: String, _ patch: JSONValue = [:]) throws -> SecretsDistribution {
        let message: JSONValue = .string("Secret \(name) holds 2 keys from the mount.")
        let manifest: JSONValue = [
            "metadata": [
                "name": .string(name), "namespace": "a-namespace-of-some-length", "uid": .string("uid-of-\(name)"),
            ],
            "spec": [
                "name": .string(name), "type": "kubernetes.io/basic-auth",
                "secrets": Manifest.mappings(("username", "username"), ("password", "password")),
                "metadata": ["labels": ["reconcile": "enabled"], "annotations": ["note": "of the team"]],
            ],
            "status": [
                "statusText": message, "lastUpdated": "2024-05-01T10:00:00Z", "mountGeneration": "..2024_05_01_10_00",
                "conditions": [
                    [
                        "type": "Ready", "status": "True", "reason": "Synced", "message": message,
                        "lastTransitionTime": "2024-05-01T10:00:00Z",
                    ]
                ],
            ],
        ]
        return try Manifest.amended(manifest.merging(patch))
    }

    private static func target(_ name: String) -> ObservedTarget {
        // Created at run time, so that each text has its own memory.
        func text(_ parts: String...) -> String { parts.joined(separator: "-") }
        return ObservedTarget(
            key: ObjectKey(
                namespace: text("a", "namespace", "of", "some", "length"), name: text(name, "is", "its", "name")),
            uid: text("uid", "of", "the", "Secret", name), resourceVersion: "7",
            type: text("kubernetes.io/basic", "auth"),
            digests: ["password": Digest("secret"), "username": Digest("name")],
            labels: [text("app.kubernetes.io/managed", "by"): text("secrets", "distributor")],
            annotations: [
                text("xlscsde.nhs.uk/distribution", "key"): text("namespace", "of", name),
                text("xlscsde.nhs.uk/mount", "Generation"): text("..2024_05_01", "10_00"),
            ])
    }

    @Test mutating func `interning changes no value`() throws {
        for name in ["one-certificate-of-many", "another-certificate"] {
            let distribution = try Self.distribution(name)
            var shared = distribution
            common.share(&shared, with: nil, nil)
            #expect(shared == distribution)
            common.share(
                &shared, with: try Self.distribution("unlike"), DistributionStatus(reason: .synced, message: "x"))
            #expect(shared == distribution)

            let target = Self.target(name)
            var sharedTarget = target
            common.share(&sharedTarget, with: nil, nil)
            #expect(sharedTarget == target)
            common.share(&sharedTarget, with: Self.target("unlike"), Self.target("unlike").key)
            #expect(sharedTarget == target)
        }
    }

    @Test mutating func `equal parts of two distributions are in memory once`() throws {
        var (one, other) = (
            try Self.distribution("one-certificate-of-many"), try Self.distribution("another-certificate")
        )
        common.share(&one, with: nil, nil)
        common.share(&other, with: nil, nil)
        #expect(isOne(one.key.namespace, other.key.namespace))
        #expect(isOne(one.createdAt, other.createdAt))
        #expect(isOne(one.spec.type, other.spec.type))
        #expect(isOne(one.spec.mappings, other.spec.mappings))
        #expect(isOne(one.spec.labels, other.spec.labels))
        #expect(isOne(one.spec.annotations, other.spec.annotations))
        #expect(isOne(one.status.lastUpdated, other.status.lastUpdated))
        #expect(isOne(one.status.mountGeneration, other.status.mountGeneration))
        #expect(isOne(one.status.ready?.lastTransitionTime, other.status.lastUpdated))
        // Equal parts of one of them, too.
        #expect(isOne(one.spec.name, one.key.name))
        #expect(isOne(one.status.ready?.message, one.status.statusText))
    }

    @Test mutating func `values that only look the same are not merged`() throws {
        func distribution(_ key: String) throws -> SecretsDistribution {
            var distribution = try Self.distribution(
                "one-of-many",
                [
                    "spec": [
                        "secrets": Manifest.mappings(("tls-\(key)ey-of-the-server", "key")),
                        "metadata": ["annotations": ["note": .string("the \(key)ey of the team")]],
                    ],
                    "status": ["lastUpdated": .string("the \(key)ey of the team")],
                ])
            common.share(&distribution, with: nil, DistributionStatus(reason: .synced, message: "the Key of the team"))
            return distribution
        }
        func target(_ key: String) -> ObservedTarget {
            var target = Self.target("web")
            target.labels["a"] = "the \(key)ey"
            target.annotations["note"] = "the \(key)ey of the team"
            target.digests = ["the \(key)ey": Digest("same")]
            common.share(&target, with: nil, nil)
            return target
        }
        // Alternating, so that each comes after the other.
        for key in ["\u{212a}", "K", "\u{212a}", "K"] {
            let distribution = try distribution(key)
            #expect(
                distribution.spec.files.map { Array($0.text.utf8) } == [
                    Array("tls-\(key)ey-of-the-server".utf8)
                ])
            let note = "the \(key)ey of the team"
            #expect(distribution.spec.annotations["note"]?.isSame(as: note) == true)
            #expect(distribution.status.lastUpdated?.isSame(as: note) == true)
            let target = target(key)
            #expect(target.labels["a"]?.isSame(as: "the \(key)ey") == true)
            #expect(target.annotations["note"]?.isSame(as: note) == true)
            #expect(target.digests.keys.allSatisfy { $0.isSame(as: "the \(key)ey") })
        }
    }

    @Test mutating func `values that are decoded again share the existing memory`() throws {
        let name = "one-certificate-of-many"
        var (known, again) = (try Self.distribution(name), try Self.distribution(name))
        common.share(&known, with: nil, nil)
        let outcome = DistributionStatus(
            reason: .synced, message: ["Secret", name, "holds 2 keys from the mount."].joined(separator: " "))
        common.share(&again, with: known, outcome)
        #expect(isOne(again.key, known.key))
        #expect(isOne(again.uid, known.uid))
        #expect(isOne(again.status.statusText, outcome.message))

        var (seen, next) = (Self.target("web"), Self.target("web"))
        common.share(&seen, with: nil, nil)
        common.share(&next, with: seen, nil)
        #expect(isOne(next.key, seen.key))
        #expect(isOne(next.uid, seen.uid))
    }

    @Test mutating func `equal parts of two Secrets are in memory once`() throws {
        var (one, other) = (Self.target("one"), Self.target("other"))
        let key = Self.target("other").key
        common.share(&one, with: nil, nil)
        common.share(&other, with: nil, key)
        #expect(isOne(other.key, key))
        #expect(isOne(one.type, other.type))
        #expect(isOne(one.digests, other.digests))
        #expect(isOne(one.labels, other.labels))
        for (name, value) in one.annotations {
            let same = try #require(other.annotations.first { $0.key == name })
            #expect(isOne(same.key, name))
            if same.value == value { #expect(isOne(same.value, value)) }
        }
    }
}

/// Whether the two share memory: the same bits, which refer to the same place.
private func isOne<Value: Equatable>(_ left: Value, _ right: Value) -> Bool {
    withUnsafeBytes(of: left) { left in withUnsafeBytes(of: right) { left.elementsEqual($0) } }
}

private func isOne(_ left: String, _ right: String?) -> Bool { isOne(Optional(left), right) }
private func isOne(_ left: String?, _ right: String) -> Bool { isOne(left, Optional(right)) }
