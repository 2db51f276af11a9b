/// A value beside a log message. There is no case for bytes: what may be secret cannot be logged.
package enum LogValue: Sendable, Equatable {
    case string(String)
    case int(Int)
    case bool(Bool)
    /// Seconds, with six decimals.
    case duration(Duration)
    case strings([String])
}

extension LogValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension LogValue {
    /// The value as JSON. Control characters, line separators and quotes are escaped, so that a name from outside can
    /// not forge a line.
    package var json: String {
        switch self {
        case .string(let value): JSONText.quoted(value)
        case .int(let value): String(value)
        case .bool(let value): value ? "true" : "false"
        case .duration(let value): value.seconds
        case .strings(let values): "[" + values.map(JSONText.quoted).joined(separator: ",") + "]"
        }
    }

    /// The value for people: as JSON, but a string of plain characters stands without quotes.
    package var text: String {
        switch self {
        case .string(let value) where !value.isEmpty && value.utf8.allSatisfy(Self.isPlain): value
        case .strings(let values): "[" + values.map { LogValue.string($0).text }.joined(separator: " ") + "]"
        case .duration(let value): value.seconds + "s"
        default: json
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "=")
    }
}

extension Duration {
    /// Seconds with six decimals, `0.012345`.
    package var seconds: String {
        let (whole, attoseconds) = components
        let negative = whole < 0 || attoseconds < 0
        let micros = String(abs(attoseconds) / 1_000_000_000_000)
        return (negative ? "-" : "") + "\(abs(whole))." + String(repeating: "0", count: 6 - micros.count) + micros
    }
}

/// Strings as JSON.
package enum JSONText {
    /// `value` as a JSON string with its quotes, on one line.
    package static func quoted(_ value: String) -> String {
        var result = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}", "\u{200e}", "\u{200f}",
                "\u{202a}"..."\u{202e}", "\u{2066}"..."\u{2069}":
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
