import Observability

/// Something wrong with a manifest, and where.
package struct Problem: Sendable, Equatable, CustomStringConvertible {
    package enum Severity: Sendable, Equatable {
        /// The distribution cannot be used.
        case error
        /// A field that means nothing: probably a typing error.
        case unknownField
    }

    package enum PathElement: Sendable, Equatable {
        case key(String)
        case index(Int)
    }

    package let severity: Severity
    /// Where in the document, from its root.
    package let path: [PathElement]
    /// What is wrong with the value there, and what was expected; follows the path in a sentence.
    package let message: String
    /// The reason that the status gives for it.
    package let reason: Reason

    init(_ path: [PathElement], _ message: String, severity: Severity = .error, reason: Reason = .invalidSpec) {
        self.severity = severity
        self.path = path
        self.message = message
        self.reason = reason
    }

    /// `spec.secrets[2].from`.
    package var field: String {
        path.reduce(into: "") { text, element in
            switch element {
            case .key(let key): text += (text.isEmpty ? "" : ".") + (key.isPlainKey ? key : shown(key))
            case .index(let index): text += "[\(index)]"
            }
        }
    }

    package var description: String { field.isEmpty ? message : "\(field) \(message)" }
}

/// A value from a manifest as it stands in an error: quoted, bounded and on one line.
func shown(_ value: String) -> String {
    let limit = 80
    let text = value.unicodeScalars.prefix(limit).map { scalar in
        scalar.isInvisible ? scalar.escaped(asASCII: true) : String(scalar)
    }
    return "\"" + text.joined() + (value.unicodeScalars.count > limit ? "…" : "") + "\""
}

extension String {
    /// Can stand in a path as it is: the longest key that metadata can have is 253 + 1 + 63 characters.
    fileprivate var isPlainKey: Bool {
        (1...317).contains(utf8.count)
            && utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "-")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
