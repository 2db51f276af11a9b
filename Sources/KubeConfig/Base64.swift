import FoundationEssentials

/// RFC 4648's base64, as in `Secret.data`.
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
