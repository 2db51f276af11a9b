import TestSupport
import TestTraits
import Testing

@testable import KubeRuntime

@Suite("Versions that the agent has written", .endsIfHung)
struct WrittenVersionsTests {
    private static func event(_ name: String, version: String) -> String {
        #"{"type":"MODIFIED","object":{"metadata":{"name":"\#(name)","uid":"\#(name)","resourceVersion":"\#(version)"}}}"#
    }

    @Test("are not reported by a watch; what others write is, also to the same object")
    func events() async throws {
        let written = WrittenVersions()
        let events = [("a", "7"), ("a", "8"), ("b", "7"), ("c", "7")].map { Self.event($0.0, version: $0.1) }
        let watcher = Watcher(
            OneEvent(events.joined(separator: "\n")), .init(.secrets), policy: .short, logger: .none, written: written)
        let transcript = Transcript()
        await withTaskGroup { group in
            group.addTask {
                await watcher.run(
                    { event in
                        // The list may be older than this write, and replaces its response: the event counts.
                        if case .replace = event { written.record(uid: "c", resourceVersion: "7") }
                        await transcript.record(event)
                    }, recovered: { written.record(uid: "a", resourceVersion: "7") })
            }
            #expect(await eventually { transcript.lines == ["replace", "upsert a", "upsert b", "upsert c"] })
            group.cancelAll()
        }
    }

    @Test("are forgotten when their event has come, and when there are too many")
    func limits() {
        let written = WrittenVersions()
        written.record(uid: "a", resourceVersion: "7")
        #expect(!written.take(uid: "a", resourceVersion: "6"))
        #expect(written.take(uid: "a", resourceVersion: "7") && !written.take(uid: "a", resourceVersion: "7"))
        for number in 0...2000 { written.record(uid: "\(number)", resourceVersion: "1") }
        #expect(!written.take(uid: "0", resourceVersion: "1") && written.take(uid: "2000", resourceVersion: "1"))
    }
}
