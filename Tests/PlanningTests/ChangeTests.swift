import Snapshots
import Testing

@testable import Distribution
@testable import Planning

@Suite struct ChangeTests {
    private let key = ObjectKey(namespace: "shop", name: "app-secret")

    private func difference(
        from old: ObservedTarget? = .inLine(), to new: ObservedTarget? = .inLine()
    ) -> Change? { Change(of: key, from: old, to: new) }

    @Test("Equal states have no change, and neither do two missing Secrets")
    func none() {
        #expect(difference() == nil)
        #expect(difference(from: nil, to: nil) == nil)
    }

    @Test("Fields of others, the version and the generation are no difference")
    func others() {
        let new = ObservedTarget.inLine {
            $0.resourceVersion = "6"
            $0.annotations["xlscsde.nhs.uk/mountGeneration"] = "..later"
        }
        let old = ObservedTarget.inLine {
            $0.labels["theirs"] = "1"
            $0.annotations["theirs"] = "1"
            $0.owners = [.other]
        }
        #expect(difference(from: old, to: new) == nil)
    }

    @Test("A new Secret adds all its keys, and a removed one removes them")
    func createAndRemove() throws {
        let created = try #require(difference(from: nil))
        #expect(created.kind == .create && created.added == ["PASSWORD"])
        #expect(created.labels == ["app.kubernetes.io/managed-by"])
        #expect(created.annotations == ["xlscsde.nhs.uk/distribution", "xlscsde.nhs.uk/managedBy"])
        #expect(created.distribution == ObjectKey(namespace: "shop", name: "app"))
        let removed = try #require(difference(to: nil))
        #expect(removed.kind == .remove && removed.removed == ["PASSWORD"] && removed.added.isEmpty)
        #expect(removed.labels.isEmpty && removed.annotations.isEmpty && !removed.changesOwner)
        #expect(removed.distribution == created.distribution)
    }

    @Test("Keys are grouped by their change, in order")
    func keys() throws {
        let old = ObservedTarget.inLine {
            $0.digests = ["same": Digest("1"), "b": Digest("1"), "z": Digest("1"), "y": Digest("1")]
        }
        let new = ObservedTarget.inLine {
            $0.digests = ["same": Digest("1"), "b": Digest("2"), "d": Digest("1"), "c": Digest("1")]
        }
        let change = try #require(difference(from: old, to: new))
        #expect(change.kind == .update && change.changesContent)
        #expect(change.added == ["c", "d"] && change.changed == ["b"] && change.removed == ["y", "z"])
        #expect(change.type == nil)
    }

    @Test("A change of metadata only is an update without content")
    func metadata() throws {
        let old = ObservedTarget.inLine { $0.labels = ["app.kubernetes.io/managed-by": "another"] }
        let change = try #require(difference(from: old))
        #expect(change.kind == .update && !change.changesContent)
        #expect(change.labels == ["app.kubernetes.io/managed-by"] && change.annotations.isEmpty)
    }

    @Test("Another object is a replacement, and its type is shown")
    func replacement() throws {
        let new = ObservedTarget.inLine {
            $0.uid = "another"
            $0.type = "example.com/mine"
        }
        let change = try #require(difference(to: new))
        #expect(change.kind == .replace && change.type == "example.com/mine" && !change.changesContent)
    }

    @Test("Adding our owner reference is an update, removing it is a release")
    func owner() throws {
        let owned = ObservedTarget.inLine { $0.owners = [.other, .ours] }
        let update = try #require(difference(to: owned))
        #expect(update.kind == .update && update.changesOwner && !update.changesContent)
        let release = try #require(difference(from: owned))
        #expect(release.kind == .release && release.changesOwner)
    }
}
