import DistributionSupport
import Snapshots
import Testing

@testable import Distribution
@testable import Planning

/// A target that another agent wrote from a generation with a later name than that of our mount.
@Suite struct NewerGenerationsTests {
    private let ours = ["a": "1", "b": "2", "c": "3"]

    private func spec(_ entries: [(from: String, to: String)], optional: Bool = false) throws -> SecretsDistribution {
        try Manifest.amended([
            "spec": [
                "secrets": .array(
                    entries.map {
                        ["from": .string($0.from), "to": .string($0.to), "optional": .bool(optional)]
                    })
            ]
        ])
    }

    private func compare(
        _ known: inout NewerGenerations, _ distribution: SecretsDistribution, _ theirs: [String: String],
        isAmended: Bool = false, files: [String: String]? = nil, generation: String = "..newer",
        foreign: Set<String> = [], namespace: String? = nil
    ) throws -> NewerContent {
        let snapshot = Snapshot(files ?? ours, generation: "..older")
        let desired = try DesiredTarget(distribution, from: snapshot, managedBy: "agent")
        let observed = ObservedTarget.inLine {
            $0.digests = theirs.mapValues { Digest($0) }
            $0.foreignKeys = foreign
            $0.annotations[WellKnownKeys.mountGeneration] = generation
            if let namespace { $0.key = ObjectKey(namespace: namespace, name: $0.key.name) }
        }
        return known.compare(
            observed, with: desired, by: distribution.spec, isAmended: isAmended,
            isBehind: { !$0.text.hasPrefix("current/") }, held: { Set((files ?? ours).values.map { Digest($0) }) })
    }

    @Test("The memory for generations is bounded, however many somebody makes up")
    func madeUp() throws {
        var known = NewerGenerations()
        let folder = String(repeating: "x", count: 3000)
        let mappings = (0..<100).map { (from: "\(folder)\($0)", to: "k\($0)") }
        let files = Dictionary(uniqueKeysWithValues: mappings.map { ($0.from, "same") })
        let theirs = Dictionary(uniqueKeysWithValues: mappings.map { ($0.to, "same") })
        let distribution = try spec(mappings)
        for number in 0..<40 {
            _ = try compare(&known, distribution, theirs, files: files, generation: "..\(number)")
            #expect(known.size <= 5 << 20)
        }
        known.forget(Set(files.keys))
        #expect(known.size == 0)
    }

    @Test("A Secret of another namespace is no evidence: its tenant can write anything into it")
    func forged() throws {
        var known = NewerGenerations()
        let distribution = try spec([("a", "x")])
        _ = try compare(&known, distribution, ["x": "1"], namespace: "hostile")
        #expect(try compare(&known, distribution, ["x": "new"], namespace: "web").newer == ["x"])
        // It does not make a value look newer either.
        known = NewerGenerations()
        _ = try compare(&known, distribution, ["x": "new"], namespace: "hostile")
        #expect(try !compare(&known, distribution, ["x": "1"], namespace: "web").isNewer)
        #expect(try !compare(&known, distribution, ["x": "by hand"], namespace: "web").isNewer)
    }

    @Test("A namespace that makes up generations loses its own evidence, and no other namespace does")
    func room() throws {
        var known = NewerGenerations()
        _ = try compare(&known, spec([("a", "x")]), ["x": "1"], namespace: "web")
        let long = String(repeating: "x", count: 30_000)
        for number in 0..<300 {
            _ = try compare(
                &known, spec([("a", "x")]), ["x": "1"], generation: "..\(number)\(long)",
                namespace: "hostile-\(number % 10)")
            #expect(known.size <= 5 << 20)
        }
        #expect(try !compare(&known, spec([("a", "x")]), ["x": "by hand"], namespace: "web").isNewer)
    }

    @Test("Equal content is not newer, whatever the name of its generation")
    func same() throws {
        var known = NewerGenerations()
        let content = try compare(&known, spec([("a", "x"), ("b", "y")]), ["x": "1", "y": "2"])
        #expect(!content.isNewer && content.equal == ["x", "y"])
    }

    @Test("Different content is newer, and other values are not")
    func other() throws {
        var known = NewerGenerations()
        let content = try compare(&known, spec([("a", "x"), ("b", "y")]), ["x": "new", "y": "2"])
        #expect(content.newer == ["x"] && content.equal == ["y"])
    }

    @Test("A value that was equal before is drift when it differs later, also in other targets of that generation")
    func drift() throws {
        var known = NewerGenerations()
        _ = try compare(&known, spec([("a", "x")]), ["x": "1"])
        #expect(try !compare(&known, spec([("a", "x")]), ["x": "by hand"]).isNewer)
        #expect(try !compare(&known, spec([("a", "elsewhere")]), ["elsewhere": "by hand"]).isNewer)
        #expect(try compare(&known, spec([("a", "x")]), ["x": "newest"], generation: "..newest").isNewer)
    }

    @Test("Edits by others belong to no generation, unless an agent was seen to write another value than ours")
    func foreign() throws {
        var known = NewerGenerations()
        let distribution = try spec([("a", "x"), ("b", "y")])
        #expect(try !compare(&known, distribution, ["x": "by hand", "y": "2"], foreign: ["x"]).isNewer)
        #expect(try compare(&known, distribution, ["x": "new", "y": "2"]).newer == ["x"])
        #expect(try compare(&known, distribution, ["x": "by hand", "y": "2"], foreign: ["x"]).newer == ["x"])
    }

    @Test("A value that equals ours by chance proves nothing: an older value never replaces a newer one")
    func noEvidence() throws {
        var known = NewerGenerations()
        let distribution = try spec([("a", "x")])
        #expect(try compare(&known, distribution, ["x": "new"]).isNewer)
        // A person applies a backup, and then the newer value again.
        #expect(try !compare(&known, distribution, ["x": "1"], foreign: ["x"]).isNewer)
        #expect(try !compare(&known, distribution, ["x": "1"]).isNewer)
        #expect(try compare(&known, distribution, ["x": "new"]).isNewer)
        // A key was mapped to another source, which has the same value there as this one here.
        var fresh = NewerGenerations()
        #expect(try !compare(&fresh, spec([("b", "y")]), ["y": "2"]).isNewer)
        #expect(try !compare(&fresh, spec([("a", "y")]), ["y": "1"]).isNewer)
        #expect(try compare(&fresh, distribution, ["x": "new"], generation: "..newer").isNewer)
    }

    @Test(
        "A volume in which our mount is up to date is written, and the annotation names the generation of each value"
    )
    func volumes() throws {
        var known = NewerGenerations()
        let distribution = try spec([("a", "x"), ("current/y", "y")])
        let files = ["a": "1", "current/y": "rotated"]
        let content = try compare(&known, distribution, ["x": "new", "y": "2"], files: files)
        #expect(content.newer == ["x"] && content.ours == ["y"])
        let desired = try DesiredTarget(distribution, from: Snapshot(files), managedBy: "agent")
        let observed = ObservedTarget.inLine { $0.digests = ["x": Digest("new"), "y": Digest("2")] }
        guard case .update(_, let patch) = Plan(desired: desired, observed: observed, managedBy: "agent") else {
            Issue.record("no update")
            return
        }
        let kept = patch.keeping(
            content, by: distribution.spec, generation: "..newer, current/..old", behind: [""])
        #expect(Set(kept.set.keys) == ["y"])
        let generation = try #require(kept.annotations[WellKnownKeys.mountGeneration])
        #expect(MountGeneration(parsing: generation).names[""] == "..newer")
    }

    @Test("When our own mount changes, the results for the file are dropped")
    func forgets() throws {
        var known = NewerGenerations()
        _ = try compare(&known, spec([("a", "x"), ("b", "y")]), ["x": "1", "y": "2"])
        known.forget(["a"])
        let content = try compare(
            &known, spec([("a", "x"), ("b", "y")]), ["x": "1", "y": "by hand"], files: ["a": "0", "b": "2"])
        #expect(content.newer == ["x"] && content.equal == ["y"])
    }

    @Test("A key that was mapped to another source since then is not newer if it has our mount's value")
    func remapped() throws {
        var known = NewerGenerations()
        let amended = try spec([("b", "x")])
        #expect(try !compare(&known, amended, ["x": "1"], isAmended: true).isNewer)
        #expect(try compare(&known, amended, ["x": "new"], isAmended: true).isNewer)
        // Two files have the same content: a rotation of one looks like that of the other.
        #expect(try compare(&known, amended, ["x": "1"]).isNewer)
    }

    @Test("A key that was added since then is written")
    func added() throws {
        var known = NewerGenerations()
        #expect(try !compare(&known, spec([("a", "x"), ("b", "y")]), ["x": "1"]).isNewer)
    }

    @Test("An optional source that only one of the two mounts has is kept as in the newer one")
    func optional() throws {
        var known = NewerGenerations()
        let distribution = try spec([("a", "x"), ("late", "y")], optional: true)
        #expect(try compare(&known, distribution, ["x": "1", "y": "new"]).newer == ["y"])
        var fresh = NewerGenerations()
        #expect(try compare(&fresh, distribution, ["y": "new"]).newer == ["x", "y"])
        // Missing in both mounts, and then added by hand.
        known = NewerGenerations()
        #expect(try !compare(&known, distribution, ["x": "1"]).isNewer)
        #expect(try !compare(&known, distribution, ["x": "1", "y": "by hand"]).isNewer)
    }

    @Test("Keys of dataFrom are left to the newer mount if their values differ, or if only one of the mounts has them")
    func members() throws {
        var known = NewerGenerations()
        let distribution = try Manifest.amended([
            "spec": ["secrets": [], "dataFrom": [["from": "f", "format": "JSON"]]]
        ])
        let files = ["f": #"{"a": "1", "b": "2", "gone": "3"}"#]
        let content = try compare(&known, distribution, ["a": "1", "b": "new", "added": "4"], files: files)
        #expect(content.newer == ["b", "added", "gone"])
        #expect(content.equal == ["a"])
        let current = try Manifest.amended([
            "spec": ["secrets": [], "dataFrom": [["from": "current/f", "format": "JSON"]]]
        ])
        let ours = try compare(&known, current, ["a": "old"], files: ["current/f": #"{"a": "1"}"#])
        #expect(ours.ours == ["a"])
    }

    @Test("The parts of one file in a TLS Secret are compared separately: a renewed certificate may keep its key")
    func parts() throws {
        var known = NewerGenerations()
        let distribution = try Manifest.amended([
            "spec": [
                "type": "kubernetes.io/tls", "validation": "None",
                "secrets": Manifest.mappings(("b", "tls.crt"), ("a", "tls.key")),
            ]
        ])
        let swapped = try Manifest.amended([
            "spec": [
                "type": "kubernetes.io/tls", "validation": "None",
                "secrets": Manifest.mappings(("a", "tls.crt"), ("b", "tls.key")),
            ]
        ])
        #expect(try !compare(&known, distribution, ["tls.crt": "2", "tls.key": "1"]).isNewer)
        #expect(try compare(&known, swapped, ["tls.crt": "new", "tls.key": "2"]).newer == ["tls.crt"])
    }

    @Test("An agent that is behind writes only metadata and values that are equal in both, and keeps the generation")
    func patch() throws {
        let distribution = try spec([("a", "x"), ("b", "y"), ("c", "z")])
        let desired = try DesiredTarget(distribution, from: Snapshot(ours), managedBy: "agent")
        let observed = ObservedTarget.inLine {
            $0.digests = ["x": Digest("new"), "y": Digest("by hand"), "unnamed": Digest("u")]
            $0.labels = [:]
        }
        guard case .update(_, let patch) = Plan(desired: desired, observed: observed, managedBy: "agent") else {
            Issue.record("no update")
            return
        }
        var content = NewerContent()
        content.newer = ["x"]
        content.equal = ["y"]
        let kept = patch.keeping(content, by: distribution.spec)
        #expect(Set(kept.set.keys) == ["y"])
        #expect(kept.removed == ["unnamed"])
        #expect(kept.labels == patch.labels && !kept.labels.isEmpty)
        #expect(kept.annotations[WellKnownKeys.mountGeneration] == nil)
    }

    @Test("An update is never partial: a target with a value that may be from a former source keeps all of its content")
    func formerSpec() throws {
        var known = NewerGenerations()
        let before = try spec([("a", "x"), ("b", "y")])
        #expect(try !compare(&known, before, ["x": "new", "y": "2"]).isOfFormerSpec)
        // One more key: the newer value is from the same source as before.
        let added = try spec([("a", "x"), ("b", "y"), ("c", "z")])
        #expect(try !compare(&known, added, ["x": "new", "y": "2"], isAmended: true).isOfFormerSpec)
        // Another source: it is unknown whether its value is newer.
        let remapped = try spec([("c", "x"), ("b", "y")])
        let content = try compare(&known, remapped, ["x": "new", "y": "2", "z": "3"], isAmended: true)
        #expect(content.newer == ["x"] && content.isOfFormerSpec)
        let desired = try DesiredTarget(remapped, from: Snapshot(ours), managedBy: "agent")
        let observed = ObservedTarget.inLine {
            $0.digests = ["x": Digest("new"), "y": Digest("by hand"), "z": Digest("3")]
            $0.labels = [:]
        }
        guard case .update(_, let patch) = Plan(desired: desired, observed: observed, managedBy: "agent") else {
            Issue.record("no update")
            return
        }
        let kept = patch.keeping(content, by: remapped.spec)
        #expect(!kept.changesContent && !kept.labels.isEmpty)
        known.forget(observed.key)
        #expect(try compare(&known, added, ["x": "new", "y": "2"], isAmended: true).isOfFormerSpec)
    }

    @Test("The number of generations is bounded")
    func bounded() throws {
        var known = NewerGenerations()
        for number in 0..<200 {
            _ = try compare(&known, spec([("a", "x")]), ["x": "1"], generation: "..\(number)")
        }
        #expect(try !compare(&known, spec([("a", "x")]), ["x": "by hand"], generation: "..199").isNewer)
        #expect(try compare(&known, spec([("a", "x")]), ["x": "by hand"], generation: "..0").isNewer)
    }
}
