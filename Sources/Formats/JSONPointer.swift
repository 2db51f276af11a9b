import Observability

/// A path to a value in a JSON text (RFC 6901): `/credentials/0/password`. The empty pointer is the whole text.
///
/// Pointers are compared by their bytes, as the names of members are: strings that are equal in Swift may name different
/// members.
package struct JSONPointer: Sendable, Hashable {
    /// The pointer as it is written. Only the text is kept: one name takes more memory than all names as text.
    package let text: String

    /// Bytes.
    private static let longest = 1024

    /// The whole text.
    package static let root = JSONPointer(valid: "")

    private init(valid text: String) { self.text = text }

    package init(_ text: String) throws(FormError) {
        guard text.utf8.count <= Self.longest else {
            throw FormError("is \(text.utf8.count) bytes long, expected at most \(Self.longest)")
        }
        guard text.utf8.first ?? UInt8(ascii: "/") == UInt8(ascii: "/") else {
            throw FormError(#"is not a JSON Pointer: expected "/" at its start, as in "/user/name""#)
        }
        _ = try Self.tokens(of: text)
        self.text = text
    }

    package static func == (left: JSONPointer, right: JSONPointer) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// The names and indices on the path, as UTF-8, unescaped.
    var tokens: [[UInt8]] { (try? Self.tokens(of: text)) ?? [] }

    private static func tokens(of text: String) throws(FormError) -> [[UInt8]] {
        let utf8 = Array(text.utf8)
        var tokens: [[UInt8]] = []
        var place = 0
        while place < utf8.count {
            switch utf8[place] {
            case UInt8(ascii: "/"): tokens.append([])
            case UInt8(ascii: "~"):
                place += 1
                switch place < utf8.count ? utf8[place] : nil {
                case UInt8(ascii: "0"): tokens[tokens.count - 1].append(UInt8(ascii: "~"))
                case UInt8(ascii: "1"): tokens[tokens.count - 1].append(UInt8(ascii: "/"))
                default:
                    throw FormError(
                        #"is not a JSON Pointer: byte \#(place) is "~", expected "~0" for "~" or "~1" for "/""#)
                }
            case let byte: tokens[tokens.count - 1].append(byte)
            }
            place += 1
        }
        return tokens
    }

    /// A pointer as error messages show it: in quotes, on one line, with long names and many names cut off.
    static func shown(_ tokens: some Sequence<[UInt8]>) -> String {
        // A character has at most four bytes.
        let names = tokens.map { String(decoding: $0.prefix(200), as: UTF8.self).onOneLine(atMost: 40) }
        return "\"\(text(names).onOneLine(atMost: 300))\""
    }

    private static func text(_ tokens: [String]) -> String {
        tokens.map { token in
            "/" + token.escaped { $0 == "~" ? "~0" : $0 == "/" ? "~1" : nil }
        }.joined()
    }
}
