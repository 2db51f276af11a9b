import DistributionSupport
import Kube
import Testing

@testable import Distribution
@testable import JSON
@testable import Planning

@Suite struct PruningTests {
    /// The target of a deleted distribution with the policy `Delete`.
    private static func left(_ change: (inout ObservedTarget) -> Void = { _ in }) -> ObservedTarget {
        .inLine {
            $0.owners = [.other, .ours]
            $0.annotations[WellKnownKeys.target] = WellKnownKeys.target($0.key, of: OwnerReference.ours.uid)
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

    @Test("A target is removed with its distribution")
    func gone() {
        #expect(deleted(pruning(distribution: nil)) == ObjectKey(namespace: "shop", name: "app"))
    }

    /// A distribution that is being deleted, which names this target or another.
    private func goingAway(_ finalizers: [String], target: String) throws -> SecretsDistribution {
        try moved([
            "metadata": [
                "deletionTimestamp": "2024-05-01T10:00:00Z", "finalizers": .array(finalizers.map { .string($0) }),
            ],
            "spec": ["name": .string(target)],
        ])
    }

    @Test(
        "While a finalizer keeps the distribution, its target must not be deleted yet",
        arguments: [[], ["foregroundDeletion"], ["example.org/held"]], ["app-secret", "other"])
    func held(finalizers: [String], target: String) throws {
        #expect(kept(pruning(distribution: try goingAway(finalizers, target: target))))
    }

    @Test(
        "A target is kept when its distribution is deleted with orphaned dependents: it loses our owner reference",
        arguments: [["orphan"], ["example.org/held", "orphan"]], ["app-secret", "other"])
    func orphaned(finalizers: [String], target: String) throws {
        let pruning = pruning(distribution: try goingAway(finalizers, target: target))
        guard case .release(_, let patch) = pruning else {
            Issue.record("\(pruning)")
            return
        }
        #expect(patch.owners == [.other] && !patch.changesContent)
    }

    @Test("The finalizer matters only for a distribution that is being deleted, and not for a new one of the same name")
    func finalizerAlone() throws {
        let finalizers: JSONValue = ["metadata": ["finalizers": ["orphan"]]]
        #expect(deleted(pruning(distribution: try moved(finalizers))) != nil)
        let reborn: JSONValue = ["metadata": ["uid": "uid-2", "deletionTimestamp": "2024-05-01T10:00:00Z"]]
        #expect(deleted(pruning(distribution: try moved(finalizers.merging(reborn)))) != nil)
    }

    @Test("A new distribution with the same name does not keep the target of the old one")
    func reborn() throws {
        let distribution = try moved(["metadata": ["uid": "uid-2"], "spec": ["deletionPolicy": "Retain"]])
        #expect(deleted(pruning(distribution: distribution)) != nil)
    }

    @Test("A target is removed when its distribution names another")
    func elsewhere() throws {
        #expect(deleted(pruning(distribution: try moved())) != nil)
    }

    @Test("If its distribution names another and has the policy Retain, the target only loses our owner reference")
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
        "A target that may not be ours is not deleted",
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
            // Copies: under another name, in another namespace, and of a target of an earlier distribution; and an
            // older target without a mark.
            left { $0.key = ObjectKey(namespace: "shop", name: "app-secret-backup") },
            left { $0.annotations["xlscsde.nhs.uk/target"] = "0123456789abcdef" },
            left {
                $0.owners = [
                    OwnerReference(
                        apiVersion: WellKnownKeys.apiVersion, kind: WellKnownKeys.kind, name: "app", uid: "0")
                ]
            },
            left { $0.annotations["xlscsde.nhs.uk/target"] = nil },
        ])
    func notOurs(target: ObservedTarget) throws {
        #expect(kept(pruning(target, distribution: nil)))
        #expect(kept(pruning(target, distribution: try moved())))
    }

    @Test("A target in another namespace than its distribution is kept")
    func otherNamespace() {
        let target = Self.left { $0.key = ObjectKey(namespace: "elsewhere", name: "app-secret") }
        #expect(kept(pruning(target, distribution: nil)))
    }

    @Test("An unreadable distribution does not cause its target to be removed")
    func unreadable() throws {
        #expect(kept(pruning(distribution: try moved(["spec": ["name": "No Name"]]))))
        #expect(kept(pruning(distribution: try moved(["spec": ["deletionPolicy": "Perhaps"]]))))
    }

    @Test("The targets of another instance's distribution are pruned by that instance only")
    func otherInstance() throws {
        let distribution = try moved(["metadata": ["annotations": ["xlscsde.nhs.uk/managedBy": "other"]]])
        #expect(kept(pruning(distribution: distribution)))
        #expect(kept(pruning(onlyAssigned: true, distribution: try moved())))
        let assigned = try moved(["metadata": ["annotations": ["xlscsde.nhs.uk/managedBy": "agent"]]])
        #expect(deleted(pruning(onlyAssigned: true, distribution: assigned)) != nil)
    }
}
