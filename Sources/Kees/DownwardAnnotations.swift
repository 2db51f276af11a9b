package import Formats

/// The file of annotations that a downward API volume holds: a line `key="value"` for each annotation, with the value
/// quoted as Go's `%q` quotes it (Kubernetes, `pkg/fieldpath/fieldpath.go`).
///
/// A value without quotes is taken as it is, as kees does.
package enum DownwardAnnotations {
    /// - Throws: the line that cannot be read.
    package static func parse(_ bytes: [UInt8]) throws(FormError) -> [(key: String, value: String)] {
        var annotations: [(key: String, value: String)] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isEmpty {
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else {
                throw FormError("has no \"=\" on line \(index + 1), expected a line such as key=\"value\"")
            }
            let value = line[line.index(after: equals)...]
            guard let key = String(validating: line[..<equals], as: UTF8.self), let text = text(value) else {
                throw FormError(
                    "cannot be read on line \(index + 1), expected a line of a downward API volume: key=\"value\"")
            }
            annotations.append((key, text))
        }
        return annotations
    }

    private static func text(_ value: ArraySlice<UInt8>) -> String? {
        let quote = UInt8(ascii: "\"")
        guard value.first == quote else { return String(validating: value, as: UTF8.self) }
        guard value.count > 1, value.last == quote else { return nil }
        return GoString.unquote(value.dropFirst().dropLast())
    }
}

/// An interpreted string literal of Go (The Go Programming Language Specification, "String literals").
private enum GoString {
    /// - Parameter text: without the quotes.
    /// - Returns: nil if an escape is not valid or incomplete, or if the result is not UTF-8.
    static func unquote(_ text: ArraySlice<UInt8>) -> String? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var rest = text
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return nil
            case UInt8(ascii: "\\"):
                guard let escape = rest.popFirst(), let bytes = bytes(of: escape, &rest) else { return nil }
                result += bytes
            default: result.append(byte)
            }
        }
        return String(validating: result, as: UTF8.self)
    }

    private static func bytes(of escape: UInt8, _ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        if let simple = simple[escape] { return [simple] }
        switch escape {
        case UInt8(ascii: "x"): return number(2, &rest).flatMap { UInt8(exactly: $0) }.map { [$0] }
        case UInt8(ascii: "u"): return number(4, &rest).flatMap(scalar)
        case UInt8(ascii: "U"): return number(8, &rest).flatMap(scalar)
        default: return nil
        }
    }

    private static let simple: [UInt8: UInt8] = [
        UInt8(ascii: "a"): 0x07, UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0c, UInt8(ascii: "n"): 0x0a,
        UInt8(ascii: "r"): 0x0d, UInt8(ascii: "t"): 0x09, UInt8(ascii: "v"): 0x0b, UInt8(ascii: "\\"): 0x5c,
        UInt8(ascii: "\""): 0x22,
    ]

    private static func scalar(_ number: UInt32) -> [UInt8]? {
        Unicode.Scalar(number).map { Array(String(Character($0)).utf8) }
    }

    private static func number(_ digits: Int, _ rest: inout ArraySlice<UInt8>) -> UInt32? {
        let text = rest.prefix(digits)
        guard text.count == digits, text.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit && $0 < 0x80 }) else {
            return nil
        }
        rest = rest.dropFirst(digits)
        return UInt32(String(decoding: text, as: UTF8.self), radix: 16)
    }
}
