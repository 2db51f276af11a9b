import Distribution
import JSON
import Observability

/// What the annotation `WellKnownKeys.generated` of a target records about its generated keys: with which token and when
/// they were generated, never a value or its digest.
package struct GeneratedRecords: Sendable, Equatable {
    /// Why a value was generated.
    package enum Cause: String, Sendable {
        /// The Secret never had it.
        case new = "New"
        /// Somebody removed the former value, or the whole Secret.
        case lost = "Lost"
        /// The token was changed.
        case rotated = "Rotated"
    }

    package struct Record: Sendable, Equatable {
        /// The token in `rotate`.
        package var rotate: String
        /// RFC 3339; nil for a value that was in the Secret before the distribution generated it.
        package var at: String?
        package var cause: Cause?
    }

    /// By data key.
    package private(set) var keys: [String: Record] = [:]

    package init() {}

    /// Reads the annotation. What cannot be read counts as not recorded, so that its value is kept.
    package init(parsing text: String?) {
        guard let text, let json = try? JSONValue(json: Array(text.utf8)) else { return }
        for (key, value) in json.object ?? [:] where value.object != nil {
            keys[key] = Record(
                rotate: value["rotate"]?.string ?? "",
                at: value["at"]?.string.flatMap { Timestamp(rfc3339: $0) == nil ? nil : $0 },
                cause: value["cause"]?.string.flatMap(Cause.init(rawValue:)))
        }
    }

    package subscript(key: String) -> Record? {
        get { keys[key] }
        set { keys[key] = newValue }
    }

    package var isEmpty: Bool { keys.isEmpty }

    /// The annotation's value.
    package var text: String {
        let members = keys.mapValues { record in
            var members: [String: JSONValue] = ["rotate": .string(record.rotate)]
            if let at = record.at { members["at"] = .string(at) }
            if let cause = record.cause { members["cause"] = .string(cause.rawValue) }
            return JSONValue.object(members)
        }
        return String(decoding: JSONValue.object(members).encoded(), as: UTF8.self)
    }
}

extension ObservedTarget {
    package var generatedRecords: GeneratedRecords {
        GeneratedRecords(parsing: annotations[WellKnownKeys.generated])
    }
}
