/// What stands behind a backslash in a string, and what needs one.
enum JSONEscape {
    /// Where the next byte is that may mean something in a string: a quote, a backslash, a control character, or one that
    /// is not ASCII. Eight at a time: most of it is base64 and names.
    ///
    /// - Returns: a place from which on all must be looked at; it may be too early, not too late.
    static func endOfPlain(_ text: UnsafeRawBufferPointer, from start: Int) -> Int {
        let (ones, tops): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        var place = start
        while place + 8 <= text.count {
            let word = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let slashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            // The lowest top bit that is set is the first such byte's.
            let controls = (word &- ones &* 0x20) & ~word
            let special = (controls | ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes) | word) & tops
            guard special == 0 else { return place + special.trailingZeroBitCount / 8 }
            place += 8
        }
        return place
    }

    /// The byte that a letter behind a backslash stands for; nil if there is none.
    static func byte(for letter: UInt8) -> UInt8? {
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

    /// Of four hexadecimal digits.
    static func unit(of digits: some Sequence<UInt8>) -> UInt16? {
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
}
