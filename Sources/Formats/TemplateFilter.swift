import JSON
import Observability

/// What a template does with a value before it inserts it.
enum TemplateFilter: String, Sendable, CaseIterable {
    /// Percent-encodes everything except unreserved characters (RFC 3986, section 2.3), so that the value is safe in every
    /// part of a URL.
    case url
    /// Escapes the value for the inside of a JSON string.
    case json
    /// Encodes the value in base64, with padding.
    case base64
    /// Removes white space of ASCII at both ends.
    case trim

    /// - Parameter name: the variable, for the error.
    func apply(to bytes: [UInt8], of name: String) throws(FormError) -> [UInt8] {
        switch self {
        case .url: return PercentEncoding.encode(bytes)
        case .base64: return Array(Base64.encode(bytes).utf8)
        case .trim: return Array(Trimming.whiteSpace.trimmed(bytes))
        case .json:
            guard bytes.firstInvalidUTF8 == nil else {
                throw FormError("cannot insert the variable \"\(name)\" with the filter json: its value is not UTF-8")
            }
            var text: [UInt8] = []
            text.reserveCapacity(bytes.count)
            bytes.withUnsafeBufferPointer { JSONEscape.append($0, to: &text) }
            return text
        }
    }
}
