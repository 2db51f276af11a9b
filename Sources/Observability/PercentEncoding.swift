/// Percent-encoding (RFC 3986) of a path segment, or of a name or value in a query.
package enum PercentEncoding {
    /// Encodes everything except unreserved characters, so that the result is safe in every part of a URL.
    package static func encode(_ text: String) -> String { String(decoding: encode(text.utf8), as: UTF8.self) }

    package static func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.append(byte)
            default:
                result += [UInt8(ascii: "%"), hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
            }
        }
        return result
    }

    private static let hexDigits = Array("0123456789ABCDEF".utf8)
}
