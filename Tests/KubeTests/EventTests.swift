import Observability
import Testing

@testable import JSON
@testable import Kube

@Suite struct EventTests {
    private let object = Event.Object(
        apiVersion: "xlscsde.nhs.uk/v1", kind: "SecretsDistribution", namespace: "shop", name: "app", uid: "uid-1",
        resourceVersion: "77")
    private let now = Timestamp(seconds: 1_795_249_800, nanoseconds: 12_345_678)

    private func event(_ message: String = "All well.", on object: Event.Object? = nil) -> Event {
        Event(
            .normal, on: object ?? self.object, from: Event.Source(component: "agent", host: "pod-1"), reason: "Synced",
            message: message, at: now)
    }

    @Test("the manifest has the fields that kubectl shows and selects by")
    func manifest() {
        let expected: JSONValue = [
            "apiVersion": "v1", "kind": "Event",
            "metadata": ["name": "app.18ea022e74d3b14e", "namespace": "shop"],
            "involvedObject": [
                "apiVersion": "xlscsde.nhs.uk/v1", "kind": "SecretsDistribution", "namespace": "shop", "name": "app",
                "uid": "uid-1", "resourceVersion": "77",
            ],
            "type": "Normal", "reason": "Synced", "message": "All well.", "count": 1,
            "firstTimestamp": "2026-11-21T08:30:00Z", "lastTimestamp": "2026-11-21T08:30:00Z",
            "source": ["component": "agent", "host": "pod-1"],
            "reportingComponent": "agent", "reportingInstance": "pod-1",
        ]
        #expect(event().manifest == expected)
    }

    @Test("a patch of a stored Event has its count, time and message")
    func patch() {
        var event = event()
        event.count = 7
        #expect(
            event.mergePatch == ["count": 7, "lastTimestamp": "2026-11-21T08:30:00Z", "message": "All well."])
    }

    @Test("the API server accepts the name, however long the object's name is", arguments: ["a", "a.", "a-.-"])
    func longName(end: String) {
        var object = object
        object.name = String(repeating: "x", count: 236 - end.utf8.count) + end + String(repeating: "y", count: 17)
        let name = event(on: object).name
        #expect(name.utf8.count <= 253)
        #expect(name.hasSuffix("a.18ea022e74d3b14e"))
    }

    @Test(
        "a message of more than 1024 bytes ends with an ellipsis, between two characters",
        arguments: [
            (String(repeating: "a", count: 1024), 1024), (String(repeating: "a", count: 1025), 1024),
            (String(repeating: "é", count: 1000), 1023), (String(repeating: "🙂", count: 1000), 1023),
        ])
    func longMessage(text: String, bytes: Int) {
        let message = event(text).message
        #expect(message.utf8.count == bytes)
        #expect(message == text || message.last == "…" && text.hasPrefix(message.dropLast()))
    }
}
