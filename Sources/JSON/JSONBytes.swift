import FoundationEssentials

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

/// A type that can be read from JSON. Types that are read often read the node directly; the others use `Decodable`.
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

extension JSONReadable where Self: Decodable {
    package init(reading json: JSONNode) throws(JSONBytes.Failure) {
        do {
            self = try json.text.withUnsafeBytes { buffer in
                // Not copied: the decoder does not write to the memory, and does not use it after it returns.
                let start = UnsafeMutableRawPointer(mutating: buffer.baseAddress)
                let data = start.map { Data(bytesNoCopy: $0, count: buffer.count, deallocator: .none) } ?? Data()
                return try JSONDecoder().decode(Self.self, from: data)
            }
        } catch let error as DecodingError {
            try json.fails(error)
        } catch {
            try json.fails("has an unexpected form")
        }
    }
}

extension JSONNode {
    // Omits the `debugDescription` of the context, because it quotes the content.
    fileprivate func fails(_ error: DecodingError) throws(JSONBytes.Failure) -> Never {
        switch error {
        case .keyNotFound(let key, let context): try fails("is missing", at: context.codingPath + [key])
        case .valueNotFound(_, let context): try fails("is null", at: context.codingPath)
        case .typeMismatch(let type, let context): try fails("is not \(Self.name(of: type))", at: context.codingPath)
        case .dataCorrupted(let context): try fails("has an unexpected form", at: context.codingPath)
        @unknown default: try fails("has an unexpected form")
        }
    }

    /// The name in JSON of a type that the decoder expected.
    private static func name(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is any Numeric.Type: "a number"
        case is [Any].Type: "a list"
        default: "an object"
        }
    }

    private func fails(_ problem: String, at keys: [any CodingKey]) throws(JSONBytes.Failure) -> Never {
        try fails(problem, at: keys.map { key in key.intValue.map { "[\($0)]" } ?? "." + key.stringValue }.joined())
    }
}
