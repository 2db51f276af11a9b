import FoundationEssentials

/// Decoding of JSON that may hold secrets: errors say where, never what.
package enum JSONBytes {
    /// Why bytes could not be decoded; the text names a place (keys and indices), no values.
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
    /// Whether `text` is one object and nothing else, to the last number and escape (RFC 8259). Bytes that are no UTF-8
    /// stand in a string as they do for the API server.
    package static func isObject(_ text: UnsafeRawBufferPointer) -> Bool {
        text.withMemoryRebound(to: UInt8.self) { text in
            guard let marks = marks(ofValid: text) else { return false }
            return marks.first?.kind == .object
        }
    }

    /// Nil if something in `text` is not valid, or is nested too deep.
    ///
    /// - Parameter levels: how many times what the parser does not look into, since it is nested too deep, is parsed.
    private static func marks(ofValid text: UnsafeBufferPointer<UInt8>, levels: Int = 1) -> [JSONMark]? {
        guard let marks = try? JSONParser.marks(of: text) else { return nil }
        let isValid = marks.allSatisfy { mark in
            let part = UnsafeBufferPointer(rebasing: text[mark.range])
            return switch mark.kind {
            case .number: JSONNumber.isValid(part)
            case .unjudgedString: JSONEscape.isValid(part)
            case .tooDeep: levels > 0 && Self.marks(ofValid: part, levels: levels - 1) != nil
            default: true
            }
        }
        return isValid ? marks : nil
    }
}

/// What can be made of JSON. What comes often reads the node itself; for the rest `Decodable` will do.
package protocol JSONReadable {
    init(reading json: JSONNode) throws(JSONBytes.Failure)

    /// Of a whole text.
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
                // No copy: the decoder is done with the memory when it returns, and does not write to it.
                let start = UnsafeMutableRawPointer(mutating: buffer.baseAddress)
                let data = start.map { Data(bytesNoCopy: $0, count: buffer.count, deallocator: .none) } ?? Data()
                return try JSONDecoder().decode(Self.self, from: data)
            }
        } catch let error as DecodingError {
            try json.fails(error)
        } catch {
            try json.fails("has a form that is not expected")
        }
    }
}

extension JSONNode {
    // The contexts' debugDescription is left out: it quotes what it found.
    fileprivate func fails(_ error: DecodingError) throws(JSONBytes.Failure) -> Never {
        switch error {
        case .keyNotFound(let key, let context): try fails("is missing", at: context.codingPath + [key])
        case .valueNotFound(_, let context): try fails("is null", at: context.codingPath)
        case .typeMismatch(let type, let context): try fails("is no \(type)", at: context.codingPath)
        case .dataCorrupted(let context): try fails("has a form that is not expected", at: context.codingPath)
        @unknown default: try fails("has a form that is not expected")
        }
    }

    private func fails(_ problem: String, at keys: [any CodingKey]) throws(JSONBytes.Failure) -> Never {
        try fails(problem, at: keys.map { key in key.intValue.map { "[\($0)]" } ?? "." + key.stringValue }.joined())
    }
}
