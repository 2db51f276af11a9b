import Distribution
import Snapshots
import TestSupport
import Testing

@testable import Planning
@testable import Stores

@Suite("The change recorder")
struct ChangeLedgerTests {
    private let logs = LineRecorder()
    private let key = ObjectKey(namespace: "web", name: "t")

    private func target(
        _ values: [String: String], uid: String = "one", version: String = "1"
    ) -> ObservedTarget {
        ObservedTarget(
            key: key, uid: uid, resourceVersion: version, type: "Opaque",
            digests: values.mapValues { Digest(of: SecretBytes($0.utf8)) },
            annotations: [WellKnownKeys.managedBy: "me", WellKnownKeys.distribution: "web/d"])
    }

    @Test("two writes of a target are one difference from its first state")
    func sums() {
        let ledger = ChangeRecorder(logger: .none)
        let (first, second, third) = (target(["a": "1"]), target(["a": "2"]), target(["a": "2", "b": "1"]))
        ledger.note(key, from: first, to: second)
        #expect(ledger.wrote(second) && !ledger.wrote(first))
        ledger.note(key, from: second, to: third)
        #expect(ledger.changes.map(\.changed) == [["a"]])
        #expect(ledger.changes.map(\.added) == [["b"]])
        // Back to its first state.
        ledger.note(key, from: third, to: first)
        #expect(ledger.changes.isEmpty)

        ledger.note(key, from: nil, to: first)
        ledger.note(key, from: first, to: second)
        #expect(ledger.changes.map(\.kind) == [.create])
        ledger.note(key, from: second, to: nil)
        #expect(ledger.changes.isEmpty)
    }

    @Test("a difference is logged once, and again only when it changes")
    func logsOnce() {
        let ledger = ChangeRecorder(logger: logs.logger)
        for version in ["1", "2", "3"] {
            ledger.note(key, from: target(["a": version], version: version), to: target(["a": "new"], version: version))
        }
        #expect(logs.count("would update secret") == 1)
        ledger.note(key, from: target(["b": "1"]), to: target(["a": "new"]))
        #expect(logs.count("would update secret") == 2)
        #expect(logs.contains("addedKeys=[a]", "removedKeys=[b]", "secret=web/t", "distribution=web/d"))
    }

    @Test("a difference that somebody else has resolved is logged once")
    func ends() {
        let ledger = ChangeRecorder(logger: logs.logger)
        ledger.note(key, from: target(["a": "1"]), to: target(["a": "2"]))
        ledger.saw(key, target(["a": "3"]))
        #expect(ledger.changes.count == 1)
        for _ in 0..<2 { ledger.saw(key, target(["a": "2"], version: "5")) }
        #expect(ledger.changes.isEmpty)
        #expect(logs.count("secret no longer needs a write") == 1)

        ledger.note(key, from: nil, to: target(["a": "2"], uid: "simulated"))
        ledger.saw(key, target(["a": "2"], uid: "real"))
        #expect(ledger.changes.isEmpty)

        ledger.note(key, from: target(["a": "2"]), to: nil)
        ledger.saw(key, nil)
        #expect(ledger.changes.isEmpty)
    }

    @Test("a difference that is not found again between two lists is resolved")
    func staleness() {
        let ledger = ChangeRecorder(logger: logs.logger)
        let (old, new) = (target(["a": "1"]), target(["a": "2"]))
        ledger.note(key, from: old, to: new)
        for _ in 0..<3 {
            ledger.saw([old], in: .all)
            ledger.note(key, from: old, to: new)
        }
        #expect(ledger.changes.count == 1)
        ledger.saw([], in: .namespace("another"))
        ledger.saw([], in: .namespace("another"))
        #expect(ledger.changes.count == 1)
        ledger.saw([old], in: .namespace("web"))
        #expect(ledger.changes.count == 1)
        ledger.saw([old], in: .namespace("web"))
        #expect(ledger.changes.isEmpty)
        #expect(logs.count("would update secret") == 1)
        #expect(logs.count("secret no longer needs a write") == 1)
    }
}
