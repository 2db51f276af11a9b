/// The tag and length of a SEQUENCE (X.690, 8.1).
struct DERHeader {
    /// Bytes of tag and length.
    let size: Int
    /// Bytes of the content; nil for BER's indefinite length.
    let content: Int?
    /// The length is written as DER wants it: in as few bytes as possible.
    let isMinimal: Bool

    /// Bytes of the whole value.
    var total: Int? { content.map { size + $0 } }

    /// Nil if there is no SEQUENCE, or its length is no length.
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
