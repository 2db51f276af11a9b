import Kube
import Testing

@testable import Distribution

@Suite struct PruningTests {
    /// A target that a distribution with the policy `Delete` left.
    private static func left(_ change: (inout ObservedTarget) -> Void = { _ in }) -> ObservedTarget {
        .inLine {
            $0.owners = [.other, .ours]
            change(&$0)
        }
    }

    private func pruning(
        _ target: ObservedTarget = left(), onlyAssigned: Bool = false, distribution: SecretsDistribution?
    ) -> Pruning {
        Pruning(of: target, managedBy: "agent", onlyAssigned: onlyAssigned) { key in
            key == ObjectKey(namespace: "shop", name: "app") ? distribution : nil
        }
    }

    private func moved(_ patch: JSONValue = [:]) throws -> SecretsDistribution {
        try Manifest.amended(JSONValue.object(["spec": ["name": "other", "deletionPolicy": "Delete"]]).merging(patch))
    }

    private func deleted(_ pruning: Pruning) -> ObjectKey? {
        if case .delete(_, let key) = pruning { key } else { nil }
    }

    private func kept(_ pruning: Pruning) -> Bool {
        if case .keep = pruning { true } else { false }
    }

    @Test("A target whose distribution is gone goes with it")
    func gone() {
        #expect(deleted(pruning(distribution: nil)) == ObjectKey(namespace: "shop", name: "app"))
    }

    @Test("A target whose distribution is being deleted goes")
    func goingAway() throws {
        let distribution = try moved(["metadata": ["deletionTimestamp": "2024-05-01T10:00:00Z"]])
        #expect(deleted(pruning(distribution: distribution)) != nil)
    }

    @Test("A new distribution of the same name does not keep the target of the old one")
    func reborn() throws {
        let distribution = try moved(["metadata": ["uid": "uid-2"], "spec": ["deletionPolicy": "Retain"]])
        #expect(deleted(pruning(distribution: distribution)) != nil)
    }

    @Test("A target whose distribution names another goes")
    func elsewhere() throws {
        #expect(deleted(pruning(distribution: try moved())) != nil)
    }

    @Test("If its distribution names another and retains now, the target only loses our owner reference")
    func released() throws {
        let pruning = pruning(distribution: try moved(["spec": ["deletionPolicy": "Retain"]]))
        guard case .release(let target, let patch) = pruning else {
            Issue.record("\(pruning)")
            return
        }
        #expect(target == Self.left())
        #expect(patch.owners == [.other])
        #expect(!patch.changesContent && patch.labels.isEmpty && patch.annotations.isEmpty)
    }

    @Test(
        "A target that is not surely ours to delete stays",
        arguments: [
            left { $0.annotations["xlscsde.nhs.uk/managedBy"] = nil },
            left { $0.annotations["xlscsde.nhs.uk/managedBy"] = "other" },
            left { $0.isBeingDeleted = true },
            left { $0.owners = [] },
            left { $0.owners = [.other] },
            left { $0.annotations["xlscsde.nhs.uk/distribution"] = nil },
            left { $0.annotations["xlscsde.nhs.uk/distribution"] = "app" },
            left { $0.annotations["xlscsde.nhs.uk/distribution"] = "shop/another" },
            left { $0.annotations["xlscsde.nhs.uk/distribution"] = "elsewhere/app" },
        ])
    func notOurs(target: ObservedTarget) throws {
        #expect(kept(pruning(target, distribution: nil)))
        #expect(kept(pruning(target, distribution: try moved())))
    }

    @Test("A target of another namespace than its distribution stays")
    func otherNamespace() {
        let target = Self.left { $0.key = ObjectKey(namespace: "elsewhere", name: "app-secret") }
        #expect(kept(pruning(target, distribution: nil)))
    }

    @Test("A distribution that cannot be read says nothing about where its target went")
    func unreadable() throws {
        #expect(kept(pruning(distribution: try moved(["spec": ["name": "No Name"]]))))
        #expect(kept(pruning(distribution: try moved(["spec": ["deletionPolicy": "Perhaps"]]))))
    }

    @Test("A distribution of another instance is that instance's to prune")
    func otherInstance() throws {
        let distribution = try moved(["metadata": ["annotations": ["xlscsde.nhs.uk/managedBy": "other"]]])
        #expect(kept(pruning(distribution: distribution)))
        #expect(kept(pruning(onlyAssigned: true, distribution: try moved())))
        let assigned = try moved(["metadata": ["annotations": ["xlscsde.nhs.uk/managedBy": "agent"]]])
        #expect(deleted(pruning(onlyAssigned: true, distribution: assigned)) != nil)
    }
}
