import COpenSSL

/// Padded base64 in the standard alphabet (RFC 4648, section 4), by libcrypto's EVP_EncodeBlock(3). It is the form of bytes
/// in the JSON of the Kubernetes API. Bits that are left over in the last character are ignored, as by the API server.
///
/// `ByteEncoding` decodes other encodings, with errors that name a byte.
package enum Base64 {
    /// - Parameter bytes: at most a GiB.
    package static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        precondition(bytes.count <= 1 << 30, "the size of a text is an int for libcrypto")
        // With a zero byte, which EVP_EncodeBlock writes at the end.
        return String(unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4 + 1) { text in
            let bytes = bytes.bindMemory(to: UInt8.self)
            return Int(EVP_EncodeBlock(text.baseAddress, bytes.baseAddress, CInt(bytes.count)))
        }
    }

    package static func encode(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes(encode) }

    /// Nil for anything else: white space, another alphabet, missing padding; and for more than 2 GiB.
    package static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard let first = text.first, let last = text.last else { return [] }
        // EVP_DecodeBlock takes padding for zeros, wherever it is.
        let padding = text.count - (text.firstIndex(of: UInt8(ascii: "=")) ?? text.count)
        guard text.count.isMultiple(of: 4), padding < 2 || padding == 2 && last == UInt8(ascii: "=") else { return nil }
        // Older releases of OpenSSL read one byte behind a text of white space alone.
        guard first > UInt8(ascii: " "), let count = CInt(exactly: text.count) else { return nil }
        let size = text.count / 4 * 3
        var isWhole = false
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { bytes, decoded in
            // It ignores white space and "-" at the end, and returns fewer bytes then.
            isWhole = Int(EVP_DecodeBlock(bytes.baseAddress, text.baseAddress, count)) == size
            decoded = isWhole ? size - padding : 0
        }
        return isWhole ? bytes : nil
    }

    package static func decode(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8(decode)
    }
}
