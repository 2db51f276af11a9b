import JSON
import Snapshots

/// A JSON object (RFC 8259) whose members are strings, one on each line.
enum JSONStrings {
    /// - Parameter entries: sorted, each value is UTF-8.
    static func append(_ entries: [EntryFormat.Entry], to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        for (index, entry) in entries.enumerated() {
            bytes += Array((index == 0 ? "\n  " : ",\n  ").utf8)
            append(Array(entry.key.utf8), to: &bytes)
            bytes += Array(": ".utf8)
            entry.value.withUnsafeBytes { append(Array($0), to: &bytes) }
        }
        bytes += Array(entries.isEmpty ? "}\n".utf8 : "\n}\n".utf8)
    }

    private static func append(_ text: [UInt8], to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        text.withUnsafeBufferPointer { JSONEscape.append($0, to: &bytes) }
        bytes.append(UInt8(ascii: "\""))
    }

    /// - Throws: if it is not an object of strings, or has two members of one name.
    static func parse(_ content: UnsafeRawBufferPointer) throws(FormError) -> [EntryFormat.Entry] {
        // Checks the syntax of every string, and that names occur once.
        _ = try JSONDocument(content)
        guard let object = try? JSONNode(json: Array(content)[...]), object.isObject else {
            throw FormError("is not a JSON object")
        }
        var entries: [EntryFormat.Entry] = []
        for (key, value) in object.members {
            guard let name = key.stringBytes, let text = value.stringBytes else {
                throw FormError("has a member that is not a string, expected an object of strings")
            }
            entries.append((String(decoding: name, as: UTF8.self), SecretBytes(text)))
        }
        return entries
    }
}
