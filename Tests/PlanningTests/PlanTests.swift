import DistributionSupport
import Kube
import Snapshots
import Testing

@testable import Distribution
@testable import JSON
@testable import Planning

@Suite struct PlanTests {
    private let one = Snapshot(["password": "one"], generation: "..new")
    private let two = Snapshot(["password": "two"], generation: "..new")

    private func plan(_ patch: JSONValue = [:], from snapshot: Snapshot, on target: ObservedTarget?) throws -> Plan {
        let desired = try DesiredTarget(Manifest.amended(patch), from: snapshot, managedBy: "agent")
        return Plan(desired: desired, observed: target, managedBy: "agent")
    }

    private func patch(_ plan: Plan) throws -> TargetPatch {
        guard case .update(_, let patch) = plan else {
            throw UnexpectedPlan(plan: "\(plan)")
        }
        return patch
    }

    @Test("A missing target is created")
    func create() throws {
        let plan = try plan(from: one, on: nil)
        guard case .create(let target) = plan else { throw UnexpectedPlan(plan: "\(plan)") }
        #expect(target.key == ObjectKey(namespace: "shop", name: "app-secret"))
    }

    @Test("A target with more content than is kept is not changed")
    func excess() throws {
        let target = ObservedTarget.inLine {
            $0.excess = "has 1001 data keys, expected at most 1000"
            $0.digests = [:]
        }
        let plan = try plan(from: one, on: target)
        guard case .refuse(let refusal) = plan else { throw UnexpectedPlan(plan: "\(plan)") }
        #expect(refusal.reason == .writeFailed)
        #expect(refusal.message.hasPrefix("Secret app-secret has 1001 data keys, expected at most 1000;"))
    }

    @Test("A target in sync is not changed, even if the generation differs")
    func unchanged() throws {
        let plan = try plan(from: one, on: .inLine())
        guard case .unchanged = plan else { throw UnexpectedPlan(plan: "\(plan)") }
    }

    @Test("Only keys that differ are written and keys that are not in the spec removed, together with the generation")
    func content() throws {
        let snapshot = Snapshot(["a": "1", "b": "2", "c": "3"], generation: "..new")
        let mappings = Manifest.mappings(("a", "same"), ("b", "changed"), ("c", "added"))
        let target = ObservedTarget.inLine {
            $0.digests = ["same": Digest("1"), "changed": Digest("old"), "z": Digest("x"), "y": Digest("x")]
        }
        let plan = try plan(["spec": ["secrets": mappings]], from: snapshot, on: target)
        let patch = try patch(plan)
        #expect(patch.set.mapValues(\.bytes.text) == ["changed": "2", "added": "3"])
        #expect(patch.removed == ["y", "z"])
        #expect(patch.changesContent)
        #expect(patch.labels.isEmpty)
        #expect(patch.annotations == ["xlscsde.nhs.uk/mountGeneration": "..new"])
        #expect(patch.owners == nil)
    }

    @Test("Removing a key is new content too")
    func removedOnly() throws {
        let target = ObservedTarget.inLine { $0.digests["old"] = Digest("x") }
        let patch = try patch(try plan(from: one, on: target))
        #expect(patch.set.isEmpty && patch.removed == ["old"])
        #expect(patch.annotations == ["xlscsde.nhs.uk/mountGeneration": "..new"])
    }

    @Test("An update is based on the version that was read")
    func observed() throws {
        let plan = try plan(from: two, on: .inLine())
        guard case .update(let target, _) = plan else { throw UnexpectedPlan(plan: "\(plan)") }
        #expect(target == .inLine())
    }

    @Test("A Secret of the Python operator is adopted: marks are added, its content and generation are kept")
    func adoption() throws {
        let target = ObservedTarget.inLine {
            $0.labels = [:]
            $0.annotations = ["xlscsde.nhs.uk/managedBy": "agent"]
        }
        let patch = try patch(try plan(from: one, on: target))
        #expect(!patch.changesContent && !patch.isEmpty)
        #expect(patch.labels == ["app.kubernetes.io/managed-by": "agent"])
        #expect(patch.annotations == ["xlscsde.nhs.uk/distribution": "shop/app"])
        #expect(patch.owners == nil)
    }

    @Test("Labels and annotations that differ are written; those of others are kept")
    func metadata() throws {
        let target = ObservedTarget.inLine {
            $0.labels["reloader"] = "no"
            $0.labels["theirs"] = "x"
            $0.annotations["theirs"] = "x"
            $0.annotations["xlscsde.nhs.uk/distribution"] = "shop/former"
        }
        let metadata: JSONValue = ["labels": ["reloader": "yes"], "annotations": ["note": "n"]]
        let patch = try patch(try plan(["spec": ["metadata": metadata]], from: one, on: target))
        #expect(!patch.changesContent)
        #expect(patch.labels == ["reloader": "yes"])
        #expect(patch.annotations == ["note": "n", "xlscsde.nhs.uk/distribution": "shop/app"])
    }

    private static let stale = OwnerReference(
        apiVersion: "xlscsde.nhs.uk/v1", kind: "SecretsDistribution", name: "app", uid: "uid-0")

    @Test(
        "Our owner reference follows the policy; those of others are kept in their places",
        arguments: [
            ("Delete", [], [.ours]), ("Delete", [.ours], nil), ("Delete", [.other], [.other, .ours]),
            ("Delete", [.ours, .other], nil), ("Delete", [stale, .other], [.other, .ours]), ("Retain", [], nil),
            ("Retain", [.other], nil), ("Retain", [.ours, .other], [.other]), ("Retain", [stale], []),
        ] as [(String, [OwnerReference], [OwnerReference]?)])
    func owners(policy: String, before: [OwnerReference], after: [OwnerReference]?) throws {
        let target = ObservedTarget.inLine {
            $0.owners = before
            if let owner = $0.distributionOwner {
                $0.annotations[WellKnownKeys.target] = WellKnownKeys.target($0.key, of: owner.uid)
            }
        }
        let plan = try plan(["spec": ["deletionPolicy": .string(policy)]], from: one, on: target)
        if after == nil {
            guard case .unchanged = plan else { throw UnexpectedPlan(plan: "\(plan)") }
        } else {
            let patch = try patch(plan)
            #expect(patch.owners == after)
            #expect(!patch.changesContent)
            // The mark is removed with the reference.
            let mark = WellKnownKeys.target(target.key, of: OwnerReference.ours.uid)
            #expect(patch.annotations == (policy == "Delete" ? [WellKnownKeys.target: mark] : [:]))
        }
    }

    @Test("Another type needs a new Secret, even if the content is the same")
    func otherType() throws {
        let plan = try plan(["spec": ["type": "example.com/t"]], from: one, on: .inLine())
        guard case .recreate(let target, let desired) = plan else { throw UnexpectedPlan(plan: "\(plan)") }
        #expect(target == .inLine())
        #expect(desired.type == "example.com/t")
    }

    @Test("New content of an immutable Secret needs a new Secret")
    func immutable() throws {
        let target = ObservedTarget.inLine { $0.isImmutable = true }
        let plan = try plan(from: two, on: target)
        guard case .recreate = plan else { throw UnexpectedPlan(plan: "\(plan)") }
    }

    @Test("An immutable Secret with unchanged content is kept, or gets its marks")
    func immutableInLine() throws {
        let target = ObservedTarget.inLine { $0.isImmutable = true }
        let unchanged = try plan(from: one, on: target)
        guard case .unchanged = unchanged else { throw UnexpectedPlan(plan: "\(unchanged)") }
        let patch = try patch(try plan(["spec": ["metadata": ["labels": ["a": "b"]]]], from: one, on: target))
        #expect(patch.labels == ["a": "b"])
    }

    @Test(
        "A Secret of another manager, or without one, is never changed",
        arguments: [
            (nil, "is not managed by this program"), ("other", "is managed by \"other\""),
            ("", "is managed by \"\""), ("Agent", "is managed by \"Agent\""), ("a\nb", "is managed by \"a\\nb\""),
        ] as [(String?, String)])
    func notManaged(owner: String?, words: String) throws {
        let target = ObservedTarget.inLine {
            $0.annotations["xlscsde.nhs.uk/managedBy"] = owner
            // Neither other signs of being ours nor differences that would need a new Secret matter.
            $0.type = "other"
            $0.isBeingDeleted = true
        }
        let plan = try plan(from: two, on: target)
        guard case .refuse(let refusal) = plan else { throw UnexpectedPlan(plan: "\(plan)") }
        #expect(refusal.reason == .notManaged)
        #expect(
            refusal.message
                == "Secret app-secret exists and \(words), expected annotation xlscsde.nhs.uk/managedBy: agent;"
                + " remove or rename it, or annotate it to hand it over.")
    }

    @Test("A Secret that is being deleted is waited for")
    func beingDeleted() throws {
        let target = ObservedTarget.inLine { $0.isBeingDeleted = true }
        let plan = try plan(from: two, on: target)
        guard case .refuse(let refusal) = plan else { throw UnexpectedPlan(plan: "\(plan)") }
        #expect(
            refusal
                == Refusal(.writeFailed, "Secret app-secret is being deleted; it will be recreated."))
    }
}

/// The plan is of another case than the test expects.
struct UnexpectedPlan: Error {
    let plan: String
}
