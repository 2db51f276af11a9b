/// Checks JSON (RFC 8259) and notes where each value stands, in one pass and without keeping any of it.
struct JSONParser {
    /// Where it stopped making sense.
    struct Fault: Error {}

    /// Of objects and lists in each other.
    private static let deepest = 512

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var marks: [JSONMark] = []

    static func marks(of bytes: UnsafeBufferPointer<UInt8>) throws(Fault) -> [JSONMark] {
        guard bytes.count < UInt32.max else { throw Fault() }
        var parser = JSONParser(bytes: bytes)
        try parser.takeValue(depth: 0)
        guard parser.next == nil else { throw Fault() }
        return parser.marks
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        // About what an object of the API has.
        // No more for a large text: pages that were never touched are when they are wiped.
        marks.reserveCapacity(min(bytes.count / 12, 1 << 16))
    }

    /// The next byte that is no white space, left in its place.
    private var next: UInt8? {
        mutating get {
            while position < bytes.count, [0x20, 0x0a, 0x0d, 0x09].contains(bytes[position]) { position += 1 }
            return position < bytes.count ? bytes[position] : nil
        }
    }

    private mutating func takeValue(depth: Int) throws(Fault) {
        guard depth < Self.deepest else { throw Fault() }
        switch next {
        case UInt8(ascii: "{"):
            try takeList(.object, upTo: UInt8(ascii: "}")) { (parser) throws(Fault) in
                guard parser.next == UInt8(ascii: "\"") else { throw Fault() }
                try parser.takeString()
                guard parser.take(UInt8(ascii: ":")) else { throw Fault() }
                try parser.takeValue(depth: depth + 1)
            }
        case UInt8(ascii: "["):
            try takeList(.array, upTo: UInt8(ascii: "]")) { (parser) throws(Fault) in
                try parser.takeValue(depth: depth + 1)
            }
        case UInt8(ascii: "\""): try takeString()
        case UInt8(ascii: "t"): try take(word: "true", .true)
        case UInt8(ascii: "f"): try take(word: "false", .false)
        case UInt8(ascii: "n"): try take(word: "null", .null)
        default: try takeNumber()
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    /// What stands between an opening bracket, which is next, and `end`, separated by commas.
    private mutating func takeList(
        _ kind: JSONMark.Kind, upTo end: UInt8, _ element: (inout JSONParser) throws(Fault) -> Void
    ) throws(Fault) {
        let index = marks.count
        marks.append(JSONMark(kind, from: position))
        position += 1
        if !take(end) {
            repeat { try element(&self) } while take(UInt8(ascii: ","))
            guard take(end) else { throw Fault() }
        }
        marks[index].end(at: position, next: marks.count)
    }

    private mutating func add(_ kind: JSONMark.Kind, from start: Int, to end: Int) {
        var mark = JSONMark(kind, from: start)
        mark.end(at: end, next: marks.count + 1)
        marks.append(mark)
    }

    private mutating func take(word: StaticString, _ kind: JSONMark.Kind) throws(Fault) {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count, bytes[position..<end].elementsEqual(word.withUTF8Buffer { $0 }) else { throw Fault() }
        add(kind, from: position, to: end)
        position = end
    }

    /// Marks what stands between the quotes.
    private mutating func takeString() throws(Fault) {
        position += 1
        let start = position
        var kind = JSONMark.Kind.string
        var isASCII = true
        while true {
            position = JSONEscape.endOfPlain(UnsafeRawBufferPointer(bytes), from: position)
            guard position < bytes.count else { throw Fault() }
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                let text = UnsafeBufferPointer(rebasing: bytes[start..<(position - 1)])
                guard isASCII || String(validating: text, as: UTF8.self) != nil else { throw Fault() }
                return add(kind, from: start, to: position - 1)
            case UInt8(ascii: "\\"):
                kind = .escapedString
                try takeEscape()
            case 0..<0x20: throw Fault()
            case 0x80...: isASCII = false
            default: continue
            }
        }
    }

    /// What follows a backslash; of a pair of surrogates both.
    private mutating func takeEscape() throws(Fault) {
        guard position < bytes.count else { throw Fault() }
        let byte = bytes[position]
        position += 1
        guard byte == UInt8(ascii: "u") else {
            guard JSONEscape.byte(for: byte) != nil else { throw Fault() }
            return
        }
        let unit = try takeUnit()
        guard UTF16.isSurrogate(unit) else { return }
        guard UTF16.isLeadSurrogate(unit), position + 2 <= bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { throw Fault() }
        position += 2
        guard UTF16.isTrailSurrogate(try takeUnit()) else { throw Fault() }
    }

    private mutating func takeUnit() throws(Fault) -> UInt16 {
        guard position + 4 <= bytes.count, let unit = JSONEscape.unit(of: bytes[position..<(position + 4)]) else {
            throw Fault()
        }
        position += 4
        return unit
    }

    private mutating func takeNumber() throws(Fault) {
        let start = position
        _ = takeNow(UInt8(ascii: "-"))
        guard takeNow(UInt8(ascii: "0")) || takeDigits() else { throw Fault() }
        if takeNow(UInt8(ascii: ".")), !takeDigits() { throw Fault() }
        if takeNow(UInt8(ascii: "e")) || takeNow(UInt8(ascii: "E")) {
            if !takeNow(UInt8(ascii: "+")) { _ = takeNow(UInt8(ascii: "-")) }
            guard takeDigits() else { throw Fault() }
        }
        add(.number, from: start, to: position)
    }

    /// This byte, without white space before it.
    private mutating func takeNow(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func takeDigits() -> Bool {
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
            position += 1
        }
        return position > start
    }
}

/// Where a value stands, and the values in it: they follow it, an object's as key and value in turns.
struct JSONMark: Sendable {
    enum Kind: UInt8, Sendable { case object, array, string, escapedString, number, `true`, `false`, null }

    let kind: Kind
    private let from: UInt32
    private var to: UInt32 = 0
    private var after: UInt32 = 0

    init(_ kind: Kind, from start: Int) {
        self.kind = kind
        from = UInt32(truncatingIfNeeded: start)
    }

    mutating func end(at end: Int, next: Int) {
        to = UInt32(truncatingIfNeeded: end)
        after = UInt32(truncatingIfNeeded: next)
    }

    /// Of its bytes, without quotes.
    var range: Range<Int> { Int(from)..<Int(to) }

    /// The mark of what follows the whole value.
    var next: Int { Int(after) }
}
