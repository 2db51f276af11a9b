/// Finds the place of each value of a JSON text (RFC 8259) in one pass, without decoding values.
///
/// It checks only the structure: brackets, commas, colons, quotes and words. Strings and numbers are checked when they
/// are read. A tenant can put invalid values into an object that the API server passes on unchecked, as in `fieldsV1`
/// of `metadata.managedFields`. They must not make this or other objects unreadable.
///
/// It does not recurse. There is at most one mark (16 bytes) for every two bytes of text.
struct JSONParser {
    /// The structure is invalid.
    struct Fault: Error {}

    /// The maximum nesting of objects and lists that get marks. A value that is nested deeper gets one mark and cannot
    /// be read. The agent reads no values at that depth; see `docs/security.md`.
    static let deepest = 100

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var marks: [JSONMark] = []
    /// The indices of the marks of open objects and lists, outermost first.
    private var open: [Int] = []

    static func marks(of bytes: UnsafeBufferPointer<UInt8>) throws(Fault) -> [JSONMark] {
        var parser = try JSONParser(bytes)
        // About the number of marks of an object of the API. Limited for a large text, because memory is wiped when it
        // is freed, which would touch even unused pages.
        parser.marks.reserveCapacity(min(bytes.count / 12, 1 << 16))
        try parser.parseValue()
        try parser.expectEnd()
        return parser.marks
    }

    /// The offset of the first byte that makes the structure invalid, or the size of `bytes` if the end is missing; nil
    /// if the structure is valid. For error messages: it parses the text again.
    static func faultOffset(in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        guard var parser = try? JSONParser(bytes) else { return 0 }
        do throws(Fault) {
            try parser.parseValue()
            try parser.expectEnd()
            return nil
        } catch {
            return min(parser.position, bytes.count)
        }
    }

    private init(_ bytes: UnsafeBufferPointer<UInt8>) throws(Fault) {
        guard bytes.count < UInt32.max else { throw Fault() }
        self.bytes = bytes
    }

    private mutating func expectEnd() throws(Fault) {
        guard next == nil else { throw Fault() }
    }

    /// The next byte that is not white space, without consuming it.
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

    private mutating func consume(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    /// Consumes a value with its content.
    private mutating func parseValue() throws(Fault) {
        let outer = open.count
        repeat {
            switch next {
            case UInt8(ascii: "{"):
                if try !begin(.object, upTo: UInt8(ascii: "}")) { continue }
            case UInt8(ascii: "["):
                if try !begin(.array, upTo: UInt8(ascii: "]")) { continue }
            case UInt8(ascii: "\""): try parseString()
            case UInt8(ascii: "t"): try consume(word: "true", .true)
            case UInt8(ascii: "f"): try consume(word: "false", .false)
            case UInt8(ascii: "n"): try consume(word: "null", .null)
            default: try parseNumber()
            }
            try endValue(outer)
        } while open.count > outer
    }

    /// Opens an object or a list, and consumes the key of an object's first member.
    ///
    /// - Returns: true if the object or list is complete, because it is empty or nested too deeply.
    private mutating func begin(_ kind: JSONMark.Kind, upTo end: UInt8) throws(Fault) -> Bool {
        let start = position
        guard open.count < Self.deepest else {
            try skip()
            add(.tooDeep, from: start, to: position)
            return true
        }
        position += 1
        guard !consume(end) else {
            add(kind, from: start, to: position)
            return true
        }
        open.append(marks.count)
        marks.append(JSONMark(kind, from: start))
        if kind == .object { try parseKey() }
        return false
    }

    /// Consumes the text after a value: closing brackets, or a comma and the next key.
    private mutating func endValue(_ outer: Int) throws(Fault) {
        while open.count > outer {
            let index = open[open.count - 1]
            let isObject = marks[index].kind == .object
            if consume(UInt8(ascii: ",")) {
                if isObject { try parseKey() }
                return
            }
            guard consume(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { throw Fault() }
            marks[index].end(at: position, next: marks.count)
            open.removeLast()
        }
    }

    private mutating func parseKey() throws(Fault) {
        guard next == UInt8(ascii: "\"") else { throw Fault() }
        try parseString()
        guard consume(UInt8(ascii: ":")) else { throw Fault() }
    }

    private mutating func add(_ kind: JSONMark.Kind, from start: Int, to end: Int) {
        var mark = JSONMark(kind, from: start)
        mark.end(at: end, next: marks.count + 1)
        marks.append(mark)
    }

    private mutating func consume(word: StaticString, _ kind: JSONMark.Kind) throws(Fault) {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count, bytes[position..<end].elementsEqual(word.withUTF8Buffer { $0 }) else { throw Fault() }
        add(kind, from: position, to: end)
        position = end
    }

    /// Adds a mark for the text between the quotes.
    private mutating func parseString() throws(Fault) {
        let start = position + 1
        let isPlain = try passString()
        add(isPlain ? .string : .uncheckedString, from: start, to: position - 1)
    }

    /// Skips a string with its quotes.
    ///
    /// - Returns: whether the string is printable ASCII without escapes.
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
                // An escaped character does not end the string.
                position += 1
            case 0..<0x20, 0x80...: isPlain = false
            default: continue
            }
        }
    }

    /// Consumes the bytes that can occur in a number.
    private mutating func parseNumber() throws(Fault) {
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

    /// Skips an object or a list without parsing its content, by counting brackets outside strings.
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
    /// Parses an object, and calls `body` for each element of its list at `key` with the marks of only that element. So
    /// the memory of the marks depends on the largest element, and an element that cannot be parsed does not affect the
    /// others.
    ///
    /// - Parameter body: gets the marks of the element; nil if its structure is invalid.
    /// - Returns: the marks of the whole text, with that list empty.
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
                try parser.parseElements(body)
            } else {
                try parser.parseValue()
            }
            try parser.endValue(0)
            isOver = parser.open.isEmpty
        }
        try parser.expectEnd()
        return parser.marks
    }

    /// Whether the last mark is that of `key`.
    private func isKey(_ key: StaticString) -> Bool {
        guard let mark = marks.last, mark.kind == .string else { return false }
        return bytes[mark.range].elementsEqual(key.withUTF8Buffer { $0 })
    }

    private mutating func parseElements(_ body: ([JSONMark]?) -> Void) throws(Fault) {
        let start = position
        position += 1
        if !consume(UInt8(ascii: "]")) {
            var part = try JSONParser(bytes)
            repeat {
                guard let first = next else { throw Fault() }
                part.marks.removeAll(keepingCapacity: true)
                part.open.removeAll(keepingCapacity: true)
                part.position = position
                do throws(Fault) {
                    try part.parseValue()
                    position = part.position
                    // Copies the marks, because the array has more capacity than they need.
                    body(part.marks.withUnsafeBufferPointer { Array($0) })
                } catch {
                    // The end can only be found if the element has brackets.
                    guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { throw error }
                    try skip()
                    body(nil)
                }
            } while consume(UInt8(ascii: ","))
            guard consume(UInt8(ascii: "]")) else { throw Fault() }
        }
        add(.array, from: start, to: position)
    }
}
