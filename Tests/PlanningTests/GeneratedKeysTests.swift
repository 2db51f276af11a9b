import DistributionSupport
import Observability
import Snapshots
import Testing
import Values

@testable import Distribution
@testable import JSON
@testable import Planning

@Suite("The generated keys of a target")
struct GeneratedKeysTests {
    private let now = Timestamp(seconds: 1_800_000_000)
    private static let pair: JSONValue = [
        ["to": "key", "generate": ["kind": "EC", "pair": "p"]],
        ["to": "pub", "generate": ["kind": "EC", "pair": "p", "part": "Public"]],
    ]

    private func password(rotate: String = "") -> JSONValue {
        [
            ["to": "password", "generate": ["kind": "Password", "rotate": .string(rotate)]],
            ["to": "PASSWORD", "from": "password"],
        ]
    }

    private func desired(
        _ entries: JSONValue, over target: ObservedTarget?, wasWritten: Bool = false
    ) throws -> DesiredTarget {
        let distribution = try Manifest.amended(["spec": ["secrets": entries]])
        #expect(distribution.complaints == [])
        let snapshot = Snapshot(["password": "one"], generation: "..new")
        var desired = try DesiredTarget(distribution, from: snapshot, managedBy: "agent")
        desired.compareGenerated(with: target, wasWritten: wasWritten, at: now)
        return desired
    }

    private func records(_ desired: DesiredTarget) -> [String: String] {
        desired.generated.records.keys.mapValues { "\($0.rotate) \($0.at ?? "-") \($0.cause?.rawValue ?? "-")" }
    }

    private func stored(_ keys: String..., records: String? = nil) -> ObservedTarget {
        .inLine { target in
            for key in keys { target.digests[key] = Digest("stored \(key)") }
            if let records { target.annotations[WellKnownKeys.generated] = records }
        }
    }

    private func plan(_ desired: DesiredTarget, _ target: ObservedTarget?) -> Plan {
        Plan(desired: desired, observed: target, managedBy: "agent")
    }

    private static let pairRecords =
        #"{"key":{"pair":"p","part":"Private","rotate":""},"pub":{"pair":"p","part":"Public","rotate":""}}"#
    private static let record = #"{"password":{"at":"2026-01-01T00:00:00Z","cause":"New","rotate":""}}"#

    @Test("are missing in a new Secret, and must be filled before it is written")
    func new() throws {
        var desired = try desired(password(), over: nil)
        #expect(desired.generated.missing.map(\.keys) == [["password"]])
        #expect(desired.isIncomplete)
        #expect(records(desired) == ["password": " 2027-01-15T08:00:00Z New"])
        desired.fill(["password": SecretValue(SecretBytes("x".utf8))])
        #expect(!desired.isIncomplete && desired.count == 2)
        guard case .create(let target) = plan(desired, nil) else {
            Issue.record("not created")
            return
        }
        #expect(target.data.keys.sorted() == ["PASSWORD", "password"])
    }

    @Test("that the Secret has are kept, whatever they are, while the other keys are compared")
    func kept() throws {
        let target = stored("password", records: Self.record)
        let desired = try desired(password(), over: target)
        #expect(desired.generated.kept == ["password"] && !desired.isIncomplete)
        guard case .unchanged = plan(desired, target) else {
            Issue.record("\(plan(desired, target))")
            return
        }
        var drifted = target
        drifted.digests["PASSWORD"] = Digest("edited")
        drifted.digests["password"] = Digest("edited too")
        drifted.digests["other"] = Digest("x")
        guard case .update(_, let patch) = plan(try self.desired(password(), over: drifted), drifted) else {
            Issue.record("not updated")
            return
        }
        #expect(patch.set.keys.sorted() == ["PASSWORD"] && patch.removed == ["other"])
        // The Secret has the only copy of the generated value, so it must not be sent as a whole.
        #expect(patch.kept == nil)
    }

    @Test("that are in a Secret without a record are adopted, with the token of today")
    func adopted() throws {
        let target = stored("password")
        let desired = try desired(password(rotate: "7"), over: target)
        #expect(desired.generated.kept == ["password"])
        #expect(records(desired) == ["password": "7 - -"])
        // A broken record is none.
        let broken = stored("password", records: #"{"password":"#)
        #expect(try self.desired(password(rotate: "7"), over: broken).generated.kept == ["password"])
    }

    @Test("are replaced by another token, and by no other change of the field")
    func rotated() throws {
        let target = stored("password", records: Self.record)
        let desired = try desired(password(rotate: "2"), over: target)
        #expect(desired.generated.missing.count == 1)
        #expect(records(desired) == ["password": "2 2027-01-15T08:00:00Z Rotated"])
        let other: JSONValue = [["to": "password", "generate": ["kind": "UUID"]]]
        #expect(try self.desired(other, over: target).generated.kept == ["password"])
    }

    @Test("that somebody removed are generated again, and the record says so")
    func lost() throws {
        let withoutKey = stored(records: Self.record)
        #expect(records(try desired(password(), over: withoutKey)) == ["password": " 2027-01-15T08:00:00Z Lost"])
        let deleted = try desired(password(), over: nil, wasWritten: true)
        #expect(records(deleted) == ["password": " 2027-01-15T08:00:00Z Lost"])
    }

    @Test("of half a pair hold the target back, until another token replaces both", arguments: ["key", "pub"])
    func halfPair(_ present: String) throws {
        let target = stored(present, records: Self.pairRecords)
        let held = try desired(Self.pair, over: target)
        guard case .refuse(let refusal) = plan(held, target) else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.reason == .pairMismatch)
        #expect(refusal.message.hasPrefix("The Secret has \"\(present)\" of the generated pair \"p\", but not "))
        let entries: JSONValue = .array(
            try #require(Self.pair.array).map { $0.merging(["generate": ["rotate": "2"]]) })
        let rotated = try desired(entries, over: target)
        #expect(rotated.generated.missing.map(\.keys) == [["key", "pub"]])
        #expect(rotated.generated.refusal == nil)
        #expect(try desired(Self.pair, over: stored("key", "pub")).generated.kept == ["key", "pub"])
        // Without a record, another token could not replace it.
        let unrecorded = try #require(try desired(Self.pair, over: stored(present)).generated.refusal)
        #expect(unrecorded.message.hasSuffix("restore what is missing, or delete the others from the Secret."))
    }

    @Test(
        "of another pair or part, or of another time, are not mixed",
        arguments: [
            #"{"key":{"pair":"other","part":"Private","rotate":""},"pub":{"pair":"p","part":"Public","rotate":""}}"#,
            #"{"key":{"pair":"p","part":"Private","rotate":""},"pub":{"pair":"p","part":"Private","rotate":""}}"#,
            #"{"key":{"at":"2026-01-01T00:00:00Z","pair":"p","part":"Private","rotate":""},"pub":{"at":"2026-01-02T00:00:00Z","pair":"p","part":"Public","rotate":""}}"#,
            #"{"key":{"at":"2026-01-01T00:00:00Z","pair":"p","part":"Private","rotate":""}}"#,
        ])
    func mixed(_ records: String) throws {
        let target = stored("key", "pub", records: records)
        let refusal = try #require(try desired(Self.pair, over: target).generated.refusal)
        #expect(refusal.reason == .pairMismatch)
    }

    @Test("that are a private key alone may leave their pair, but a public key never passes for a private one")
    func leavesPair() throws {
        let single: JSONValue = [["to": "key", "generate": ["kind": "EC"]]]
        #expect(try desired(single, over: stored("key", records: Self.pairRecords)).generated.refusal == nil)
        let other: JSONValue = [["to": "pub", "generate": ["kind": "EC"]]]
        #expect(try desired(other, over: stored("pub", records: Self.pairRecords)).generated.refusal != nil)
    }

    @Test("count with the other values, so that nothing is generated for a Secret that is too large")
    func size() throws {
        let distribution = try Manifest.amended(["spec": ["secrets": password()]])
        let files = ["password": String(repeating: "x", count: SourceFile.maximumSize)]
        let refusal = #expect(throws: Refusal.self) {
            _ = try DesiredTarget(distribution, from: Snapshot(files, generation: "..new"), managedBy: "agent")
        }
        #expect(refusal?.reason == .targetTooLarge)
    }

    @Test("that a write would remove or replace are known by their records")
    func losses() throws {
        let target = stored("password", records: Self.record)
        #expect(try !desired(password(), over: target).losesGenerated(of: target))
        #expect(try desired(password(rotate: "2"), over: target).losesGenerated(of: target))
        let mapped: JSONValue = [["to": "PASSWORD", "from": "password"]]
        #expect(try desired(mapped, over: target).losesGenerated(of: target))
    }

    @Test("that were saved fill only the gaps of a Secret that somebody created meanwhile")
    func savedBesidesOthers() throws {
        let both: JSONValue = [
            ["to": "password", "generate": ["kind": "Password"]], ["to": "id", "generate": ["kind": "UUID"]],
        ]
        let target = stored("id")
        var desired = try desired(both, over: target)
        let value = { (text: String) in SecretValue(SecretBytes(text.utf8)) }
        let saved = SavedValues(values: ["password": value("p"), "id": value("i")], records: Self.record)
        let isRestored = desired.restore(saved, over: target, at: now)
        #expect(isRestored)
        #expect(!desired.isIncomplete && desired.storedKeys == ["id"])
        #expect(desired.data.keys.sorted() == ["password"])
    }

    @Test("survive a replacement: the plan keeps them, and saved values count as stored")
    func replacement() throws {
        let target = stored("password", records: Self.record)
        var other = target
        other.type = "example.com/other"
        guard case .recreate(_, let desired) = plan(try desired(password(), over: other), other) else {
            Issue.record("not replaced")
            return
        }
        #expect(desired.generated.kept == ["password"] && desired.data["password"] == nil)
        var next = try self.desired(password(), over: nil)
        let value = SecretValue(SecretBytes("saved".utf8))
        let saved = SavedValues(values: ["password": value], records: Self.record)
        let isRestored = next.restore(saved, over: nil, at: now)
        #expect(isRestored)
        #expect(!next.isIncomplete && next.data["password"]?.digest == value.digest)
        #expect(records(next) == ["password": " 2026-01-01T00:00:00Z New"])
        // Saved before the token was changed.
        var rotated = try self.desired(password(rotate: "2"), over: nil)
        let isUsed = rotated.restore(saved, over: nil, at: now)
        #expect(!isUsed)
        #expect(rotated.isIncomplete)
    }

    @Test("have the same fingerprint before and after they are generated, and another one for another spec")
    func fingerprint() throws {
        var desired = try desired(password(), over: nil)
        let before = desired.fingerprint
        desired.fill(["password": SecretValue(SecretBytes("x".utf8))])
        #expect(desired.fingerprint == before)
        let stored = stored("password", records: Self.record)
        #expect(try self.desired(password(), over: stored).fingerprint == before)
        #expect(try self.desired(password(rotate: "2"), over: stored).fingerprint != before)
    }

    @Test("of a former spec lose their record")
    func formerSpec() throws {
        let target = stored("password", records: Self.record)
        let mapped: JSONValue = [["to": "PASSWORD", "from": "password"]]
        guard case .update(_, let patch) = plan(try desired(mapped, over: target), target) else {
            Issue.record("not updated")
            return
        }
        #expect(patch.annotations[WellKnownKeys.generated] == "{}")
        #expect(patch.removed == ["password"])
    }
}
