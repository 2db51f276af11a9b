extension String {
    /// The text with some characters replaced. By scalars: with a combining mark behind it, a quote or a line end is
    /// another character to Swift.
    ///
    /// - Parameters:
    ///   - limit: of characters as they are shown; behind them stands "…". A replacement counts as its characters, and is
    ///     not cut.
    ///   - replacement: nil if the character stays as it is.
    package func escaped(
        atMost limit: Int = .max, _ replacement: (Unicode.Scalar) -> String?
    ) -> String {
        var result = ""
        var room = limit
        for scalar in unicodeScalars {
            let text = replacement(scalar)
            room -= text?.utf8.count ?? 1
            guard room >= 0 else { return result + "…" }
            if let text { result += text } else { result.unicodeScalars.append(scalar) }
        }
        return result
    }

    /// On one line, and as it is: what is invisible is escaped. For text that stands without quotes.
    package var onOneLine: String { onOneLine(atMost: .max) }

    /// The first `limit` characters of `onOneLine`, and "…" if there are more; see `escaped`.
    package func onOneLine(atMost limit: Int) -> String {
        guard utf8.count > limit || unicodeScalars.contains(where: \.isInvisible) else { return self }
        return escaped(atMost: limit) { $0.isInvisible ? $0.escaped(asASCII: true) : nil }
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

/// Strings as JSON.
package enum JSONText {
    /// `value` as a JSON string with its quotes, on one line.
    package static func quoted(_ value: String) -> String { quoted(value, atMost: .max) }

    /// - Parameter limit: of characters as they are shown; behind them stands "…".
    static func quoted(_ value: String, atMost limit: Int) -> String {
        "\"\(value.escaped(atMost: limit, replacement))\""
    }

    private static func replacement(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: invisible(scalar)
        }
    }

    /// JSON of one line with what is invisible in it escaped, as can only stand in its strings.
    package static func visible(_ json: String) -> String { json.escaped(invisible) }

    /// Beyond U+FFFF as two surrogates (RFC 8259, 7).
    private static func invisible(_ scalar: Unicode.Scalar) -> String? {
        guard scalar.isInvisible else { return nil }
        return scalar.utf16.map { unit in
            let hex = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        }.joined()
    }
}
