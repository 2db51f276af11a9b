import Kube
import TestSupport
import Testing

/// An Event as the API server returns it.
struct LiveEvent: KubeObject, Decodable, Equatable {
    struct Object: Decodable, Equatable {
        let apiVersion: String
        let kind: String
        let namespace: String
        let name: String
        let uid: String
        let resourceVersion: String?
    }

    struct Source: Decodable, Equatable {
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
