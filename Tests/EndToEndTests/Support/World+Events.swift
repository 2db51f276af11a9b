import JSON
import Kube
import TestSupport
import Testing

/// An Event as the API server returns it.
struct LiveEvent: KubeObject, Equatable {
    struct Object: Equatable {
        let apiVersion: String
        let kind: String
        let namespace: String
        let name: String
        let uid: String
        let resourceVersion: String?
    }

    struct Source: Equatable {
        let component: String
        let host: String
    }

    let metadata: ObjectMeta
    let involvedObject: Object
    let type: String
    let reason: String
    let message: String
    let count: Int
    let firstTimestamp: String
    let lastTimestamp: String
    let source: Source
    let reportingComponent: String
    let reportingInstance: String
}

extension LiveEvent {
    init(reading json: JSONNode) throws(JSONBytes.Failure) {
        metadata = try ObjectMeta(reading: json.required("metadata"))
        let object = try json.required("involvedObject")
        involvedObject = Object(
            apiVersion: try object.required("apiVersion").asString(), kind: try object.required("kind").asString(),
            namespace: try object.required("namespace").asString(), name: try object.required("name").asString(),
            uid: try object.required("uid").asString(), resourceVersion: try object["resourceVersion"]?.asString())
        type = try json.required("type").asString()
        reason = try json.required("reason").asString()
        message = try json.required("message").asString()
        count = try json.required("count").asInt()
        firstTimestamp = try json.required("firstTimestamp").asString()
        lastTimestamp = try json.required("lastTimestamp").asString()
        let from = try json.required("source")
        source = Source(
            component: try from.required("component").asString(), host: try from.required("host").asString())
        reportingComponent = try json.required("reportingComponent").asString()
        reportingInstance = try json.required("reportingInstance").asString()
    }
}

extension World {
    /// All Events of the namespace, or those of one distribution.
    func events(on name: String? = nil) async throws -> [LiveEvent] {
        let all = try await client.list(LiveEvent.self, .events, namespace: namespace).items
        return all.filter { name == nil || $0.involvedObject.name == name }
    }

    /// Waits until a distribution has exactly one such Event, with this count.
    @discardableResult
    func expectEvent(
        on name: String, _ reason: String, count: Int = 1, _ text: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> LiveEvent? {
        var found: [LiveEvent] = []
        let isSo = try await eventually {
            found = try await self.events(on: name).filter { $0.reason == reason && $0.message.contains(text) }
            return found.map(\.count) == [count]
        }
        #expect(isSo, "\(name) has \(found)", sourceLocation: sourceLocation)
        return found.first
    }
}
