import JSON
package import Snapshots

/// Reads a file in the format of `java.util.Properties.load(Reader)`, whose documentation has the rules. The reader is one
/// for UTF-8. A byte order mark at its start is ignored, a byte that is not UTF-8 is an error, and so is half of a
/// surrogate pair, which UTF-8 cannot represent. Unlike there, a key without a separator is an error.
package enum PropertiesFile {
    /// - Returns: the keys in the order of the file.
    /// - Throws: the line that is not valid, or both lines if a key occurs twice.
    package static func parse(
        _ content: UnsafeRawBufferPointer
    ) throws(FormError) -> [(key: String, value: SecretBytes)] {
        let bytes = Array(content)
        if let offset = bytes.firstInvalidUTF8 {
            throw FormError("is not UTF-8 at line \(bytes.line(at: offset)), expected properties in UTF-8")
        }
        var lines = LogicalLines(bytes)
        var entries: [(key: String, value: SecretBytes)] = []
        var keys = KeyLines()
        while let (text, line) = lines.next() {
            let (key, value) = split(text)
            // Java takes this for a key without a value. But a file with a secret alone would become a key, and keys are
            // not secret.
            guard key.count < text.count else {
                throw FormError("has no \"=\" in the entry on line \(line), expected a key and a value")
            }
            let name = try unescape(key, line: line)
            try keys.add(name, line: line)
            entries.append((String(decoding: name, as: UTF8.self), SecretBytes(try unescape(value, line: line))))
        }
        return entries
    }

    /// The key ends at the first `=`, `:` or white space that is not escaped. White space around the separator belongs to
    /// neither part.
    private static func split(_ line: [UInt8]) -> (key: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
        var end = 0
        while end < line.count, !line[end].isSeparator, !line[end].isPropertiesBlank {
            end += line[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        let key = line.prefix(end)
        var rest = line.dropFirst(end).drop(while: \.isPropertiesBlank)
        if rest.first?.isSeparator == true { rest = rest.dropFirst().drop(while: \.isPropertiesBlank) }
        return (key, rest)
    }

    private static func unescape(_ text: ArraySlice<UInt8>, line: Int) throws(FormError) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var rest = text
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "t"): result.append(UInt8(ascii: "\t"))
            case UInt8(ascii: "n"): result.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "r"): result.append(UInt8(ascii: "\r"))
            case UInt8(ascii: "f"): result.append(0x0c)
            case UInt8(ascii: "u"):
                guard let scalar = JSONEscape.parseScalar(&rest) else {
                    throw FormError(
                        "has an invalid escape in the entry on line \(line), "
                            + "expected four hexadecimal digits after \\u, and two of them for a surrogate pair")
                }
                result.append(contentsOf: Array(String(scalar).utf8))
            // Any other character stands for itself.
            case let byte?: result.append(byte)
            case nil: break
            }
        }
        return result
    }
}

extension UInt8 {
    fileprivate var isSeparator: Bool { self == UInt8(ascii: "=") || self == UInt8(ascii: ":") }

    /// White space as `Properties` defines it: without line endings, with the form feed.
    fileprivate var isPropertiesBlank: Bool { isBlank || self == 0x0c }
}

/// Joins the lines of the file whose end is escaped, and skips blank lines and comments.
private struct LogicalLines {
    private let bytes: [UInt8]
    private var position: Int
    /// The number of the line at `position`.
    private var line = 1

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = bytes.starts(with: [UInt8].byteOrderMark) ? 3 : 0
    }

    /// - Returns: the next line that holds an entry, with its escapes, and the number of the line that it starts on.
    mutating func next() -> (text: [UInt8], line: Int)? {
        while position < bytes.count {
            let first = line
            var part = parseLine().drop(while: \.isPropertiesBlank)
            guard let byte = part.first, byte != UInt8(ascii: "#"), byte != UInt8(ascii: "!") else { continue }
            var text: [UInt8] = []
            while part.endsWithEscape {
                text += part.dropLast()
                // At the end of the file, Java ignores the backslash too.
                guard position < bytes.count else { return text.isEmpty ? nil : (text, first) }
                part = parseLine().drop(while: \.isPropertiesBlank)
            }
            text += part
            // Nothing but an escaped end of a line: Java takes this for a blank line.
            if !text.isEmpty { return (text, first) }
        }
        return nil
    }

    /// Consumes a line with its ending: LF, CR or CR LF.
    private mutating func parseLine() -> ArraySlice<UInt8> {
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\n"), bytes[position] != UInt8(ascii: "\r") {
            position += 1
        }
        let text = bytes[start..<position]
        if position < bytes.count, bytes[position] == UInt8(ascii: "\r") { position += 1 }
        if position < bytes.count, bytes[position] == UInt8(ascii: "\n") { position += 1 }
        line += 1
        return text
    }
}

extension ArraySlice<UInt8> {
    /// Whether the last byte is a backslash that is not escaped itself.
    fileprivate var endsWithEscape: Bool {
        !reversed().prefix { $0 == UInt8(ascii: "\\") }.count.isMultiple(of: 2)
    }
}
