/// The tag and length of a SEQUENCE (X.690, 8.1).
struct DERHeader {
    /// The size of tag and length, in bytes.
    let size: Int
    /// The size of the content, in bytes; nil for BER's indefinite length.
    let content: Int?
    /// Whether the length is encoded in the minimum number of bytes, as DER requires.
    let isMinimal: Bool

    /// The size of the whole value, in bytes.
    var total: Int? { content.map { size + $0 } }

    /// Returns nil if there is no SEQUENCE, or its length is invalid.
    init?(_ bytes: some Collection<UInt8>) {
        var rest = bytes.prefix(6).makeIterator()
        guard rest.next() == 0x30, let first = rest.next() else { return nil }
        switch first {
        case 0..<0x80: (size, content, isMinimal) = (2, Int(first), true)
        case 0x80: (size, content, isMinimal) = (2, nil, false)
        case 0x81...0x84:
            var length = 0
            for _ in 0..<(first & 0x7f) {
                guard let byte = rest.next() else { return nil }
                length = length << 8 | Int(byte)
            }
            let least = first == 0x81 ? 0x80 : 1 << (8 * (Int(first & 0x7f) - 1))
            (size, content, isMinimal) = (2 + Int(first & 0x7f), length, length >= least)
        default: return nil
        }
    }
}
