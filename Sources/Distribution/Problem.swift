/// A problem of a manifest, with its place.
package struct Problem: Sendable, Equatable, CustomStringConvertible {
    package enum Severity: Sendable, Equatable {
        /// The distribution cannot be used.
        case error
        /// A field that is not known, probably a typing error. It is ignored.
        case unknownField
    }

    package enum PathElement: Sendable, Equatable {
        case key(String)
        case index(Int)
    }

    /// Characters. Values quoted from a manifest are shorter.
    private static let longestMessage = 1000

    package let severity: Severity
    /// The place in the document, from its root.
    package let path: [PathElement]
    /// What is wrong with the value, and what was expected. It follows the path in a sentence.
    package let message: String
    /// The reason in the status.
    package let reason: Reason

    package init(_ path: [PathElement], _ message: String, severity: Severity = .error, reason: Reason = .invalidSpec) {
        self.severity = severity
        self.path = path.map(\.bounded)
        self.message = message.onOneLine(atMost: Self.longestMessage)
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

/// A value from a manifest as error messages show it: quoted, at most 80 displayed characters, on one line.
package func shown(_ value: String) -> String { "\"\(value.onOneLine(atMost: 80))\"" }

extension Problem.PathElement {
    /// Cuts a key that is too long to be shown to the part that is shown.
    fileprivate var bounded: Self {
        guard case .key(let key) = self, key.utf8.count > String.longestKey else { return self }
        return .key(String(key.unicodeScalars.prefix(String.longestKey + 1)))
    }
}

extension String {
    /// The length of the longest metadata key: 253 + 1 + 63 characters.
    static let longestKey = 317

    /// Whether it is shown in a path without quotes.
    fileprivate var isPlainKey: Bool {
        (1...Self.longestKey).contains(utf8.count)
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
