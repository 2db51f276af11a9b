import COpenSSL

/// The SHA-256 digest of some content, kept where the bytes are not needed.
///
/// The content can be guessed from the digest of a short secret, so a digest is treated like a secret: never printed or
/// written.
package struct Digest: Sendable, Hashable, CustomStringConvertible {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// libcrypto's EVP_Digest(3).
    package init(of bytes: UnsafeRawBufferPointer) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let done = withUnsafeMutableBytes(of: &words) { output in
            EVP_Digest(
                bytes.baseAddress, bytes.count, output.baseAddress?.assumingMemoryBound(to: UInt8.self), nil,
                EVP_sha256(), nil)
        }
        precondition(done == 1, "libcrypto cannot compute SHA-256")
        self.words = words
    }

    package init(of bytes: SecretBytes) {
        self = bytes.withUnsafeBytes { Digest(of: $0) }
    }

    package static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }

    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }

    package var description: String { "<digest>" }

    /// The first eight bytes in hexadecimal. Only for digests of public data such as names.
    package var publicText: String {
        let text = String(UInt64(bigEndian: words.0), radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
