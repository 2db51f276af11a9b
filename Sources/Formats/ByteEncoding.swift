package import Snapshots

/// An encoding of bytes as text (RFC 4648). It is never guessed: a character of another alphabet is an error.
///
/// White space is ignored: spaces, tabs and line endings. Padding is optional; where there is some, it must be complete and
/// at the end. Bits that are left over in the last character must be zero (RFC 4648, section 3.5), because without padding
/// they are the only sign of text that was cut off.
package enum ByteEncoding: String, Sendable, CaseIterable {
    case base64 = "Base64"
    case base64URL = "Base64URL"
    /// With letters in either case.
    case hex = "Hex"

    /// - Throws: the number of the first wrong byte, from 1, and what was expected.
    package func decode(_ text: UnsafeRawBufferPointer) throws(FormError) -> SecretBytes {
        try SecretBytes(capacity: text.count) { (output) throws(FormError) in
            var decoding = Decoding(self)
            var count = 0
            for (place, byte) in text.enumerated() {
                if let byte = try decoding.add(byte, place: place + 1) {
                    output[count] = byte
                    count += 1
                }
            }
            try decoding.finish(size: text.count)
            return count
        }
    }

    /// The bits of a character; nil if it is not in the alphabet.
    fileprivate func value(of byte: UInt8) -> UInt8? {
        switch (self, byte) {
        case (.hex, UInt8(ascii: "0")...UInt8(ascii: "9")): byte - UInt8(ascii: "0")
        case (.hex, UInt8(ascii: "A")...UInt8(ascii: "F")): byte - UInt8(ascii: "A") + 10
        case (.hex, UInt8(ascii: "a")...UInt8(ascii: "f")): byte - UInt8(ascii: "a") + 10
        case (.hex, _): nil
        case (_, UInt8(ascii: "A")...UInt8(ascii: "Z")): byte - UInt8(ascii: "A")
        case (_, UInt8(ascii: "a")...UInt8(ascii: "z")): byte - UInt8(ascii: "a") + 26
        case (_, UInt8(ascii: "0")...UInt8(ascii: "9")): byte - UInt8(ascii: "0") + 52
        case (.base64, UInt8(ascii: "+")), (.base64URL, UInt8(ascii: "-")): 62
        case (.base64, UInt8(ascii: "/")), (.base64URL, UInt8(ascii: "_")): 63
        default: nil
        }
    }

    fileprivate var bitsOfCharacter: Int { self == .hex ? 4 : 6 }

    fileprivate var alphabet: String {
        switch self {
        case .base64: "A-Z, a-z, 0-9, \"+\" or \"/\""
        case .base64URL: "A-Z, a-z, 0-9, \"-\" or \"_\""
        case .hex: "0-9, a-f or A-F"
        }
    }
}

/// The state between two characters.
private struct Decoding {
    private let encoding: ByteEncoding
    private var bits: UInt32 = 0
    /// The number of bits that are not part of a complete byte yet.
    private var pending = 0
    private var characters = 0
    private var padding = 0

    init(_ encoding: ByteEncoding) { self.encoding = encoding }

    /// - Returns: the byte that the character completes.
    mutating func add(_ byte: UInt8, place: Int) throws(FormError) -> UInt8? {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): return nil
        case UInt8(ascii: "=") where encoding != .hex:
            padding += 1
            guard padding <= missing else {
                throw FormError("is not \(encoding.rawValue): byte \(place) is padding that completes nothing")
            }
            return nil
        default: break
        }
        guard padding == 0 else {
            throw FormError("is not \(encoding.rawValue): byte \(place) follows the padding, expected the end")
        }
        guard let value = encoding.value(of: byte) else {
            throw FormError("is not \(encoding.rawValue): byte \(place) is not one of \(encoding.alphabet)")
        }
        characters += 1
        bits = bits << UInt32(encoding.bitsOfCharacter) | UInt32(value)
        pending += encoding.bitsOfCharacter
        guard pending >= 8 else { return nil }
        pending -= 8
        defer { bits &= 1 << UInt32(pending) - 1 }
        return UInt8(truncatingIfNeeded: bits >> UInt32(pending))
    }

    func finish(size: Int) throws(FormError) {
        let name = encoding.rawValue
        guard pending < encoding.bitsOfCharacter else {
            throw FormError("is not \(name): its last byte, \(size), ends inside an encoded byte")
        }
        guard padding == 0 || padding == missing else {
            throw FormError("is not \(name): its last byte, \(size), leaves the padding incomplete")
        }
        guard bits == 0 else {
            throw FormError("is not \(name): its last character has bits of a byte that is missing")
        }
    }

    /// The number of padding characters that complete the last group of four.
    private var missing: Int {
        switch characters % 4 {
        case 2: 2
        case 3: 1
        default: 0
        }
    }
}
