import Distribution
import JSON
import Kube
import Planning
import TestSupport
import Testing

struct ClusterClaimsTests {
    private static func cluster(
        _ name: String, secret: String = "tls", to namespaces: String = "team-*",
        created: String = "2026-01-01T00:00:00Z",
        deleting: Bool = false
    ) throws -> SecretsDistribution {
        let manifest: JSONValue = [
            "metadata": [
                "name": .string(name), "uid": .string(name), "creationTimestamp": .string(created),
                "deletionTimestamp": deleting ? "2026-01-02T00:00:00Z" : .null,
            ],
            "spec": [
                "namespaces": [.string(namespaces)],
                "template": ["name": .string(secret), "secrets": [["from": "a", "to": "a"]]],
            ],
        ]
        return try SecretsDistribution(reading: try JSONNode(json: manifest.encoded()[...]), isCluster: true)
    }

    private static func namespaced(
        _ name: String, in namespace: String, secret: String = "tls", created: String = "2026-01-01T00:00:00Z"
    ) throws -> SecretsDistribution {
        let manifest: JSONValue = [
            "metadata": [
                "name": .string(name), "namespace": .string(namespace), "uid": .string(name),
                "creationTimestamp": .string(created),
            ],
            "spec": ["name": .string(secret), "secrets": [["from": "b", "to": "b"]]],
        ]
        return try JSONBytes.decode(SecretsDistribution.self, from: manifest.encoded())
    }

    private static func index(_ namespaces: String...) -> DistributionIndex {
        var index = DistributionIndex()
        for name in namespaces { _ = index.upsert(Namespace(name: name, uid: name)) }
        return index
    }

    private func target(_ namespace: String, _ name: String = "tls") -> ObjectKey {
        ObjectKey(namespace: namespace, name: name)
    }

    @Test func `a cluster distribution has a target in each namespace that it selects`() throws {
        var index = Self.index("team-a", "team-b", "other")
        let affected = index.upsert(try Self.cluster("c"))
        #expect(affected == [target("team-a"), target("team-b")])
        #expect(Set(index.targets) == affected)
        #expect(index.winner(of: target("team-a"))?.target == target("team-a"))
        #expect(index.winner(of: target("other")) == nil)
        #expect(index.targets(reading: ["a"]) == affected)
        #expect(index.targets(reading: ["b"]).isEmpty)
        #expect(index.remove(ObjectKey(namespace: "", name: "c")) == affected)
        #expect(index.targets.isEmpty)
        #expect(index.targets(reading: ["a"]).isEmpty)
    }

    @Test func `targets follow namespaces that appear, change labels, are being deleted and disappear`() throws {
        var index = Self.index()
        _ = index.upsert(try Self.cluster("c"))
        #expect(index.upsert(Namespace(name: "team-a", uid: "1")) == [target("team-a")])
        #expect(index.upsert(Namespace(name: "other", uid: "2")).isEmpty)
        // Another event about it.
        #expect(index.upsert(Namespace(name: "team-a", uid: "1", resourceVersion: "9")).isEmpty)
        #expect(index.upsert(Namespace(name: "team-a", uid: "1", isBeingDeleted: true)) == [target("team-a")])
        #expect(!index.isDescribed(target("team-a")))
        #expect(index.remove(namespace: "team-a").isEmpty)
        #expect(index.upsert(Namespace(name: "team-a", uid: "3")) == [target("team-a")])
        #expect(index.remove(namespace: "team-a") == [target("team-a")])
        #expect(!index.isClaimed(target("team-a")))
    }

    @Test func `a write of the status concerns no target`() throws {
        var index = Self.index("team-a")
        var distribution = try Self.cluster("c")
        _ = index.upsert(distribution)
        distribution.resourceVersion = "7"
        distribution.status.statusText = "text"
        #expect(index.upsert(distribution).isEmpty)
        #expect(index[distribution.key]?.resourceVersion == "7")
    }

    @Test func `a new name, other namespaces and other content concern the old and the new targets`() throws {
        var index = Self.index("team-a", "web")
        _ = index.upsert(try Self.cluster("c"))
        #expect(index.upsert(try Self.cluster("c", secret: "new")) == [target("team-a"), target("team-a", "new")])
        #expect(
            index.upsert(try Self.cluster("c", secret: "new", to: "w*")) == [
                target("team-a", "new"), target("web", "new"),
            ])
        #expect(!index.isClaimed(target("team-a")) && !index.isClaimed(target("team-a", "new")))
    }

    @Test func `a distribution of the namespace takes precedence, whatever its age; then the older one`() throws {
        var index = Self.index("team-a", "team-b")
        _ = index.upsert(try Self.cluster("young", created: "2026-03-01T00:00:00Z"))
        _ = index.upsert(try Self.cluster("old", created: "2026-02-01T00:00:00Z"))
        #expect(index.winner(of: target("team-a"))?.key.name == "old")
        #expect(Set(index.clusterContenders(for: target("team-a")).map(\.key.name)) == ["old", "young"])
        let own = try Self.namespaced("own", in: "team-a", created: "2026-09-01T00:00:00Z")
        #expect(index.upsert(own) == [target("team-a")])
        #expect(index.winner(of: target("team-a"))?.key == own.key)
        #expect(index.winner(of: target("team-b"))?.key.name == "old")
        _ = index.remove(own.key)
        #expect(index.winner(of: target("team-a"))?.key.name == "old")
    }

    @Test func `one that is being deleted wins nothing but still claims its targets`() throws {
        var index = Self.index("team-a")
        _ = index.upsert(try Self.cluster("c", deleting: true))
        #expect(index.winner(of: target("team-a")) == nil)
        #expect(index.isClaimed(target("team-a")))
        #expect(!index.isDescribed(target("team-a")))
    }

    // MARK: Pruning

    private func pruning(
        _ policy: DeletionPolicy, _ selects: Bool, _ change: (inout SecretsDistribution) -> Void = { _ in }
    ) throws -> Pruning {
        var distribution = try Self.cluster("c")
        distribution.spec.deletionPolicy = policy
        change(&distribution)
        var target = ObservedTarget(
            key: target("team-a"), uid: "u", resourceVersion: "1", type: "Opaque",
            annotations: [
                WellKnownKeys.managedBy: "me", WellKnownKeys.distribution: "c",
                WellKnownKeys.target: WellKnownKeys.target(self.target("team-a"), of: "c"),
            ])
        target.owners = [
            .init(apiVersion: WellKnownKeys.apiVersion, kind: WellKnownKeys.clusterKind, name: "c", uid: "c")
        ]
        return Pruning(of: target, managedBy: "me", onlyAssigned: false) { key in
            key == distribution.key ? distribution.bound(to: selects ? "team-a" : nil) : nil
        }
    }

    @Test func `a target in a namespace that is not selected any more is removed or released`() throws {
        #expect(try pruning(.delete, false).name == "delete")
        #expect(try pruning(.retain, false).name == "release")
        #expect(try pruning(.delete, true).name == "keep")
        // An invalid distribution may have meant this target.
        let invalid = try Self.cluster("c", secret: "NOT VALID").problems
        #expect(try pruning(.delete, false) { $0.problems = invalid }.name == "keep")
    }
}

extension Pruning {
    fileprivate var name: String {
        switch self {
        case .keep: "keep"
        case .delete: "delete"
        case .release: "release"
        }
    }
}
