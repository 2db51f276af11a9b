import COpenSSL

/// SHA-256 of some content: what is kept of values whose bytes need not be.
///
/// A digest of a short secret can be guessed, so it is treated like the secret: never printed, never written anywhere.
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

    /// Its first eight bytes in hexadecimal. Only for the digest of what is public, as names are.
    package var publicText: String {
        let text = String(UInt64(bigEndian: words.0), radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
