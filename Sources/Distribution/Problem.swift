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

    /// Characters; what it quotes of a manifest is shorter.
    private static let longestMessage = 1000

    package let severity: Severity
    /// Where in the document, from its root.
    package let path: [PathElement]
    /// What is wrong with the value there, and what was expected; follows the path in a sentence.
    package let message: String
    /// The reason that the status gives for it.
    package let reason: Reason

    init(_ path: [PathElement], _ message: String, severity: Severity = .error, reason: Reason = .invalidSpec) {
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

/// A value from a manifest as it stands in an error: quoted, at most 80 characters as they are shown, on one line.
package func shown(_ value: String) -> String { "\"\(value.onOneLine(atMost: 80))\"" }

extension Problem.PathElement {
    /// Of a key that is too long to be shown whole, no more than is shown.
    fileprivate var bounded: Self {
        guard case .key(let key) = self, key.utf8.count > String.longestKey else { return self }
        return .key(String(key.unicodeScalars.prefix(String.longestKey + 1)))
    }
}

extension String {
    /// Of metadata: 253 + 1 + 63 characters.
    static let longestKey = 317

    /// Can stand in a path as it is.
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
