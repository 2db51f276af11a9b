import Formats
import Snapshots

/// Where the value of a parameter comes from.
package enum KeesValue: Sendable, Equatable {
    /// A source file.
    case file(String)
    /// A text in the annotation itself, for local mode.
    case text(String)
}

extension KeesParameter {
    /// The value, as kees' init container reads it. That container generates nothing: a value of the kind `DYNAMIC` must
    /// exist.
    ///
    /// - Throws: if the mode is local and the annotation holds no text.
    package func value(in mode: KeesAnnotations.Mode) throws(KeesError) -> KeesValue {
        guard mode == .local else { return .file(file) }
        guard let localValue else {
            throw KeesError("has no localModeValue, expected one because local-mode is \"true\"")
        }
        var encoded = localValue
        let decoded = try? encoded.withUTF8 { try ByteEncoding.base64.decode(UnsafeRawBufferPointer($0)) }
        guard let decoded, let text = decoded.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else {
            throw KeesError("has a localModeValue that is not text, expected base64 of UTF-8")
        }
        return .text(text)
    }
}
