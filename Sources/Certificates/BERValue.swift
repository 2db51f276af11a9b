import Snapshots

/// A value in BER (X.690, 8.1), of which DER is a subset. Its memory must outlive it.
///
/// PKCS#12 may be BER (RFC 7292, 4): some programs write lengths that are indefinite and strings in pieces.
struct BERValue {
    let tag: UInt8
    /// Tag, length and content, and the end-of-contents octets of an indefinite length.
    let encoding: UnsafeRawBufferPointer
    let content: UnsafeRawBufferPointer

    /// The maximum depth of nested values of indefinite length, and of nested pieces of a string.
    private static let deepest = 16

    /// Reads the first value in `bytes`. Returns nil if it is cut off, nested too deep, or has a tag or length of more
    /// than five bytes; no format that is read here has one.
    init?(firstIn bytes: UnsafeRawBufferPointer) { self.init(firstIn: bytes, depth: 0) }

    private init?(firstIn bytes: UnsafeRawBufferPointer, depth: Int) {
        guard bytes.count >= 2, bytes[0] & 0x1f != 0x1f, depth <= Self.deepest else { return nil }
        tag = bytes[0]
        var (length, size) = (Int(bytes[1]), 2)
        if length == 0x80 {
            guard tag & Tag.constructed != 0, let end = Self.endOfContents(bytes, depth) else { return nil }
            encoding = UnsafeRawBufferPointer(rebasing: bytes[..<(end + 2)])
            content = UnsafeRawBufferPointer(rebasing: bytes[2..<end])
            return
        }
        if length > 0x80 {
            size += length - 0x80
            guard length <= 0x84, bytes.count >= size else { return nil }
            length = bytes[2..<size].reduce(0) { $0 << 8 | Int($1) }
        }
        guard length <= bytes.count - size else { return nil }
        encoding = UnsafeRawBufferPointer(rebasing: bytes[..<(size + length)])
        content = UnsafeRawBufferPointer(rebasing: bytes[size..<(size + length)])
    }

    /// The offset of the end-of-contents octets of a value whose length is indefinite.
    private static func endOfContents(_ bytes: UnsafeRawBufferPointer, _ depth: Int) -> Int? {
        var offset = 2
        while offset + 2 <= bytes.count {
            if bytes[offset] == 0, bytes[offset + 1] == 0 { return offset }
            guard let value = BERValue(firstIn: UnsafeRawBufferPointer(rebasing: bytes[offset...]), depth: depth + 1)
            else { return nil }
            offset += value.encoding.count
        }
        return nil
    }

    enum Tag {
        static let integer: UInt8 = 0x02
        static let octetString: UInt8 = 0x04
        static let objectIdentifier: UInt8 = 0x06
        static let sequence: UInt8 = 0x30
        static let set: UInt8 = 0x31
        static let constructed: UInt8 = 0x20
        /// `[0]`, without the bit for constructed values.
        static let context: UInt8 = 0x80
    }

    /// The values in a constructed value; nil if one is damaged or there are more than `limit`.
    func elements(limit: Int = 16) -> [BERValue]? {
        guard tag & Tag.constructed != 0 else { return nil }
        var (values, reader) = ([BERValue](), BERReader(content))
        while values.count < limit, let value = reader.next() { values.append(value) }
        return reader.isAtEnd ? values : nil
    }

    /// The elements of a SEQUENCE; nil if this is none.
    func sequence(limit: Int = 16) -> [BERValue]? { tag == Tag.sequence ? elements(limit: limit) : nil }

    /// The one value in `[0] EXPLICIT`; nil if this is something else.
    var explicit: BERValue? {
        guard tag == Tag.context | Tag.constructed, let values = elements(limit: 1) else { return nil }
        return values.first
    }

    /// The bytes of an OCTET STRING, whose pieces are joined.
    ///
    /// - Parameter context: whether the tag is `[0] IMPLICIT`.
    func octets(context: Bool = false) -> SecretBytes? {
        guard tag & ~Tag.constructed == (context ? Tag.context : Tag.octetString) else { return nil }
        var isWhole = true
        let bytes = SecretBytes(capacity: content.count) { output in
            var count = 0
            isWhole = append(to: output, &count, depth: 0)
            return count
        }
        return isWhole ? bytes : nil
    }

    private func append(to output: UnsafeMutableRawBufferPointer, _ count: inout Int, depth: Int) -> Bool {
        guard depth <= Self.deepest else { return false }
        guard tag & Tag.constructed != 0 else {
            UnsafeMutableRawBufferPointer(rebasing: output[count...]).copyMemory(from: content)
            count += content.count
            return true
        }
        var reader = BERReader(content)
        while let piece = reader.next() {
            guard piece.tag & ~Tag.constructed == Tag.octetString, piece.append(to: output, &count, depth: depth + 1)
            else { return false }
        }
        return reader.isAtEnd
    }

    /// A number that is not negative; nil if this is something else. `Int.max` if it is larger.
    var number: Int? {
        guard tag == Tag.integer, let first = content.first, first < 0x80 else { return nil }
        let digits = content.drop { $0 == 0 }
        return digits.count < 8 ? digits.reduce(0) { $0 << 8 | Int($1) } : .max
    }

    /// Whether this is the object identifier with this encoding.
    func isIdentifier(_ encoded: [UInt8]) -> Bool {
        tag == Tag.objectIdentifier && content.elementsEqual(encoded)
    }
}

/// Reads BER values that follow each other.
struct BERReader {
    private var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    /// False after `next` returned nil because of a damaged value.
    var isAtEnd: Bool { rest.isEmpty }

    mutating func next() -> BERValue? {
        guard let value = BERValue(firstIn: rest) else { return nil }
        rest = UnsafeRawBufferPointer(rebasing: rest[value.encoding.count...])
        return value
    }
}
