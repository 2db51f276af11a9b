/// The value of a field of a log message. There is no case for bytes, so secret bytes cannot be logged.
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
    /// The maximum number of characters of one value: enough for any message about a distribution.
    private static let longest = 8192
    /// The maximum number of strings of one list.
    private static let most = 100

    /// The first strings of a list, followed by the number of those that are omitted.
    private static func bounded(_ values: [String]) -> [String] {
        var room = longest
        let shown = values.prefix(most).prefix { value in
            defer { room -= JSONText.quoted(value, atMost: longest).unicodeScalars.count }
            return room > 0
        }
        return shown.count == values.count ? values : shown + ["and \(values.count - shown.count) more"]
    }

    /// The value as JSON. Control characters, line separators and quotes are escaped, so that an external name cannot
    /// forge a log line.
    package var json: String {
        switch self {
        case .string(let value): JSONText.quoted(value, atMost: Self.longest)
        case .int(let value): String(value)
        case .bool(let value): value ? "true" : "false"
        case .duration(let value): value.seconds
        case .strings(let values):
            "[" + Self.bounded(values).map { LogValue.string($0).json }.joined(separator: ",") + "]"
        }
    }

    /// The value for people: as JSON, but a string of plain characters has no quotes.
    package var text: String {
        switch self {
        case .string(let value)
        where (1...Self.longest).contains(value.utf8.count) && value.utf8.allSatisfy(Self.isPlain): value
        case .strings(let values):
            "[" + Self.bounded(values).map { LogValue.string($0).text }.joined(separator: " ") + "]"
        case .duration(let value): value.seconds + "s"
        default: json
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "=")
    }
}

extension Duration {
    /// Seconds with six decimals, for example `0.012345`.
    package var seconds: String {
        let (whole, attoseconds) = components
        let negative = whole < 0 || attoseconds < 0
        let micros = String(abs(attoseconds) / 1_000_000_000_000)
        return (negative ? "-" : "") + "\(abs(whole))." + String(repeating: "0", count: 6 - micros.count) + micros
    }
}
