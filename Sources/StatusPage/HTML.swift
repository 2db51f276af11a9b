/// A piece of a page. What is interpolated is text, and becomes harmless: only another piece goes in as it is.
///
///     let row: HTML = "<td>\(distribution.message)</td>"
struct HTML: Sendable, Equatable, ExpressibleByStringInterpolation {
    let text: String

    init(stringLiteral value: String) { text = value }

    /// A text of which so many bytes of the page are shown at most, and "…" behind them.
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

    /// For an element's content and for an attribute in quotes. What is invisible or turns the direction of writing is
    /// shown as its number.
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
