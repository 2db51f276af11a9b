import Snapshots

/// Base64 (RFC 4648), in the standard alphabet and the URL alphabet, as it is found in files that people write.
enum LenientBase64 {
    /// The value of a character of the standard alphabet.
    static func value(of byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    /// The value of a character that differs in the URL alphabet.
    static func urlValue(of byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }

    /// Decodes the characters of the standard alphabet. Ignores other characters and an incomplete last byte.
    static func decode(_ text: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var decoder = Decoder()
        for byte in text {
            if let value = value(of: byte), let byte = decoder.add(value) { bytes.append(byte) }
        }
        return bytes
    }

    /// Decodes text in the standard alphabet. White space is ignored, and the padding is optional.
    ///
    /// - Returns: nil if the text contains another character or ends in the middle of a byte.
    static func decodeSecret(_ text: UnsafeRawBufferPointer) -> SecretBytes? {
        var (decoder, padding, isBase64) = (Decoder(), 0, true)
        let bytes = SecretBytes(capacity: text.count) { output in
            var count = 0
            for byte in text where ![0x20, 0x09, 0x0a, 0x0d].contains(byte) {
                if byte == UInt8(ascii: "=") {
                    padding += 1
                } else if let value = value(of: byte), padding == 0 {
                    guard let byte = decoder.add(value) else { continue }
                    output[count] = byte
                    count += 1
                } else {
                    isBase64 = false
                    break
                }
            }
            return count
        }
        return isBase64 && padding <= 2 && !decoder.isInsideGroup ? bytes : nil
    }

    struct Decoder {
        private var bits: UInt16 = 0
        private var count = 0

        /// Whether the characters so far form whole bytes.
        var isAligned: Bool { count == 0 }

        /// Whether the characters so far end with a single one of a group, which is less than a byte.
        var isInsideGroup: Bool { count == 6 }

        /// Adds a character. Returns the byte that it completes.
        mutating func add(_ value: UInt8) -> UInt8? {
            bits = bits << 6 | UInt16(value)
            count += 6
            guard count >= 8 else { return nil }
            count -= 8
            return UInt8(truncatingIfNeeded: bits >> UInt16(count))
        }
    }
}
