/// One value of a JSON text that was checked as a whole: nothing is read of it but what is asked for.
///
/// In the place of a `Decoder`, whose containers cost more than ten times as much.
package struct JSONNode: Sendable {
    private final class Document: Sendable {
        let bytes: ArraySlice<UInt8>
        let marks: [JSONMark]

        init(bytes: ArraySlice<UInt8>, marks: [JSONMark]) {
            self.bytes = bytes
            self.marks = marks
        }

        /// The mark of the value at `key`, the first of several.
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
                    } else if JSONNode(self, index).unescaped.utf8.elementsEqual(key) {
                        return index + 1
                    }
                    index = marks[index + 1].next
                }
                return nil
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

    /// - Throws: if it is no JSON, or nested more than 512 deep.
    package init(json bytes: ArraySlice<UInt8>) throws(JSONBytes.Failure) {
        guard !bytes.isEmpty else { throw JSONBytes.Failure(description: "it is empty") }
        do {
            let marks = try bytes.withUnsafeBufferPointer { buffer throws(JSONParser.Fault) in
                try JSONParser.marks(of: buffer)
            }
            self.init(Document(bytes: bytes, marks: marks), 0)
        } catch {
            throw JSONBytes.Failure(description: "no JSON")
        }
    }

    /// Of a string without the quotes.
    package var bytes: ArraySlice<UInt8> { bytes(mark.range) }

    /// Bytes of the value as it is written.
    package var size: Int { text.count }

    /// The value as it is written.
    var text: ArraySlice<UInt8> {
        let isQuoted = mark.kind == .string || mark.kind == .escapedString
        let range = mark.range
        return isQuoted ? bytes((range.lowerBound - 1)..<(range.upperBound + 1)) : bytes(range)
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

    package var string: String? {
        switch mark.kind {
        case .string: String(decoding: bytes, as: UTF8.self)
        case .escapedString: unescaped
        default: nil
        }
    }

    /// A number without a fraction, however it is written.
    package var int: Int? {
        guard mark.kind == .number else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        return Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
    }

    /// Nil for one that is too large too.
    package var double: Double? {
        guard mark.kind == .number, let value = Double(String(decoding: bytes, as: UTF8.self)), value.isFinite else {
            return nil
        }
        return value
    }

    private var unescaped: String {
        var result: [UInt8] = []
        var units: [UInt16] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let letter = rest.popFirst() else {
                result.append(byte)
                continue
            }
            guard letter == UInt8(ascii: "u") else {
                result.append(JSONEscape.byte(for: letter) ?? letter)
                continue
            }
            units.append(JSONEscape.unit(of: rest.prefix(4)) ?? 0)
            rest = rest.dropFirst(4)
            // The other half of a pair follows.
            if units.count == 1, UTF16.isLeadSurrogate(units[0]) { continue }
            result += Array(String(decoding: units, as: UTF16.self).utf8)
            units = []
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension JSONNode {
    /// The values of a list; none of anything else.
    package var elements: some Sequence<JSONNode> {
        sequence(state: index + 1) { [document, end = isArray ? mark.next : 0] index -> JSONNode? in
            guard index < end else { return nil }
            defer { index = document.marks[index].next }
            return JSONNode(document, index)
        }
    }

    /// The keys, as strings, and the values of an object; none of anything else.
    package var members: some Sequence<(key: JSONNode, value: JSONNode)> {
        sequence(state: index + 1) {
            [document, end = isObject ? mark.next : 0] index -> (key: JSONNode, value: JSONNode)? in
            guard index < end else { return nil }
            defer { index = document.marks[index + 1].next }
            return (JSONNode(document, index), JSONNode(document, index + 1))
        }
    }

    /// The value at a key; nil if there is none, if it is null, or if this is no object. The first of several.
    package subscript(key: String) -> JSONNode? {
        var key = key
        guard isObject, let found = key.withUTF8({ document.value(at: $0, in: index) }) else { return nil }
        let value = JSONNode(document, found)
        return value.isNull ? nil : value
    }

    /// The object's members, if all are strings or null. The first of several with the same key.
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
    /// - Parameter tail: keys and indices from here to what has `problem`.
    package func fails(_ problem: String, at tail: String = "") throws(JSONBytes.Failure) -> Never {
        let place = path + tail
        throw JSONBytes.Failure(description: "\(place.isEmpty ? "the whole" : place) \(problem)")
    }

    package func required(_ key: String) throws(JSONBytes.Failure) -> JSONNode {
        if let value = self[key] { return value }
        guard isObject else { try fails("is no object") }
        try fails("is missing", at: ".\(key)")
    }

    package func asString() throws(JSONBytes.Failure) -> String {
        guard let string else { try fails("is no String") }
        return string
    }

    package func asInt() throws(JSONBytes.Failure) -> Int {
        guard let int else { try fails("is no Int") }
        return int
    }

    package func asBool() throws(JSONBytes.Failure) -> Bool {
        guard let bool else { try fails("is no Bool") }
        return bool
    }

    /// Members that are null are left out.
    package func asStrings() throws(JSONBytes.Failure) -> [String: String] {
        if let strings { return strings }
        for (_, value) in members where !value.isNull && value.string == nil { try value.fails("is no String") }
        try fails("is no object")
    }

    package func asList<Value>(
        of read: (JSONNode) throws(JSONBytes.Failure) -> Value
    ) throws(JSONBytes.Failure) -> [Value] {
        guard isArray else { try fails("is no list") }
        var values: [Value] = []
        for element in elements { values.append(try read(element)) }
        return values
    }

    /// Keys and indices that lead here from the root, as `.items[1].metadata.name`; no values.
    private var path: String {
        var path = ""
        var node = JSONNode(document, 0)
        while node.index < index {
            if node.isObject {
                guard let (key, value) = node.members.first(where: { index < $0.value.mark.next }) else { break }
                path += ".\(key.string ?? "")"
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
