/// A piece of HTML. Interpolated strings are escaped; only other pieces are inserted unchanged.
///
///     let row: HTML = "<td>\(distribution.message)</td>"
struct HTML: Sendable, Equatable, ExpressibleByStringInterpolation {
    let text: String

    init(stringLiteral value: String) { text = value }

    /// The start of a text, cut to `limit` bytes of HTML and followed by "…" if it is longer.
    init(_ value: String, atMost limit: Int) {
        var shown = ""
        var room = limit
        for scalar in value.onOneLine(atMost: limit).unicodeScalars {
            let piece = Self.entity(scalar) ?? String(scalar)
            room -= piece.utf8.count
            guard room >= 0 else {
                shown += "…"
                break
            }
            shown += piece
        }
        text = shown
    }
    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ number: Int) { text += String(number) }
        mutating func appendInterpolation(_ value: String) { text += HTML.escaped(value) }
        mutating func appendInterpolation(_ piece: HTML) { text += piece.text }
        mutating func appendInterpolation(_ pieces: [HTML]) { for piece in pieces { text += piece.text } }
    }

    /// Escapes text for an element's content or a quoted attribute. Invisible characters and those that change the
    /// writing direction are shown as their numbers.
    private static func escaped(_ value: String) -> String { value.onOneLine.escaped(entity) }

    private static func entity(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        case "\"": "&quot;"
        case "'": "&#39;"
        default: nil
        }
    }
}
