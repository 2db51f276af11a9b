/// Decodes JSON that may contain secrets. Errors name the place, never the content.
package enum JSONBytes {
    /// Why bytes could not be decoded. The text names a place (keys and indices), no values.
    package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        package let description: String

        package init(description: String) { self.description = description }
    }

    package static func decode<Value: JSONReadable>(
        _ type: Value.Type, from bytes: [UInt8]
    ) throws(Failure) -> Value {
        try decode(type, from: bytes[...])
    }

    package static func decode<Value: JSONReadable>(
        _ type: Value.Type, from bytes: ArraySlice<UInt8>
    ) throws(Failure) -> Value {
        try Value(json: bytes)
    }
}

extension JSONBytes {
    /// Whether `text` is exactly one valid object, including all numbers and escapes (RFC 8259). Invalid UTF-8 in a
    /// string is accepted, as by the API server.
    package static func isObject(_ text: UnsafeRawBufferPointer) -> Bool {
        text.withMemoryRebound(to: UInt8.self) { text in
            guard let marks = marks(ofValid: text) else { return false }
            return marks.first?.kind == .object
        }
    }

    /// Nil if anything in `text` is invalid or nested too deeply.
    ///
    /// - Parameter levels: how many times values that the parser skips because of their depth are parsed separately.
    private static func marks(ofValid text: UnsafeBufferPointer<UInt8>, levels: Int = 1) -> [JSONMark]? {
        guard let marks = try? JSONParser.marks(of: text) else { return nil }
        let isValid = marks.allSatisfy { mark in
            let part = UnsafeBufferPointer(rebasing: text[mark.range])
            return switch mark.kind {
            case .number: JSONNumber.isValid(part)
            case .uncheckedString: JSONEscape.isValid(part)
            case .tooDeep: levels > 0 && Self.marks(ofValid: part, levels: levels - 1) != nil
            default: true
            }
        }
        return isValid ? marks : nil
    }
}

/// A type that can be read from JSON.
package protocol JSONReadable {
    init(reading json: JSONNode) throws(JSONBytes.Failure)

    /// Reads a whole JSON text.
    init(json bytes: ArraySlice<UInt8>) throws(JSONBytes.Failure)
}

extension JSONReadable {
    package init(json bytes: ArraySlice<UInt8>) throws(JSONBytes.Failure) {
        try self.init(reading: JSONNode(json: bytes))
    }
}
