package import Snapshots

/// Reads a dotenv file: `KEY=VALUE` lines. It accepts what python-dotenv (its README, "File format"), Docker Compose
/// ("Syntax for environment files") and a POSIX shell that sources the file agree on. Where two of them read a line
/// differently, it takes the line literally if python-dotenv and Compose do; otherwise the line is an error.
///
/// - A key starts with a letter or `_` and continues with letters, digits, `_`, `.` and `-`. `export` may precede it, and
///   blanks may surround `=`.
/// - Blank lines are ignored, and so is a line whose first character other than a blank is `#`.
/// - A value without quotes ends at the end of the line or at a `#` after a blank, without the blanks before it. Quotes
///   and backslashes in it are literal.
/// - A value in single quotes is literal, although python-dotenv alone reads `\\` in it as one backslash. It contains no
///   single quote: its readers disagree on how to escape one.
/// - In a value in double quotes, `\n`, `\r`, `\t`, `\"`, `\\` and `\$` are escapes; its readers disagree on any other.
/// - A value in quotes can have several lines. After its closing quote, only a comment can follow, after a blank.
/// - Nothing is expanded: `$NAME` and `${NAME}` stay as they are, and a key without `=` is an error.
/// - A line ends with LF or CR LF; in quotes, both give LF. A byte order mark at the start is ignored.
package enum Dotenv {
    /// - Returns: the keys in the order of the file.
    /// - Throws: the line that is not valid, or both lines if a key occurs twice.
    package static func parse(
        _ content: UnsafeRawBufferPointer
    ) throws(FormError) -> [(key: String, value: SecretBytes)] {
        let bytes = Array(content)
        if let offset = bytes.firstIndex(of: 0) {
            throw FormError("has a NUL character on line \(bytes.line(at: offset))")
        }
        var parser = DotenvParser(bytes)
        return try parser.entries()
    }
}

private struct DotenvParser {
    private let bytes: [UInt8]
    private var position: Int
    private var line = 1

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = bytes.starts(with: [UInt8].byteOrderMark) ? 3 : 0
    }

    mutating func entries() throws(FormError) -> [(key: String, value: SecretBytes)] {
        var entries: [(key: String, value: SecretBytes)] = []
        var keys = KeyLines()
        while try skipToEntry() {
            let line = line
            let key = try parseKey()
            try keys.add(key, line: line)
            entries.append((String(decoding: key, as: UTF8.self), SecretBytes(try parseValue())))
        }
        return entries
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// Skips blank lines and comments. Returns whether an entry follows.
    private mutating func skipToEntry() throws(FormError) -> Bool {
        while true {
            skipBlanks()
            if next == UInt8(ascii: "#") { try skipLine() }
            guard next != nil else { return false }
            guard try isAtLineEnd else { return true }
            position += next == UInt8(ascii: "\r") ? 1 : 0
            position += next == UInt8(ascii: "\n") ? 1 : 0
            line += 1
        }
    }

    private mutating func skipBlanks() {
        while let byte = next, byte.isBlank { position += 1 }
    }

    private mutating func skipLine() throws(FormError) {
        while try !isAtLineEnd { position += 1 }
    }

    /// Whether the line or the file ends here.
    private var isAtLineEnd: Bool {
        get throws(FormError) {
            guard let next else { return true }
            guard next == UInt8(ascii: "\r") else { return next == UInt8(ascii: "\n") }
            guard position + 1 == bytes.count || bytes[position + 1] == UInt8(ascii: "\n") else {
                throw FormError("has a carriage return inside line \(line), expected LF or CR LF at the end of a line")
            }
            return true
        }
    }

    /// Consumes the key, `=` and the blanks before it.
    private mutating func parseKey() throws(FormError) -> [UInt8] {
        let prefix = Array("export".utf8)
        if bytes[position...].starts(with: prefix), position + prefix.count < bytes.count,
            bytes[position + prefix.count].isBlank
        {
            position += prefix.count
            skipBlanks()
        }
        let start = position
        while let byte = next, byte.isAlphanumeric || "_.-".utf8.contains(byte) { position += 1 }
        let key = Array(bytes[start..<position])
        skipBlanks()
        guard next == UInt8(ascii: "="), let first = key.first, first.isLetter || first == UInt8(ascii: "_") else {
            throw FormError(
                "is not a dotenv file at line \(line): expected KEY=VALUE, with a key of letters, digits, \"_\", \".\" "
                    + "and \"-\" that starts with a letter or \"_\"")
        }
        position += 1
        return key
    }

    /// Consumes the rest of the line, and more lines if the value is in quotes.
    private mutating func parseValue() throws(FormError) -> [UInt8] {
        let start = position
        skipBlanks()
        guard let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            return try parsePlainValue(isAfterBlank: position > start)
        }
        let value = try parseQuotedValue(quote)
        let end = position
        skipBlanks()
        if next == UInt8(ascii: "#"), position > end { try skipLine() }
        guard try isAtLineEnd else {
            throw FormError(
                "has text after the closing quote on line \(line), expected a comment or the end of the line")
        }
        return value
    }

    private mutating func parsePlainValue(isAfterBlank: Bool) throws(FormError) -> [UInt8] {
        var isAfterBlank = isAfterBlank
        let start = position
        var end = start
        while try !isAtLineEnd {
            let byte = bytes[position]
            if byte == UInt8(ascii: "#"), isAfterBlank {
                try skipLine()
                break
            }
            isAfterBlank = byte.isBlank
            position += 1
            if !isAfterBlank { end = position }
        }
        return Array(bytes[start..<end])
    }

    private mutating func parseQuotedValue(_ quote: UInt8) throws(FormError) -> [UInt8] {
        let first = line
        var value: [UInt8] = []
        position += 1
        while let byte = next {
            position += 1
            switch byte {
            case quote: return value
            case UInt8(ascii: "\r") where next == UInt8(ascii: "\n"): break
            case UInt8(ascii: "\\") where quote == UInt8(ascii: "\""): value.append(try parseEscape())
            default:
                value.append(byte)
                if byte == UInt8(ascii: "\n") { line += 1 }
            }
        }
        throw FormError("has a quote on line \(first) that is not closed")
    }

    private mutating func parseEscape() throws(FormError) -> UInt8 {
        let letter = next
        position += 1
        switch letter {
        case UInt8(ascii: "n"): return UInt8(ascii: "\n")
        case UInt8(ascii: "r"): return UInt8(ascii: "\r")
        case UInt8(ascii: "t"): return UInt8(ascii: "\t")
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "$"): return letter ?? 0
        default:
            throw FormError(
                #"has an unknown escape on line \#(line), expected \n, \r, \t, \", \\ or \$ in double quotes"#)
        }
    }
}
