/// One value of a JSON text. The structure of the whole text has been checked. Strings and numbers are decoded and
/// checked only when they are read.
///
/// It replaces a `Decoder`, whose containers cost more than ten times as much.
package struct JSONNode: Sendable {
    fileprivate final class Document: Sendable {
        let bytes: ArraySlice<UInt8>
        let marks: [JSONMark]

        init(bytes: ArraySlice<UInt8>, marks: [JSONMark]) {
            self.bytes = bytes
            self.marks = marks
        }

        /// The mark of the value at `key`. If a key occurs several times, the first one counts.
        func value(at key: UnsafeBufferPointer<UInt8>, in object: Int) -> Int? {
            bytes.withUnsafeBufferPointer { text in
                var index = object + 1
                let end = marks[object].next
                while index < end {
                    let mark = marks[index]
                    if mark.kind == .string {
                        let name = UnsafeBufferPointer(rebasing: text[mark.range])
                        if name.count == key.count, name.elementsEqual(key) {
                            return index + 1
                        }
                    } else if JSONNode(self, index).string?.utf8.elementsEqual(key) == true {
                        return index + 1
                    }
                    index = marks[index + 1].next
                }
                return nil
            }
        }

        /// Whether the object has only members of these names, each at most once. Names with escapes do not count.
        func hasOnly(_ names: [StaticString], in object: Int) -> Bool {
            bytes.withUnsafeBufferPointer { text in
                precondition(names.count <= 64, "a bit for each name")
                var seen: UInt64 = 0
                var index = object + 1
                let end = marks[object].next
                while index < end {
                    let mark = marks[index]
                    guard mark.kind == .string else { return false }
                    let name = UnsafeBufferPointer(rebasing: text[mark.range])
                    let place = names.firstIndex { known in
                        known.utf8CodeUnitCount == name.count
                            && UnsafeBufferPointer(start: known.utf8Start, count: name.count).elementsEqual(name)
                    }
                    guard let place, seen & (1 << place) == 0 else { return false }
                    seen |= 1 << place
                    index = marks[index + 1].next
                }
                return true
            }
        }
    }

    private let document: Document
    private let index: Int

    private var mark: JSONMark { document.marks[index] }

    private init(_ document: Document, _ index: Int) {
        self.document = document
        self.index = index
    }

    /// - Throws: if the structure is not valid JSON.
    package init(json bytes: ArraySlice<UInt8>) throws(JSONBytes.Failure) {
        self = try Self.parse(bytes) { (buffer) throws(JSONParser.Fault) in try JSONParser.marks(of: buffer) }
    }

    /// Parses an object and passes the elements of its list at `key` to `body`, one after another.
    ///
    /// - Parameter body: gets nil for an element whose structure is not valid JSON.
    /// - Returns: the object with that list empty.
    package static func splitting(
        _ key: StaticString, of bytes: ArraySlice<UInt8>, _ body: (JSONNode?) -> Void
    ) throws(JSONBytes.Failure) -> JSONNode {
        try parse(bytes) { (buffer) throws(JSONParser.Fault) in
            try JSONParser.marks(of: buffer, splitting: key) { marks in
                body(marks.map { JSONNode(Document(bytes: bytes, marks: $0), 0) })
            }
        }
    }

    private static func parse(
        _ bytes: ArraySlice<UInt8>,
        _ marks: (UnsafeBufferPointer<UInt8>) throws(JSONParser.Fault) -> [JSONMark]
    ) throws(JSONBytes.Failure) -> JSONNode {
        guard !bytes.isEmpty else { throw JSONBytes.Failure(description: "it is empty") }
        do {
            let marks = try bytes.withUnsafeBufferPointer { buffer throws(JSONParser.Fault) in try marks(buffer) }
            return JSONNode(Document(bytes: bytes, marks: marks), 0)
        } catch {
            throw JSONBytes.Failure(description: "it is not valid JSON")
        }
    }

    /// The offset of the first byte that makes the structure of a text invalid, or its size if the end is missing; nil if
    /// the structure is valid.
    package static func faultOffset(in bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBufferPointer { JSONParser.faultOffset(in: $0) }
    }

    /// The bytes of the value as it is written; for a string without the quotes.
    package var bytes: ArraySlice<UInt8> { bytes(mark.range) }

    /// The size of `text` in bytes.
    package var size: Int { text.count }

    /// The bytes of the value as it is written; for a string with the quotes.
    package var text: ArraySlice<UInt8> {
        let range = mark.range
        return isString ? bytes((range.lowerBound - 1)..<(range.upperBound + 1)) : bytes(range)
    }

    private func bytes(_ range: Range<Int>) -> ArraySlice<UInt8> {
        let start = document.bytes.startIndex
        return document.bytes[(start + range.lowerBound)..<(start + range.upperBound)]
    }
}

extension JSONNode {
    package var isNull: Bool { mark.kind == .null }
    package var isObject: Bool { mark.kind == .object }
    package var isArray: Bool { mark.kind == .array }

    package var bool: Bool? {
        switch mark.kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// Whether the value is in quotes. `string` may still be nil.
    package var isString: Bool { mark.kind == .string || mark.kind == .uncheckedString }

    /// Nil also for an invalid string: with an unknown escape, an unpaired surrogate, a control character, invalid
    /// UTF-8, or more than 30 combining marks in a row.
    package var string: String? {
        switch mark.kind {
        case .string: String(decoding: bytes, as: UTF8.self)
        case .uncheckedString: JSONEscape.text(bytes)
        default: nil
        }
    }

    /// The bytes of a string with its escapes decoded. They are UTF-8 if the whole text is. Nil also for a string with an
    /// unknown escape, an unpaired surrogate or a control character.
    package var stringBytes: ArraySlice<UInt8>? {
        switch mark.kind {
        case .string: bytes
        case .uncheckedString: JSONEscape.bytes(bytes).map { $0[...] }
        default: nil
        }
    }

    /// Whether the value is a valid number, of any size.
    package var isNumber: Bool { mark.kind == .number && JSONNumber.isValid(bytes) }

    /// Whether the value is an object or a list that is nested deeper than `deepest` and was not parsed.
    package var isTooDeep: Bool { mark.kind == .tooDeep }

    /// The maximum nesting of objects and lists.
    package static var deepest: Int { JSONParser.deepest }

    /// A number without a fraction, in any notation.
    package var int: Int? {
        guard let number else { return nil }
        return Int(number) ?? Double(number).flatMap { Int(exactly: $0) }
    }

    /// Nil also for a number that is too large.
    package var double: Double? {
        guard let number, let value = Double(number), value.isFinite else { return nil }
        return value
    }

    private var number: String? {
        guard mark.kind == .number, JSONNumber.isValid(bytes) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension JSONNode {
    /// The values of a list; empty for any other value.
    package var elements: Elements { Elements(document, index + 1, end: isArray ? mark.next : 0) }

    /// The keys, as strings, and the values of an object; empty for any other value.
    package var members: Members { Members(document, index + 1, end: isObject ? mark.next : 0) }

    /// The value at a key; nil if there is none, if it is null, or if this is not an object. If a key occurs several
    /// times, the first one counts.
    package subscript(key: String) -> JSONNode? {
        var key = key
        guard isObject, let found = key.withUTF8({ document.value(at: $0, in: index) }) else { return nil }
        let value = JSONNode(document, found)
        return value.isNull ? nil : value
    }

    /// Whether this is an object with members of only these names, at most 64, and each at most once.
    package func hasOnly(_ names: [StaticString]) -> Bool { isObject && document.hasOnly(names, in: index) }

    /// The members of the object that are not null, if they are all strings; otherwise nil. If a key occurs several
    /// times, the first one counts.
    package var strings: [String: String]? {
        guard isObject else { return nil }
        var strings: [String: String] = [:]
        for (key, value) in members where !value.isNull {
            guard let key = key.string, let value = value.string else { return nil }
            if let first = strings.updateValue(value, forKey: key) { strings[key] = first }
        }
        return strings
    }
}

extension JSONNode {
    /// - Parameter tail: keys and indices from this value to the one that has `problem`.
    package func fails(_ problem: String, at tail: String = "") throws(JSONBytes.Failure) -> Never {
        let place = path + tail
        throw JSONBytes.Failure(description: "\(place.isEmpty ? "the document" : place) \(problem)")
    }

    /// The keys and indices from the root to this value, such as `.items[1].metadata.name`, without values. Keys are
    /// cut at 80 characters.
    private var path: String {
        var path = ""
        var node = JSONNode(document, 0)
        while node.index < index {
            if node.isObject {
                guard let (key, value) = node.members.first(where: { index < $0.value.mark.next }) else { break }
                path += ".\(key.string?.prefix(80) ?? "?")"
                node = value
            } else {
                guard let (place, value) = node.elements.enumerated().first(where: { index < $0.1.mark.next }) else {
                    break
                }
                path += "[\(place)]"
                node = value
            }
        }
        return path
    }
}

extension JSONNode {
    /// The values of a list.
    package struct Elements: Sequence, IteratorProtocol {
        private let document: Document
        private var index: Int
        private let end: Int

        fileprivate init(_ document: Document, _ index: Int, end: Int) {
            self.document = document
            self.index = index
            self.end = end
        }

        package mutating func next() -> JSONNode? {
            guard index < end else { return nil }
            defer { index = document.marks[index].next }
            return JSONNode(document, index)
        }
    }

    /// The members of an object.
    package struct Members: Sequence, IteratorProtocol {
        private let document: Document
        private var index: Int
        private let end: Int

        fileprivate init(_ document: Document, _ index: Int, end: Int) {
            self.document = document
            self.index = index
            self.end = end
        }

        package mutating func next() -> (key: JSONNode, value: JSONNode)? {
            guard index < end else { return nil }
            defer { index = document.marks[index + 1].next }
            return (JSONNode(document, index), JSONNode(document, index + 1))
        }
    }
}
