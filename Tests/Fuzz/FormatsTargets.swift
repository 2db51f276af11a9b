import JSON
import Snapshots

@testable import Formats

enum FormatsTargets {
    /// The input is a pointer and, after a zero byte, a document. Whatever is found is the text of a string or JSON on
    /// one line, and members are the values that their own pointers find.
    static let pointer: Fuzz.Target = { bytes in
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let text = Fuzz.text(parts[0])
        let document = read(Array(parts.count > 1 ? parts[1] : [])) { content throws(FormError) in
            try JSONDocument(content)
        }
        guard let pointer = check({ () throws(FormError) in try JSONPointer(text) }) else { return }
        Fuzz.require(pointer.text.utf8.elementsEqual(text.utf8), "a pointer is written as it was read")
        guard let document else { return }
        let value = check { () throws(FormError) in try document.value(at: pointer) } ?? nil
        let members = check { () throws(FormError) in try document.members(at: pointer) } ?? nil
        guard let members else { return }
        guard let value, let json = try? JSONNode(json: array(value)[...]), json.isObject else {
            Fuzz.require(false, "members are those of an object")
            return
        }
        Fuzz.require(!array(value).contains { "\r\n".utf8.contains($0) }, "an object is on one line")
        Fuzz.require(json.members.count { !$0.value.isNull } == members.count, "no member is lost")
        for (member, next) in zip(members, members.dropFirst()) {
            Fuzz.require(member.key.utf8.lexicographicallyPrecedes(next.key.utf8), "members are sorted")
        }
        for member in members {
            let escaped = member.key.utf8.flatMap { byte in
                switch byte {
                case UInt8(ascii: "~"): Array("~0".utf8)
                case UInt8(ascii: "/"): Array("~1".utf8)
                default: [byte]
                }
            }
            guard let inner = try? JSONPointer(text + "/" + Fuzz.text(escaped)) else { continue }
            let found = check { () throws(FormError) in try document.value(at: inner) } ?? nil
            Fuzz.require(found.map(array) == array(member.value), "a member is found by its name")
        }
    }

    /// The input is a template and, after a zero byte, the value of all variables.
    static let template: Fuzz.Target = { bytes in
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let text = Fuzz.text(parts[0])
        let value = SecretBytes(parts.count > 1 ? parts[1] : [])
        guard let template = check({ () throws(FormError) in try TemplateText(text) }) else { return }
        Fuzz.require(template.names.allSatisfy { (1...63).contains($0.utf8.count) }, "a name is short")
        Fuzz.require(Set(template.names).count == template.names.count, "a name is listed once")
        var used: Set<String> = []
        var filterInput = 0
        let rendered = check { () throws(FormError) in
            try template.render(maximumSize: 10_000, filterInput: &filterInput) { name in
                used.insert(name)
                return value
            }
        }
        Fuzz.require(used.isSubset(of: template.names), "only listed variables are used")
        guard let rendered else { return }
        Fuzz.require(rendered.count <= 10_000, "the size is bounded")
        Fuzz.require(used.count == template.names.count, "all variables are used")
        if template.names.isEmpty {
            Fuzz.require(
                array(rendered).count { $0 == UInt8(ascii: "$") } * 2 == text.utf8.count { $0 == UInt8(ascii: "$") },
                "each pair of dollar signs gives one")
        }
    }

    /// Each entry can be written in quotes and read again.
    static let dotenv: Fuzz.Target = { bytes in
        guard let entries = read(bytes, Dotenv.parse) else { return }
        check(entries)
        var text: [UInt8] = []
        for (key, value) in entries {
            text += Array("export \(key)=\"".utf8)
            for byte in array(value) {
                if "\"\\$".utf8.contains(byte) { text.append(UInt8(ascii: "\\")) }
                text += byte == UInt8(ascii: "\r") ? Array("\\r".utf8) : [byte]
            }
            text += Array("\" # comment\r\n".utf8)
        }
        Fuzz.require(isSame(entries, read(text, Dotenv.parse)), "reading returns the written entries")
    }

    /// Each entry can be written with escapes and read again.
    static let properties: Fuzz.Target = { bytes in
        guard let entries = read(bytes, PropertiesFile.parse) else { return }
        check(entries)
        // A byte order mark in the first key is not at the start of the file.
        var text = [UInt8(ascii: "\n")]
        for (key, value) in entries {
            text += escaped(Array(key.utf8)) + [UInt8(ascii: "=")] + escaped(array(value)) + [UInt8(ascii: "\n")]
        }
        Fuzz.require(isSame(entries, read(text, PropertiesFile.parse)), "reading returns the written entries")
    }

    private static func escaped(_ text: [UInt8]) -> [UInt8] {
        text.flatMap { byte in
            switch byte {
            case UInt8(ascii: "\n"): Array("\\n".utf8)
            case UInt8(ascii: "\r"): Array("\\r".utf8)
            case 0..<0x80 where !(0x30...0x39).contains(byte) && !(0x61...0x7a).contains(byte | 0x20):
                [UInt8(ascii: "\\"), byte]
            default: [byte]
            }
        }
    }

    /// Decoded bytes have the same encoding again, without white space and padding. What `Base64` decodes is the same, but
    /// for bits that are left over in the last character.
    static let encoding: Fuzz.Target = { bytes in
        if let strict = bytes.withUnsafeBufferPointer({ Base64.decode($0) }) {
            let text = Base64.encode(strict).utf8
            let end = bytes.count - min(4, bytes.count)
            Fuzz.require(
                text.count == bytes.count && text.prefix(end).elementsEqual(bytes[..<end]), "whole groups are kept")
        }
        for encoding in ByteEncoding.allCases {
            let decoded = read(bytes) { content throws(FormError) in try encoding.decode(content) }
            guard let decoded else { continue }
            let text = bytes.filter { !" \t\r\n=".utf8.contains($0) }
            let expected: [UInt8]
            switch encoding {
            case .hex:
                expected = array(decoded).flatMap { byte in
                    Array(((byte < 16 ? "0" : "") + String(byte, radix: 16)).utf8)
                }
                Fuzz.require(Fuzz.text(text).lowercased().utf8.elementsEqual(expected), "nothing is lost")
            case .base64, .base64URL:
                let swap: [UInt8: UInt8] =
                    encoding == .base64
                    ? [:] : [UInt8(ascii: "+"): UInt8(ascii: "-"), UInt8(ascii: "/"): UInt8(ascii: "_")]
                expected = Base64.encode(array(decoded)).utf8.filter { $0 != UInt8(ascii: "=") }.map {
                    swap[$0] ?? $0
                }
                Fuzz.require(text == expected, "nothing is lost")
            }
        }
    }

    /// The first byte chooses a format, the rest is a file of it. What is read and can be written is read again.
    static let entries: Fuzz.Target = { bytes in
        guard let first = bytes.first else { return }
        let format = EntryFormat.allCases[Int(first) % EntryFormat.allCases.count]
        let found = read(Array(bytes.dropFirst())) { content throws(FormError) in try format.decode(content) }
        guard let found, found.allSatisfy({ !$0.key.isEmpty && format.problem($0.key, $0.value) == nil }) else {
            return
        }
        // A Secret has no other keys.
        guard found.allSatisfy({ $0.key.utf8.allSatisfy(isKeyByte) }) else { return }
        check(found)
        let again = read(format.encode(found)) { content throws(FormError) in try format.decode(content) }
        Fuzz.require(isSame(found.sorted { $0.key < $1.key }, again), "what is written is read again")
    }

    private static func isKeyByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
        default: false
        }
    }

    private static func check(_ entries: [(key: String, value: SecretBytes)]) {
        Fuzz.require(Set(entries.map { Array($0.key.utf8) }).count == entries.count, "a key occurs once")
    }

    private static func isSame(
        _ entries: [(key: String, value: SecretBytes)], _ others: [(key: String, value: SecretBytes)]?
    ) -> Bool {
        guard let others, entries.count == others.count else { return false }
        return zip(entries, others).allSatisfy { entry, other in
            entry.key.utf8.elementsEqual(other.key.utf8) && array(entry.value) == array(other.value)
        }
    }

    private static func array(_ value: SecretBytes) -> [UInt8] { value.withUnsafeBytes { Array($0) } }

    private static func read<Value>(
        _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(FormError) -> Value
    ) -> Value? {
        check { () throws(FormError) in
            try bytes.withUnsafeBufferPointer { bytes throws(FormError) in try body(UnsafeRawBufferPointer(bytes)) }
        }
    }

    /// Nil if `body` throws. An error is one short line.
    private static func check<Value>(_ body: () throws(FormError) -> Value) -> Value? {
        do {
            return try body()
        } catch {
            Fuzz.require(Fuzz.isOneLine(error.description), "an error is one line")
            Fuzz.require(error.description.utf8.count < 2000, "an error is short")
            return nil
        }
    }
}
