extension [UInt8] {
    /// The number of the line with the byte at `offset`, from 1.
    func line(at offset: Int) -> Int { 1 + self[..<offset].count { $0 == UInt8(ascii: "\n") } }

    /// The column of the byte at `offset`, in characters from 1.
    func column(at offset: Int) -> Int {
        let start = self[..<offset].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return 1 + self[start..<offset].count { !$0.isContinuation }
    }

    /// The offset of the first byte that is not part of valid UTF-8; nil if there is none.
    var firstInvalidUTF8: Int? {
        do {
            _ = try UTF8Span(validating: span)
            return nil
        } catch {
            return error.byteOffsets.lowerBound
        }
    }

    static var byteOrderMark: [UInt8] { [0xef, 0xbb, 0xbf] }
}

extension UInt8 {
    /// Whether the byte continues a character of UTF-8.
    var isContinuation: Bool { self & 0xc0 == 0x80 }

    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }

    /// White space of ASCII, as isspace(3) in the locale "C".
    var isWhiteSpace: Bool { self == UInt8(ascii: " ") || (0x09...0x0d).contains(self) }

    /// Whether the byte is an ASCII letter or a digit.
    var isAlphanumeric: Bool { isLetter || isDigit }

    var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }

    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}

/// The keys of a file and their lines.
struct KeyLines {
    private var lines: [[UInt8]: Int] = [:]

    /// - Throws: if the key occurred before.
    mutating func add(_ key: [UInt8], line: Int) throws(FormError) {
        if let first = lines.updateValue(line, forKey: key) {
            throw FormError("has the same key on lines \(first) and \(line), expected each key once")
        }
    }
}
