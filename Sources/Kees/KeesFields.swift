/// Why an annotation cannot be used: the rest of a sentence after the annotation's name.
package struct KeesError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// The value of an annotation: fields such as `kind=REFERENCE,type=PASSWORD`.
///
/// kees replaces each comma with a line ending and reads the result with `java.util.Properties.load` (kees,
/// `SecretParameter.java`): a key ends at the first `=`, `:` or white space, and of two equal keys the last one counts.
/// White space at the end of a value, which makes a kind or a type unusable there, is ignored here.
struct KeesFields {
    private var values: [String: String] = [:]

    /// - Throws: if there is a backslash, which starts an escape in Java.
    init(_ text: String) throws(KeesError) {
        guard !text.utf8.contains(UInt8(ascii: "\\")) else {
            throw KeesError("has a backslash, expected fields such as \"kind=REFERENCE,type=PASSWORD\" without escapes")
        }
        for field in text.utf8.split(whereSeparator: Self.isEnd) {
            let field = field.drop(while: Self.isBlank)
            guard let first = field.first, first != UInt8(ascii: "#"), first != UInt8(ascii: "!") else { continue }
            let end = field.firstIndex { Self.isBlank($0) || Self.isSeparator($0) } ?? field.endIndex
            var value = field[end...].drop(while: Self.isBlank)
            if let separator = value.first, Self.isSeparator(separator) {
                value = value.dropFirst().drop(while: Self.isBlank)
            }
            while let last = value.last, Self.isBlank(last) { value.removeLast() }
            values[String(Substring(field[..<end]))] = String(Substring(value))
        }
    }

    /// The value of a field; nil if it is missing.
    subscript(name: String) -> String? { values[name] }

    /// A value of an enumeration, in upper or lower case; nil if the field is missing.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ name: String) throws(KeesError) -> Choice? {
        guard let text = values[name] else { return nil }
        if let choice = Choice(rawValue: text.uppercased()) { return choice }
        let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw KeesError("has the \(name) \"\(text)\", expected one of \(words)")
    }

    private static func isEnd(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }

    private static func isSeparator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "=") || byte == UInt8(ascii: ":") }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == 0x0c
    }
}
