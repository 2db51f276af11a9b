import JSON
package import Snapshots

/// A valid JSON text (RFC 8259), parsed once to look up many values. Its content cannot be printed.
package struct JSONDocument: Sendable, CustomStringConvertible, CustomReflectable {
    /// The maximum number of values of a document.
    package static let mostValues = 100_000

    private let root: JSONTree

    /// - Throws: if the text is not valid JSON in UTF-8, an object has two members of one name, the text is nested deeper
    ///   than 100 objects and lists, or has more than 100,000 values.
    package init(_ content: UnsafeRawBufferPointer) throws(FormError) {
        let bytes = Array(content)
        guard !bytes.starts(with: [UInt8].byteOrderMark) else {
            throw FormError("starts with a byte order mark, expected JSON without it")
        }
        guard !bytes.allSatisfy(\.isWhiteSpace) else { throw FormError("is empty, expected JSON") }
        if let offset = bytes.firstInvalidUTF8 {
            throw FormError("is not UTF-8 at line \(bytes.line(at: offset)), expected JSON in UTF-8")
        }
        let node: JSONNode
        do {
            node = try JSONNode(json: bytes[...])
        } catch {
            throw Self.structureError(in: bytes)
        }
        root = try JSONTree(checking: node)
    }

    private static func structureError(in bytes: [UInt8]) -> FormError {
        let offset = JSONNode.faultOffset(in: bytes) ?? 0
        guard offset < bytes.count else { return FormError("is not valid JSON: it ends before its value is complete") }
        let place = "line \(bytes.line(at: offset)), column \(bytes.column(at: offset))"
        return FormError("is not valid JSON: unexpected character at \(place)")
    }

    /// The value at `pointer`: the text of a string, a number or a boolean as written, or an object or a list as written
    /// but without white space between its parts. Nil if there is none, or if it is null.
    ///
    /// - Throws: if the pointer leads into a value that is neither an object nor a list, or does not have an index where
    ///   the document has a list.
    package func value(at pointer: JSONPointer) throws(FormError) -> SecretBytes? {
        try root.find(pointer)?.content
    }

    /// The members of the object at `pointer` that are not null, as of `value(at:)`, sorted by the bytes of their names.
    /// Nil if there is no value, or if it is null.
    ///
    /// - Throws: as `value(at:)`, and if the value is not an object.
    package func members(at pointer: JSONPointer) throws(FormError) -> [(key: String, value: SecretBytes)]? {
        guard let value = try root.find(pointer) else { return nil }
        guard case .object(let members) = value.parts else {
            throw FormError("\(value.description(at: pointer.tokens[...])), expected an object")
        }
        return members.filter { !$0.value.isNull }.map { member in
            (String(decoding: member.name, as: UTF8.self), member.value.content)
        }
    }

    package var description: String { "<JSON document>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
