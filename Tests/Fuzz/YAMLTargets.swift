import YAML

@testable import JSON
@testable import Stores

enum YAMLTargets {
    /// A readable document is also valid JSON, and is the same after writing and reading it again.
    static let parser: Fuzz.Target = { bytes in
        let stream = YAMLParser.parse(bytes)
        let lines = bytes.count + 2
        for error in stream.errors {
            Fuzz.require((0...lines).contains(error.line), "an error names a line of the file")
            Fuzz.require(Fuzz.isOneLine(error.description), "an error is one line")
        }
        Fuzz.require(YAMLParser.parse(bytes) == stream, "the same text has the same result")
        for document in stream.documents {
            Fuzz.require((1...lines).contains(document.line), "a document is on a line of the file")
            guard let json = try? JSONValue(json: document.json()) else {
                Fuzz.require(false, "a document is JSON")
                return
            }
            check(YAMLValue(json))
        }
    }

    /// Any string is the same after writing and reading it again, as a value and as a key.
    static let emitter: Fuzz.Target = { bytes in
        let texts = bytes.split(separator: 0xff, omittingEmptySubsequences: false).map { Fuzz.text($0) }
        var entries: [YAMLValue.Entry] = []
        for (index, text) in texts.enumerated() {
            entries.append(.init(String(index), index % 2 == 0 ? .string(text) : .sequence([.string(text), .null])))
        }
        check(.mapping(entries))
        check(.mapping([.init(texts[0], .mapping(entries))]))
        check(.string(texts[0]))
    }

    private static func check(_ value: YAMLValue) {
        guard let text = try? YAMLEmitter.emit(value), let documents = try? YAMLParser.documents(in: text) else {
            Fuzz.require(false, "written output can be read")
            return
        }
        Fuzz.require(documents.count <= 1, "one document is written")
        guard let document = documents.first else {
            // The reader treats a null document as empty.
            Fuzz.require(value == .null, "nothing is lost")
            return
        }
        Fuzz.require(isSame(value, document), "reading returns the written value")
    }

    private static func isSame(_ value: YAMLValue, _ node: YAMLNode) -> Bool {
        switch (value, node.kind) {
        case (.mapping(let entries), .mapping(let pairs)):
            entries.count == pairs.count
                && zip(entries, pairs).allSatisfy { entry, pair in
                    entry.key.utf8.elementsEqual(pair.name.utf8) && isSame(entry.value, pair.value)
                }
        case (.sequence(let elements), .sequence(let nodes)):
            elements.count == nodes.count && zip(elements, nodes).allSatisfy { isSame($0, $1) }
        case (.string(let text), _): node.string.map { $0.utf8.elementsEqual(text.utf8) } ?? false
        case (.int(let number), _): node.scalar == .int(Int64(number))
        case (.bool(let flag), _): node.scalar == .bool(flag)
        case (.null, _): node.scalar == .null
        default: false
        }
    }
}
