import FoundationEssentials

/// Decoding of JSON that may hold secrets: errors say where, never what.
package enum JSONBytes {
    /// Why bytes could not be decoded; the text names a place (keys and indices), no values.
    package struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        package let description: String
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws(Failure) -> Value {
        try decode(type, from: bytes[...])
    }

    package static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: ArraySlice<UInt8>
    ) throws(Failure) -> Value {
        do {
            return try bytes.withUnsafeBytes { buffer in
                guard let start = buffer.baseAddress else { throw Failure(description: "it is empty") }
                // No copy: the decoder is done with the memory when it returns, and does not write to it.
                let data = Data(
                    bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: buffer.count, deallocator: .none)
                return try JSONDecoder().decode(type, from: data)
            }
        } catch let failure as Failure {
            throw failure
        } catch let error as DecodingError {
            throw Failure(error)
        } catch {
            throw Failure(description: "no JSON")
        }
    }
}

extension JSONBytes.Failure {
    // The contexts' debugDescription is left out: it quotes what it found.
    fileprivate init(_ error: DecodingError) {
        description =
            switch error {
            case .keyNotFound(let key, let context): "\(Self.path(context.codingPath + [key])) is missing"
            case .valueNotFound(_, let context): "\(Self.path(context.codingPath)) is null"
            case .typeMismatch(let type, let context): "\(Self.path(context.codingPath)) is no \(type)"
            case .dataCorrupted(let context) where context.codingPath.isEmpty: "no JSON"
            case .dataCorrupted(let context): "\(Self.path(context.codingPath)) has a form that is not expected"
            @unknown default: "no JSON"
            }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        guard !keys.isEmpty else { return "the whole" }
        return keys.map { key in key.intValue.map { "[\($0)]" } ?? "." + key.stringValue }.joined()
    }
}
