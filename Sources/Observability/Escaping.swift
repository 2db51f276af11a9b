extension String {
    /// Returns the text with some characters replaced. It works on Unicode scalars, because in Swift a quote or a line
    /// break followed by a combining mark is a different character.
    ///
    /// - Parameters:
    ///   - limit: the maximum length of the result, in characters; "…" follows if the text is longer. The length of a
    ///     replacement counts, and a replacement is not cut.
    ///   - replacement: returns the replacement of a character, or nil to keep it.
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

    /// The text on one line, with invisible characters escaped and nothing else changed. For text without quotes around
    /// it.
    package var onOneLine: String { onOneLine(atMost: .max) }

    /// The first `limit` characters of `onOneLine`, followed by "…" if there are more; see `escaped`.
    package func onOneLine(atMost limit: Int) -> String {
        guard utf8.count > limit || unicodeScalars.contains(where: \.isInvisible) else { return self }
        return escaped(atMost: limit) { $0.isInvisible ? $0.escaped(asASCII: true) : nil }
    }
}

extension Unicode.Scalar {
    /// Whether the character ends a line, moves the cursor, or changes how the text around it looks.
    package var isInvisible: Bool {
        if isASCII { return value < 0x20 || value == 0x7f }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}

/// Encodes strings as JSON.
package enum JSONText {
    /// Returns `value` as a JSON string in quotes, on one line.
    package static func quoted(_ value: String) -> String { quoted(value, atMost: .max) }

    /// - Parameter limit: the maximum number of characters; "…" follows if the text is longer.
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

    /// Escapes the invisible characters of one line of JSON. They can occur only inside its strings.
    package static func visible(_ json: String) -> String { json.escaped(invisible) }

    /// A `\u` escape. Characters beyond U+FFFF become two surrogates (RFC 8259, section 7).
    private static func invisible(_ scalar: Unicode.Scalar) -> String? {
        guard scalar.isInvisible else { return nil }
        return scalar.utf16.map { unit in
            let hex = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        }.joined()
    }
}
