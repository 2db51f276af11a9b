package import JSON
package import Observability

/// A `v1` Event about an object. `kubectl describe` shows it with that object.
package struct Event: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case normal = "Normal"
        case warning = "Warning"
    }

    /// The object that the Event is about: a core/v1 `ObjectReference`.
    package struct Object: Sendable, Hashable {
        package var apiVersion: String
        package var kind: String
        /// Empty for an object that belongs to no namespace.
        package var namespace: String
        package var name: String
        package var uid: String
        /// Nil if the Event is not about a certain version.
        package var resourceVersion: String?

        package init(
            apiVersion: String, kind: String, namespace: String, name: String, uid: String, resourceVersion: String?
        ) {
            self.apiVersion = apiVersion
            self.kind = kind
            self.namespace = namespace
            self.name = name
            self.uid = uid
            self.resourceVersion = resourceVersion
        }
    }

    /// The program that reports the Event.
    package struct Source: Sendable, Equatable {
        package var component: String
        package var host: String

        package init(component: String, host: String) {
            self.component = component
            self.host = host
        }
    }

    package var name: String
    package let object: Object
    package let source: Source
    package let kind: Kind
    package let reason: String
    package var message: String
    package var firstTime: Timestamp
    package let lastTime: Timestamp
    package var count = 1

    /// - Parameters:
    ///   - reason: one word in upper camel case.
    ///   - message: is cut at 1,024 bytes and then ends with "…".
    package init(
        _ kind: Kind, on object: Object, from source: Source, reason: String, message: String, at now: Timestamp
    ) {
        name = Self.name(of: object, at: now)
        self.object = object
        self.source = source
        self.kind = kind
        self.reason = reason
        self.message = Self.bounded(message)
        firstTime = now
        lastTime = now
    }

    /// Bytes of a message. This is the limit of `events.k8s.io/v1`; the API server accepts longer ones in core/v1.
    private static let longestMessage = 1024

    static func bounded(_ message: String) -> String {
        guard message.utf8.count > longestMessage else { return message }
        let end = "…"
        var room = longestMessage - end.utf8.count
        let head = message.unicodeScalars.prefix { scalar in
            room -= UTF8.width(scalar)
            return room >= 0
        }
        return String(head) + end
    }

    /// The name that client-go would use: the name of the object and the nanoseconds since 1970 in hexadecimal.
    private static func name(of object: Object, at now: Timestamp) -> String {
        let suffix = "." + String(now.seconds * 1_000_000_000 + now.nanoseconds, radix: 16)
        // A name has at most 253 bytes, and each of its parts ends with a letter or a digit (RFC 1123).
        var prefix = object.name.prefix(253 - suffix.count)
        while prefix.last == "-" || prefix.last == "." { prefix.removeLast() }
        return prefix + suffix
    }
}

extension Event {
    /// The namespace of the Event itself. Events on objects that belong to no namespace are in `default` (Kubernetes,
    /// `pkg/apis/core/validation/events.go`).
    package var namespace: String { object.namespace.isEmpty ? "default" : object.namespace }

    package var manifest: JSONValue {
        var involved: [String: JSONValue] = [
            "apiVersion": .string(object.apiVersion), "kind": .string(object.kind), "name": .string(object.name),
            "uid": .string(object.uid),
        ]
        if !object.namespace.isEmpty { involved["namespace"] = .string(object.namespace) }
        if let resourceVersion = object.resourceVersion { involved["resourceVersion"] = .string(resourceVersion) }
        return [
            "apiVersion": .string(Resource.events.apiVersion), "kind": "Event",
            "metadata": ["name": .string(name), "namespace": .string(namespace)],
            "involvedObject": .object(involved), "type": .string(kind.rawValue), "reason": .string(reason),
            "message": .string(message), "firstTimestamp": .string(firstTime.rfc3339),
            "lastTimestamp": .string(lastTime.rfc3339), "count": .int(count),
            "source": ["component": .string(source.component), "host": .string(source.host)],
            "reportingComponent": .string(source.component), "reportingInstance": .string(source.host),
        ]
    }

    /// Updates an Event that is already stored.
    package var mergePatch: JSONValue {
        ["count": .int(count), "lastTimestamp": .string(lastTime.rfc3339), "message": .string(message)]
    }
}
