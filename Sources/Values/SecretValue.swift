package import Snapshots

/// The content of a data key, with its digest.
package struct SecretValue: Sendable {
    package let bytes: SecretBytes
    package let digest: Digest

    package init(bytes: SecretBytes, digest: Digest) {
        self.bytes = bytes
        self.digest = digest
    }

    package init(_ bytes: SecretBytes) { self.init(bytes: bytes, digest: Digest(of: bytes)) }
}
