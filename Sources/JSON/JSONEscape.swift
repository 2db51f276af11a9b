/// Escapes in JSON strings.
package enum JSONEscape {
    /// Finds the next byte with a special meaning in a string: a quote, a backslash, a control character or a byte that
    /// is not ASCII. It checks eight bytes at a time, because most text is base64 or names.
    ///
    /// - Returns: an offset at or before that byte. The caller must check each byte from there on.
    static func endOfPlain(_ text: UnsafeRawBufferPointer, from start: Int) -> Int {
        let (ones, tops): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        var place = start
        while place + 8 <= text.count {
            let word = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let slashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            // The lowest top bit that is set belongs to the first special byte.
            let controls = (word &- ones &* 0x20) & ~word
            let special = (controls | ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes) | word) & tops
            guard special == 0 else { return place + special.trailingZeroBitCount / 8 }
            place += 8
        }
        return place
    }

    /// The byte for a letter after a backslash; nil if there is no such escape.
    package static func byte(for letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0c
        case UInt8(ascii: "n"): 0x0a
        case UInt8(ascii: "r"): 0x0d
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    /// The value of up to four hexadecimal digits; nil if a byte is not one.
    package static func unit(of digits: some Sequence<UInt8>) -> UInt16? {
        var unit: UInt16 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): unit = unit << 4 | UInt16(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): unit = unit << 4 | UInt16(digit - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): unit = unit << 4 | UInt16(digit - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return unit
    }

    /// Decodes the text between the quotes of a string. Nil if it is invalid, or if it has more combining marks in a
    /// row than any language: comparing or hashing a text takes quadratic time in their number.
    static func text(_ bytes: ArraySlice<UInt8>) -> String? {
        guard let bytes = Self.bytes(bytes), let text = String(validating: bytes, as: UTF8.self) else { return nil }
        return text.isStreamSafe ? text : nil
    }

    /// Decodes the escapes of the text between the quotes of a string. Nil if it has an unknown escape, an unpaired
    /// surrogate or a control character. Does not check that the text is UTF-8.
    static func bytes(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var rest = text
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                guard byte >= 0x20 else { return nil }
                result.append(byte)
                continue
            }
            guard let letter = rest.popFirst() else { return nil }
            guard letter == UInt8(ascii: "u") else {
                guard let meant = Self.byte(for: letter) else { return nil }
                result.append(meant)
                continue
            }
            guard let scalar = parseScalar(&rest) else { return nil }
            result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
        return result
    }

    /// Appends UTF-8 as it is written between the quotes of a string.
    package static func append(_ utf8: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        var place = 0
        while place < utf8.count {
            let end = endOfPlain(UnsafeRawBufferPointer(utf8), from: place)
            bytes += utf8[place..<end]
            if end < utf8.count { append(utf8[end], to: &bytes) }
            place = end + 1
        }
    }

    private static func append(_ byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
        case 0x0a: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
        case 0..<0x20:
            let hex = String(byte, radix: 16)
            bytes += Array((hex.utf8.count == 1 ? "\\u000" : "\\u00").utf8) + Array(hex.utf8)
        default: bytes.append(byte)
        }
    }

    /// Whether the text between the quotes of a string has no control characters and no unknown escapes.
    static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            guard byte >= 0x20 else { return false }
            guard byte == UInt8(ascii: "\\") else { continue }
            guard let letter = rest.popFirst() else { return false }
            guard letter == UInt8(ascii: "u") else {
                guard Self.byte(for: letter) != nil else { return false }
                continue
            }
            let digits = rest.prefix(4)
            guard digits.count == 4, unit(of: digits) != nil else { return false }
            rest = rest.dropFirst(4)
        }
        return true
    }

    /// Decodes the four digits after `\u`, and a second escape if the first is half of a surrogate pair. Nil if a digit
    /// or the other half is missing.
    package static func parseScalar(_ rest: inout ArraySlice<UInt8>) -> Unicode.Scalar? {
        guard let first = parseUnit(&rest) else { return nil }
        guard UTF16.isLeadSurrogate(first) else { return Unicode.Scalar(first) }
        guard rest.starts(with: "\\u".utf8) else { return nil }
        rest.removeFirst(2)
        guard let second = parseUnit(&rest), UTF16.isTrailSurrogate(second) else { return nil }
        return Unicode.Scalar(0x1_0000 + (UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00))
    }

    private static func parseUnit(_ rest: inout ArraySlice<UInt8>) -> UInt16? {
        guard rest.count >= 4, let unit = unit(of: rest.prefix(4)) else { return nil }
        rest.removeFirst(4)
        return unit
    }
}

extension String {
    /// Whether it has at most 30 combining marks in a row (Unicode Standard Annex 15, "Stream-Safe Text Format").
    fileprivate var isStreamSafe: Bool {
        // The first combining mark is U+0300.
        guard utf8.contains(where: { $0 >= 0xcc }) else { return true }
        var marks = 0
        for scalar in unicodeScalars {
            marks = scalar.properties.canonicalCombiningClass == .notReordered ? 0 : marks + 1
            if marks > 30 { return false }
        }
        return true
    }
}

/// The syntax of JSON numbers (RFC 8259, section 6).
enum JSONNumber {
    static func isValid(_ text: some Collection<UInt8>) -> Bool {
        var rest = text[...]
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        let isZero = rest.first == UInt8(ascii: "0")
        guard let digits = parseDigits(&rest), !isZero || digits == 1 else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            guard parseDigits(&rest) != nil else { return false }
        }
        if let sign = rest.first, sign | 0x20 == UInt8(ascii: "e") {
            rest.removeFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() }
            guard parseDigits(&rest) != nil else { return false }
        }
        return rest.isEmpty
    }

    /// Consumes digits. Returns their number; nil if there are none.
    private static func parseDigits<Text: Collection<UInt8>>(_ rest: inout Text) -> Int?
    where Text.SubSequence == Text {
        let count = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
        rest = rest.dropFirst(count)
        return count > 0 ? count : nil
    }
}
