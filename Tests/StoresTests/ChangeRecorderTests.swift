import Distribution
import Snapshots
import TestSupport
import Testing

@testable import Planning
@testable import Stores

@Suite("The change recorder")
struct ChangeRecorderTests {
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
        let recorder = ChangeRecorder(logger: .none)
        let (first, second, third) = (target(["a": "1"]), target(["a": "2"]), target(["a": "2", "b": "1"]))
        recorder.record(key, from: first, to: second)
        #expect(recorder.wrote(second) && !recorder.wrote(first))
        recorder.record(key, from: second, to: third)
        #expect(recorder.changes.map(\.changed) == [["a"]])
        #expect(recorder.changes.map(\.added) == [["b"]])
        // Back to its first state.
        recorder.record(key, from: third, to: first)
        #expect(recorder.changes.isEmpty)

        recorder.record(key, from: nil, to: first)
        recorder.record(key, from: first, to: second)
        #expect(recorder.changes.map(\.kind) == [.create])
        recorder.record(key, from: second, to: nil)
        #expect(recorder.changes.isEmpty)
    }

    @Test("a difference is logged once, and again only when it changes")
    func logsOnce() {
        let recorder = ChangeRecorder(logger: logs.logger)
        for version in ["1", "2", "3"] {
            recorder.record(
                key, from: target(["a": version], version: version), to: target(["a": "new"], version: version))
        }
        #expect(logs.count("would update secret") == 1)
        recorder.record(key, from: target(["b": "1"]), to: target(["a": "new"]))
        #expect(logs.count("would update secret") == 2)
        #expect(logs.contains("addedKeys=[a]", "removedKeys=[b]", "secret=web/t", "distribution=web/d"))
    }

    @Test("a difference that somebody else has resolved is logged once")
    func ends() {
        let recorder = ChangeRecorder(logger: logs.logger)
        recorder.record(key, from: target(["a": "1"]), to: target(["a": "2"]))
        recorder.observe(key, target(["a": "3"]))
        #expect(recorder.changes.count == 1)
        for _ in 0..<2 { recorder.observe(key, target(["a": "2"], version: "5")) }
        #expect(recorder.changes.isEmpty)
        #expect(logs.count("secret no longer needs a write") == 1)

        recorder.record(key, from: nil, to: target(["a": "2"], uid: "simulated"))
        recorder.observe(key, target(["a": "2"], uid: "real"))
        #expect(recorder.changes.isEmpty)

        recorder.record(key, from: target(["a": "2"]), to: nil)
        recorder.observe(key, nil)
        #expect(recorder.changes.isEmpty)
    }

    @Test("a difference that is not found again between two lists is resolved")
    func staleness() {
        let recorder = ChangeRecorder(logger: logs.logger)
        let (old, new) = (target(["a": "1"]), target(["a": "2"]))
        recorder.record(key, from: old, to: new)
        for _ in 0..<3 {
            recorder.observe([old], in: .all)
            recorder.record(key, from: old, to: new)
        }
        #expect(recorder.changes.count == 1)
        recorder.observe([], in: .namespace("another"))
        recorder.observe([], in: .namespace("another"))
        #expect(recorder.changes.count == 1)
        recorder.observe([old], in: .namespace("web"))
        #expect(recorder.changes.count == 1)
        recorder.observe([old], in: .namespace("web"))
        #expect(recorder.changes.isEmpty)
        #expect(logs.count("would update secret") == 1)
        #expect(logs.count("secret no longer needs a write") == 1)
    }
}
