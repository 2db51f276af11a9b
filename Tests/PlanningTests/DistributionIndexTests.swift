import DistributionSupport
import JSON
import TestSupport
import Testing

@testable import Distribution
@testable import Planning

@Suite struct DistributionIndexTests {
    private func distribution(
        _ name: String, target: String? = nil, reading paths: [String] = ["password"], age: Int = 0,
        namespace: String = "shop"
    ) throws -> SecretsDistribution {
        try Manifest.amended([
            "metadata": [
                "name": .string(name), "namespace": .string(namespace),  // Not in the order of the names.
                "uid": .string("uid-\(name.count)"),
                "creationTimestamp": .string("2024-05-0\(9 - age)T10:00:00Z"),
            ],
            "spec": [
                "name": .string(target ?? "\(name)-secret"),
                "secrets": .array(paths.enumerated().map { ["from": .string($1), "to": .string("KEY\($0)")] }),
            ],
        ])
    }

    private func key(_ name: String, _ namespace: String = "shop") -> ObjectKey {
        ObjectKey(namespace: namespace, name: name)
    }

    @Test("A file in a folder that a distribution reads as a whole leads to its target, also if the file is new")
    func wholeFolders() throws {
        var index = DistributionIndex()
        for (name, folder) in [("a", "app"), ("b", "."), ("c", "app/deep")] {
            let patch: JSONValue = ["spec": ["secrets": [], "dataFrom": [["folder": .string(folder)]]]]
            var distribution = try Manifest.amended(patch)
            distribution.key = key(name)
            distribution.spec.name = "\(name)-secret"
            _ = index.upsert(distribution)
        }
        #expect(index.targets(reading: ["app/new"]) == [key("a-secret"), key("b-secret")])
        #expect(index.targets(reading: ["app/deep/x"]) == [key("a-secret"), key("b-secret"), key("c-secret")])
        #expect(index.targets(reading: ["apps/x"]) == [key("b-secret")])
        _ = index.remove(key("b"))
        #expect(index.targets(reading: ["apps/x"]) == [])
    }

    @Test("A changed file leads to the targets that it feeds, and to no others")
    func readers() throws {
        var index = DistributionIndex()
        #expect(index.upsert(try distribution("a", reading: ["x", "shared"])) == [key("a-secret")])
        #expect(index.upsert(try distribution("b", reading: ["y", "shared"])) == [key("b-secret")])
        #expect(index.upsert(try distribution("c", reading: ["z"], namespace: "lab")) == [key("c-secret", "lab")])
        #expect(index.targets(reading: ["x"]) == [key("a-secret")])
        #expect(index.targets(reading: ["shared"]) == [key("a-secret"), key("b-secret")])
        #expect(index.targets(reading: ["y", "z", "nothing"]) == [key("b-secret"), key("c-secret", "lab")])
        #expect(index.targets(reading: []) == [])
        #expect(Set(index.targets) == [key("a-secret"), key("b-secret"), key("c-secret", "lab")])
    }

    @Test("A folder leads to the targets that its files feed, as long as they exist")
    func folders() throws {
        var index = DistributionIndex()
        _ = index.upsert(try distribution("a", reading: ["certs/web/tls.crt", "certs/web/tls.key"]))
        _ = index.upsert(try distribution("b", reading: ["certs"]))
        #expect(index.targets(reading: ["certs/web"], folders: ["certs/web"]) == [key("a-secret")])
        #expect(index.targets(reading: ["certs"], folders: ["certs"]) == [key("a-secret"), key("b-secret")])
        _ = index.remove(key("a"))
        #expect(index.targets(reading: ["certs", "certs/web"], folders: ["certs", "certs/web"]) == [key("b-secret")])
    }

    @Test("A path is indexed in its normal form")
    func normalPath() throws {
        var index = DistributionIndex()
        _ = index.upsert(try distribution("a", reading: ["..data/certs//tls.crt"]))
        #expect(index.targets(reading: ["certs/tls.crt"]) == [key("a-secret")])
    }

    @Test("A file that a distribution uses twice is forgotten with the distribution, and not before")
    func duplicates() throws {
        var index = DistributionIndex()
        _ = index.upsert(try distribution("a", reading: ["x", "x"]))
        _ = index.upsert(try distribution("a", reading: ["x"]))
        #expect(index.targets(reading: ["x"]) == [key("a-secret")])
        #expect(index.remove(key("a")) == [key("a-secret")])
        #expect(index.targets(reading: ["x"]) == [])
        #expect(index.targets.isEmpty && index.distributions.isEmpty)
    }

    @Test("A file that two distributions use for one target is known until both are deleted")
    func sharedTarget() throws {
        var index = DistributionIndex()
        _ = index.upsert(try distribution("a", target: "t"))
        _ = index.upsert(try distribution("b", target: "t"))
        #expect(index.remove(key("a")) == [key("t")])
        #expect(index.targets(reading: ["password"]) == [key("t")])
        #expect(index.remove(key("b")) == [key("t")])
        #expect(index.targets(reading: ["password"]) == [])
    }

    @Test("A distribution that changes its target leads to the old and to the new one")
    func moved() throws {
        var index = DistributionIndex()
        _ = index.upsert(try distribution("a", target: "old"))
        #expect(index.upsert(try distribution("a", target: "new")) == [key("old"), key("new")])
        #expect(index.targets(reading: ["password"]) == [key("new")])
        #expect(index.winner(of: key("old")) == nil)
        #expect(Array(index.targets) == [key("new")])
    }

    @Test("A distribution that changes its files is found only by the new ones")
    func otherFiles() throws {
        var index = DistributionIndex()
        _ = index.upsert(try distribution("a", reading: ["x", "y"]))
        #expect(index.upsert(try distribution("a", reading: ["y", "z"])) == [key("a-secret")])
        #expect(index.targets(reading: ["x"]) == [])
        #expect(index.targets(reading: ["y"]) == [key("a-secret")])
        #expect(index.targets(reading: ["z"]) == [key("a-secret")])
    }

    @Test("A distribution that no longer names a target leads to its old one, and is kept")
    func nameLost() throws {
        var index = DistributionIndex()
        _ = index.upsert(try distribution("a", target: "t"))
        #expect(index.upsert(try distribution("a", target: "No Name")) == [key("t")])
        #expect(index.targets(reading: ["password"]) == [])
        #expect(index.distributions[key("a")] != nil)
        #expect(index.remove(key("a")) == [])
        #expect(index.distributions.isEmpty)
    }

    @Test("Removing a missing distribution leads to no target")
    func removeNothing() {
        var index = DistributionIndex()
        #expect(index.remove(key("a")) == [])
    }

    @Test("Of several distributions for one target the oldest wins; of the same age, the smaller name")
    func winner() throws {
        var index = DistributionIndex()
        var winners: [String?] = []
        for (name, age) in [("young", 1), ("b", 2), ("oldest", 3), ("a-longer", 2)] {
            _ = index.upsert(try distribution(name, target: "t", age: age))
            winners.append(index.winner(of: key("t"))?.key.name)
        }
        #expect(winners == ["young", "b", "oldest", "oldest"])
        #expect(index.isContested(key("t")))
        _ = index.upsert(try distribution("oldest", target: "t", reading: ["other"], age: 3))
        #expect(index.winner(of: key("t"))?.spec.files.map(\.text) == ["other"])
        _ = index.upsert(try distribution("oldest", target: "t", age: 0))
        #expect(index.winner(of: key("t"))?.key.name == "a-longer")
        _ = index.upsert(try distribution("a-longer", target: "elsewhere", age: 2))
        #expect(index.winner(of: key("t"))?.key.name == "b")
        for name in ["b", "young"] { _ = index.remove(key(name)) }
        #expect(index.winner(of: key("t"))?.key.name == "oldest")
        #expect(!index.isContested(key("t")))
    }

    @Test("A distribution of another instance, or that is being deleted, does not win")
    func others() throws {
        var index = DistributionIndex { $0.assignedTo == nil }
        var old = try distribution("old", target: "t", age: 3)
        old.assignedTo = "another"
        _ = index.upsert(old)
        #expect(index.winner(of: key("t")) == nil && index.isDescribed(key("t")))
        _ = index.upsert(try distribution("young", target: "t"))
        #expect(index.winner(of: key("t"))?.key.name == "young" && !index.isContested(key("t")))
        old.assignedTo = nil
        _ = index.upsert(old)
        #expect(index.winner(of: key("t"))?.key.name == "old" && index.isContested(key("t")))
        old.isBeingDeleted = true
        _ = index.upsert(old)
        #expect(index.winner(of: key("t"))?.key.name == "young")
        _ = index.remove(key("young"))
        #expect(index.winner(of: key("t")) == nil && !index.isDescribed(key("t")))
        #expect(Array(index.targets) == [key("t")])
    }

    /// A tenant can create as many as the server accepts, and patch each of them over and over.
    @Test("Four times as many distributions for one target cost about four times as much, including an event of each")
    func cost() throws {
        func cost(_ count: Int) throws -> Duration {
            let sample = try distribution("d", target: "t")
            let all = (0..<count).map { number in
                var distribution = sample
                distribution.key = key("d-\(number)")
                distribution.uid = "uid-\(number)"
                // Each is older than those before it.
                distribution.createdAt = String(9_000_000 - number)
                return distribution
            }
            var index = DistributionIndex()
            let begin = ThreadTime.now
            for _ in 0..<2 {
                for distribution in all {
                    _ = index.upsert(distribution)
                    #expect(index.winner(of: key("t")) != nil)
                }
            }
            #expect(index.winner(of: key("t"))?.key == all.last?.key)
            return ThreadTime.now - begin
        }
        let (few, many) = (try cost(1000), try cost(4000))
        #expect(many < few * 9, "\(few) for 1000, \(many) for four times as many")
    }

    @Test("A distribution of the same name in another namespace describes another target")
    func namespaces() throws {
        var index = DistributionIndex()
        _ = index.upsert(try distribution("a", target: "t", namespace: "one"))
        _ = index.upsert(try distribution("a", target: "t", namespace: "two"))
        #expect(index.contenders(for: key("t", "one")) == [key("a", "one")])
        #expect(index.targets(reading: ["password"]) == [key("t", "one"), key("t", "two")])
    }
}
