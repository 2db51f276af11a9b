import Snapshots

/// A file of environment variables, one `NAME=value` for each. These read the same values from it:
///
/// - a POSIX shell that sources it (POSIX.1, "Shell Command Language", 2.2 "Quoting");
/// - systemd's `EnvironmentFile=` (systemd.exec(5); the parser is systemd's `src/basic/env-file.c`);
/// - python-dotenv (its `parser.py`) with `interpolate=False`, with three exceptions. It reads an escaped `$` or backtick
///   with its backslash, it does not find the end of a value that ends with a backslash, and it reads CR and CR LF as LF.
///
/// Which quotes a value gets depends on what these agree on: none if all its characters are harmless, which
/// `docker run --env-file` understands too; single quotes, if it holds neither a single quote nor a backslash, which older
/// versions of systemd remove there; otherwise double quotes, in which `\`, `"`, `$` and the backtick are escaped.
enum EnvironmentFile {
    /// Whether a variable can have this name (POSIX.1, 3.216 "Name").
    static func isName(_ key: String) -> Bool {
        guard let first = key.utf8.first, !first.isDigit else { return false }
        return key.utf8.allSatisfy { $0.isAlphanumeric || $0 == UInt8(ascii: "_") }
    }

    static func append(_ entry: EntryFormat.Entry, to bytes: inout [UInt8]) {
        bytes += Array(entry.key.utf8)
        bytes.append(UInt8(ascii: "="))
        entry.value.withUnsafeBytes { value in
            if value.allSatisfy(isHarmless) {
                bytes += value
            } else if isLiteralInSingleQuotes(value) {
                bytes.append(quote)
                bytes += value
                bytes.append(quote)
            } else {
                bytes.append(doubleQuote)
                for byte in value {
                    if isEscaped(byte) { bytes.append(backslash) }
                    bytes.append(byte)
                }
                bytes.append(doubleQuote)
            }
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    /// - Throws: the line that `append` does not write, or both lines if a name occurs twice.
    static func parse(_ content: UnsafeRawBufferPointer) throws(FormError) -> [EntryFormat.Entry] {
        let bytes = Array(content)
        var entries: [EntryFormat.Entry] = []
        var keys = KeyLines()
        var line = 1
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let end = rest.firstIndex(of: UInt8(ascii: "=")) else { throw invalid(line) }
            let key = Array(rest[..<end])
            let name = String(decoding: key, as: UTF8.self)
            guard isName(name) else { throw invalid(line) }
            try keys.add(key, line: line)
            rest = rest[(end + 1)...]
            guard let value = parseValue(&rest), rest.popFirst() == UInt8(ascii: "\n") else { throw invalid(line) }
            line += 1 + value.count { $0 == UInt8(ascii: "\n") }
            entries.append((name, SecretBytes(value)))
        }
        return entries
    }

    private static func parseValue(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        switch rest.first {
        case quote?:
            rest.removeFirst()
            let value = Array(rest.prefix { $0 != quote })
            rest = rest.dropFirst(value.count)
            return rest.popFirst() == quote ? value : nil
        case doubleQuote?:
            rest.removeFirst()
            var value: [UInt8] = []
            while let byte = rest.popFirst() {
                if byte == doubleQuote { return value }
                guard byte == backslash else {
                    guard !isEscaped(byte) else { return nil }
                    value.append(byte)
                    continue
                }
                guard let escaped = rest.popFirst(), isEscaped(escaped) else { return nil }
                value.append(escaped)
            }
            return nil
        default:
            let value = Array(rest.prefix(while: isHarmless))
            rest = rest.dropFirst(value.count)
            return value
        }
    }

    private static func invalid(_ line: Int) -> FormError {
        FormError("is not a file of variables as this program writes it at line \(line)")
    }

    private static let quote = UInt8(ascii: "'")
    private static let doubleQuote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")

    /// Whether no reader gives the character a meaning, also at the start of a value.
    private static func isHarmless(_ byte: UInt8) -> Bool { byte.isAlphanumeric || "_-./:@%+,=".utf8.contains(byte) }

    /// Whether a POSIX shell and systemd need a backslash before the character in double quotes.
    private static func isEscaped(_ byte: UInt8) -> Bool { "\\\"$`".utf8.contains(byte) }

    /// Whether every reader takes the value literally in single quotes: older versions of systemd remove a backslash there,
    /// and python-dotenv unescapes `\\` and `\'`, and does not end at a quote after a backslash.
    private static func isLiteralInSingleQuotes(_ value: UnsafeRawBufferPointer) -> Bool {
        !value.contains { $0 == quote || $0 == backslash }
    }
}
