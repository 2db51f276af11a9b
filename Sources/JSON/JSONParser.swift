/// Notes where each value of a JSON text (RFC 8259) stands, in one pass and without keeping any of it.
///
/// It checks the structure: brackets, commas, colons, quotes and words. What stands in a string or a number is judged when
/// somebody asks for it: a tenant can put into an object what the API server passes on unread, as into `fieldsV1` of
/// `metadata.managedFields`, and that must cost neither the object nor others.
///
/// It does not recurse. A value has at most one mark (16 bytes) for each two bytes of its text.
struct JSONParser {
    /// Where the structure makes no sense.
    struct Fault: Error {}

    /// Objects and lists in each other that have marks. What is nested deeper is one value that nothing can be asked of:
    /// nothing that the agent reads is, see `docs/security.md`.
    static let deepest = 100

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var marks: [JSONMark] = []
    /// The marks of the objects and lists that are open, outermost first.
    private var open: [Int] = []

    static func marks(of bytes: UnsafeBufferPointer<UInt8>) throws(Fault) -> [JSONMark] {
        var parser = try JSONParser(bytes)
        // About what an object of the API has.
        // No more for a large text: pages that were never touched are when they are wiped.
        parser.marks.reserveCapacity(min(bytes.count / 12, 1 << 16))
        try parser.takeValue()
        try parser.expectEnd()
        return parser.marks
    }

    private init(_ bytes: UnsafeBufferPointer<UInt8>) throws(Fault) {
        guard bytes.count < UInt32.max else { throw Fault() }
        self.bytes = bytes
    }

    private mutating func expectEnd() throws(Fault) {
        guard next == nil else { throw Fault() }
    }

    /// The next byte that is no white space, left in its place.
    private var next: UInt8? {
        mutating get {
            while position < bytes.count {
                switch bytes[position] {
                case 0x20, 0x0a, 0x0d, 0x09: position += 1
                case let byte: return byte
                }
            }
            return nil
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    /// A whole value, with all that is in it.
    private mutating func takeValue() throws(Fault) {
        let outer = open.count
        repeat {
            switch next {
            case UInt8(ascii: "{"):
                if try !begin(.object, upTo: UInt8(ascii: "}")) { continue }
            case UInt8(ascii: "["):
                if try !begin(.array, upTo: UInt8(ascii: "]")) { continue }
            case UInt8(ascii: "\""): try takeString()
            case UInt8(ascii: "t"): try take(word: "true", .true)
            case UInt8(ascii: "f"): try take(word: "false", .false)
            case UInt8(ascii: "n"): try take(word: "null", .null)
            default: try takeNumber()
            }
            try endValue(outer)
        } while open.count > outer
    }

    /// Opens an object or a list, and takes the key of its first member.
    ///
    /// - Returns: whether it ended at once: it is empty, or too deep.
    private mutating func begin(_ kind: JSONMark.Kind, upTo end: UInt8) throws(Fault) -> Bool {
        let start = position
        guard open.count < Self.deepest else {
            try skip()
            add(.tooDeep, from: start, to: position)
            return true
        }
        position += 1
        guard !take(end) else {
            add(kind, from: start, to: position)
            return true
        }
        open.append(marks.count)
        marks.append(JSONMark(kind, from: start))
        if kind == .object { try takeKey() }
        return false
    }

    /// Behind a value: what it ends with it, or what leads to the next one.
    private mutating func endValue(_ outer: Int) throws(Fault) {
        while open.count > outer {
            let index = open[open.count - 1]
            let isObject = marks[index].kind == .object
            if take(UInt8(ascii: ",")) {
                if isObject { try takeKey() }
                return
            }
            guard take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { throw Fault() }
            marks[index].end(at: position, next: marks.count)
            open.removeLast()
        }
    }

    private mutating func takeKey() throws(Fault) {
        guard next == UInt8(ascii: "\"") else { throw Fault() }
        try takeString()
        guard take(UInt8(ascii: ":")) else { throw Fault() }
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

    /// WellKnownKeys what stands between the quotes.
    private mutating func takeString() throws(Fault) {
        let start = position + 1
        let isPlain = try passString()
        add(isPlain ? .string : .unjudgedString, from: start, to: position - 1)
    }

    /// Passes a string with its quotes.
    ///
    /// - Returns: whether it means what it says: printable ASCII without escapes.
    private mutating func passString() throws(Fault) -> Bool {
        position += 1
        var isPlain = true
        while true {
            position = JSONEscape.endOfPlain(UnsafeRawBufferPointer(bytes), from: position)
            guard position < bytes.count else { throw Fault() }
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return isPlain
            case UInt8(ascii: "\\"):
                isPlain = false
                // Whatever is escaped does not end the string.
                position += 1
            case 0..<0x20, 0x80...: isPlain = false
            default: continue
            }
        }
    }

    /// What a number can consist of.
    private mutating func takeNumber() throws(Fault) {
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                position += 1
                continue
            default: break
            }
            break
        }
        guard position > start else { throw Fault() }
        add(.number, from: start, to: position)
    }

    /// Passes an object or a list without a look at what is in it: brackets outside strings are counted.
    private mutating func skip() throws(Fault) {
        var depth = 0
        repeat {
            guard position < bytes.count else { throw Fault() }
            switch bytes[position] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "\""):
                _ = try passString()
                continue
            default: break
            }
            position += 1
        } while depth > 0
    }
}

extension JSONParser {
    /// Parses an object, and calls `body` for each element of its list at `key` with the marks of that element alone: what
    /// the marks take is bounded by the largest element, and one that cannot be parsed is no fault of the others.
    ///
    /// - Parameter body: gets the element's marks; nil if its structure makes no sense.
    /// - Returns: the marks of the whole, in which that list is empty.
    static func marks(
        of bytes: UnsafeBufferPointer<UInt8>, splitting key: StaticString, _ body: ([JSONMark]?) -> Void
    ) throws(Fault) -> [JSONMark] {
        var parser = try JSONParser(bytes)
        guard parser.next == UInt8(ascii: "{") else { return try marks(of: bytes) }
        var isOver = try parser.begin(.object, upTo: UInt8(ascii: "}"))
        var isSplit = false
        while !isOver {
            let isList = parser.next == UInt8(ascii: "[")
            if isList, !isSplit, parser.isKey(key) {
                isSplit = true
                try parser.takeElements(body)
            } else {
                try parser.takeValue()
            }
            try parser.endValue(0)
            isOver = parser.open.isEmpty
        }
        try parser.expectEnd()
        return parser.marks
    }

    /// Whether the last mark is of this key.
    private func isKey(_ key: StaticString) -> Bool {
        guard let mark = marks.last, mark.kind == .string else { return false }
        return bytes[mark.range].elementsEqual(key.withUTF8Buffer { $0 })
    }

    private mutating func takeElements(_ body: ([JSONMark]?) -> Void) throws(Fault) {
        let start = position
        position += 1
        if !take(UInt8(ascii: "]")) {
            var part = try JSONParser(bytes)
            repeat {
                guard let first = next else { throw Fault() }
                part.marks.removeAll(keepingCapacity: true)
                part.open.removeAll(keepingCapacity: true)
                part.position = position
                do throws(Fault) {
                    try part.takeValue()
                    position = part.position
                    // A copy that is no larger than need be.
                    body(part.marks.withUnsafeBufferPointer { Array($0) })
                } catch {
                    // Where it ends can be told of what has brackets.
                    guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { throw error }
                    try skip()
                    body(nil)
                }
            } while take(UInt8(ascii: ","))
            guard take(UInt8(ascii: "]")) else { throw Fault() }
        }
        add(.array, from: start, to: position)
    }
}
