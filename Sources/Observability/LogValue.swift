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
    /// Characters of a value in a line, as they are shown: room for any message about a distribution.
    private static let longest = 8192
    /// Strings of a list in a line.
    private static let most = 100

    /// Of a long list the first ones, and how many more there are.
    private static func bounded(_ values: [String]) -> [String] {
        var room = longest
        let shown = values.prefix(most).prefix { value in
            defer { room -= JSONText.quoted(value, atMost: longest).unicodeScalars.count }
            return room > 0
        }
        return shown.count == values.count ? values : shown + ["and \(values.count - shown.count) more"]
    }

    /// The value as JSON. Control characters, line separators and quotes are escaped, so that a name from outside can
    /// not forge a line.
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

    /// The value for people: as JSON, but a string of plain characters stands without quotes.
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
    package static func quoted(_ value: String) -> String { quoted(value, atMost: .max) }

    /// - Parameter limit: of characters as they are shown; behind them stands "…".
    static func quoted(_ value: String, atMost limit: Int) -> String {
        var result = "\""
        var room = limit
        for scalar in value.unicodeScalars {
            let text = shown(scalar)
            room -= text?.utf8.count ?? 1
            guard room >= 0 else { return result + "…\"" }
            if let text { result += text } else { result.unicodeScalars.append(scalar) }
        }
        return result + "\""
    }

    /// Nil: as it is.
    private static func shown(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case _ where scalar.isInvisible: escaped(scalar)
        default: nil
        }
    }

    /// JSON of one line with what is invisible in it escaped, as can only stand in its strings.
    package static func visible(_ json: String) -> String {
        json.unicodeScalars.map { $0.isInvisible ? escaped($0) : String($0) }.joined()
    }

    /// Beyond U+FFFF as two surrogates (RFC 8259, 7).
    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        scalar.utf16.map { unit in
            let hex = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        }.joined()
    }
}

extension Unicode.Scalar {
    /// Ends a line, moves the cursor, or changes how the text around it looks.
    package var isInvisible: Bool {
        if isASCII { return value < 0x20 || value == 0x7f }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}

extension String {
    /// On one line, and as it is: what is invisible is escaped. For text that stands without quotes.
    package var onOneLine: String { onOneLine(atMost: .max) }

    /// The first `limit` characters of `onOneLine`, and "…" if there are more. An escape counts as the characters that it
    /// is shown as, and is not cut.
    package func onOneLine(atMost limit: Int) -> String {
        guard utf8.count > limit || unicodeScalars.contains(where: \.isInvisible) else { return self }
        var result = ""
        var room = limit
        for scalar in unicodeScalars {
            let isEscaped = scalar.isInvisible
            let text = isEscaped ? scalar.escaped(asASCII: true) : String(scalar)
            room -= isEscaped ? text.utf8.count : 1
            guard room >= 0 else { return result + "…" }
            result += text
        }
        return result
    }
}
