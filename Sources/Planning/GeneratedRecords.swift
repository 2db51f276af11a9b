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
        /// The name of the key pair, and the part of it; nil for other values.
        package var pair: String?
        package var part: String?
        /// RFC 3339; nil for a value that was in the Secret before the distribution generated it.
        package var at: String?
        package var cause: Cause?

        init(_ value: GeneratedValue, at time: String? = nil, cause: Cause? = nil) {
            rotate = value.rotate
            pair = value.pair
            part = value.pair == nil ? nil : value.part.rawValue
            at = time
            self.cause = cause
        }

        fileprivate init(_ json: JSONValue) {
            rotate = json["rotate"]?.string ?? ""
            pair = json["pair"]?.string
            part = json["part"]?.string
            at = json["at"]?.string.flatMap { Timestamp(rfc3339: $0) == nil ? nil : $0 }
            cause = json["cause"]?.string.flatMap(Cause.init(rawValue:))
        }

        fileprivate var json: JSONValue {
            var members: [String: JSONValue] = ["rotate": .string(rotate)]
            if let pair { members["pair"] = .string(pair) }
            if let part { members["part"] = .string(part) }
            if let at { members["at"] = .string(at) }
            if let cause { members["cause"] = .string(cause.rawValue) }
            return .object(members)
        }

        /// Whether the recorded value is the same part of the same pair as `value`. A private key may leave its pair.
        func fits(_ value: GeneratedValue) -> Bool {
            guard value.pair != nil else { return part != GeneratedValue.Part.publicKey.rawValue }
            return pair == value.pair && part == value.part.rawValue
        }

        /// `part Private of the pair "p"`
        var description: String {
            pair.map { "part \(part ?? "") of the pair \(shown($0))" } ?? "a value of its own"
        }
    }

    /// By data key.
    package private(set) var keys: [String: Record] = [:]

    package init() {}

    /// Reads the annotation. What cannot be read counts as not recorded, so that its value is kept.
    package init(parsing text: String?) {
        guard let text, let json = try? JSONValue(json: Array(text.utf8)) else { return }
        keys = (json.object ?? [:]).filter { $0.value.object != nil }.mapValues { Record($0) }
    }

    package subscript(key: String) -> Record? {
        get { keys[key] }
        set { keys[key] = newValue }
    }

    package var isEmpty: Bool { keys.isEmpty }

    /// Only the records of some keys.
    package func only(_ names: Set<String>) -> GeneratedRecords {
        var records = self
        records.keys = keys.filter { names.contains($0.key) }
        return records
    }

    /// The records of `other` too, unless a key is here.
    func merging(_ other: GeneratedRecords) -> GeneratedRecords {
        var records = self
        records.keys.merge(other.keys) { mine, _ in mine }
        return records
    }

    /// The annotation's value.
    package var text: String {
        String(decoding: JSONValue.object(keys.mapValues(\.json)).encoded(), as: UTF8.self)
    }
}

extension ObservedTarget {
    package var generatedRecords: GeneratedRecords {
        GeneratedRecords(parsing: annotations[WellKnownKeys.generated])
    }
}
