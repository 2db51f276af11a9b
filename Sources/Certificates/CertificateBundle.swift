import COpenSSL
package import Snapshots

/// The certificates and private keys of one file: PEM with any blocks in any order, DER (one or several values one after
/// another: X.509, PKCS#8, PKCS#1, SEC1), or PKCS#12, each also in base64.
///
/// A PEM block keeps its bytes. Everything else becomes PEM; equal files give equal text.
package struct CertificateBundle: Sendable {
    package enum Part: String, Sendable, Hashable, CaseIterable {
        /// The certificate for the private key, then its issuers in order, then the others in file order. Without a
        /// private key, or with one that cannot be compared, all in file order.
        case certificates
        case privateKey
        /// The CA certificates, in file order.
        case caCertificates
    }

    private let certificates: Result<SecretBytes, Failure>
    private let privateKey: Result<SecretBytes, Failure>
    private let caCertificates: Result<SecretBytes, Failure>

    /// Reads the file. This takes time: a key derivation with many iterations takes up to a second.
    ///
    /// - Parameter password: for PKCS#12 and for an encrypted private key; ignored if nothing is encrypted. Without one,
    ///   PKCS#12 is read with the empty password, and an encrypted private key stays as it is.
    /// - Throws: why no part of the file can be used.
    package init(_ bytes: UnsafeRawBufferPointer, password: UnsafeRawBufferPointer?) throws(Failure) {
        defer { ERR_clear_error() }
        let blocks = try BundleBlocks(file: bytes, password: password)
        guard blocks.keys.count <= 1 else { throw .severalKeys(blocks.keys.count) }
        let order = try CertificateOrder(blocks.certificates, key: blocks.keys.first)
        privateKey = blocks.keys.isEmpty ? .failure(.keyMissing) : .success(SecretBytes(joining: blocks.keys))
        if blocks.certificates.isEmpty {
            certificates = .failure(.certificateMissing)
        } else if let sorted = order.sorted {
            certificates = .success(SecretBytes(joining: sorted.map { blocks.certificates[$0] }))
        } else {
            certificates = .failure(.foreignKey)
        }
        let authorities = order.authorities
        caCertificates =
            authorities.isEmpty
            ? .failure(.authorityMissing)
            : .success(SecretBytes(joining: authorities.map { blocks.certificates[$0] }))
    }

    /// PEM text; each block ends with a line break. Returns the same object each time.
    package func part(_ part: Part) throws(Failure) -> SecretBytes {
        switch part {
        case .certificates: try certificates.get()
        case .privateKey: try privateKey.get()
        case .caCertificates: try caCertificates.get()
        }
    }

    /// Whether the file holds a private key together with certificates, or is PKCS#12. Nothing is decrypted. For invalid
    /// PEM, only the text before the defect counts.
    package static func isCombined(_ bytes: UnsafeRawBufferPointer) -> Bool {
        BundleFormat.read(bytes) { content, format in
            switch format {
            case .pem(let text):
                return text.blocks.contains(where: \.isPrivateKey) && text.blocks.contains(where: \.isCertificate)
            case .der:
                var (reader, kinds) = (BERReader(content), [DERKind]())
                while kinds.count < BundleBlocks.limit, let value = reader.next() { kinds.append(DERKind(value)) }
                return kinds.contains(.certificate) && kinds.contains(where: \.isPrivateKey)
            case .pkcs12: return true
            }
        } ?? false
    }
}

extension SecretBytes {
    /// PEM blocks one after another. The last block of a file may lack its line break; it gets one.
    convenience init(joining blocks: [SecretBytes]) {
        self.init(capacity: blocks.reduce(0) { $0 + $1.count + 1 }) { output in
            var count = 0
            for block in blocks {
                block.withUnsafeBytes { block in
                    UnsafeMutableRawBufferPointer(rebasing: output[count...]).copyMemory(from: block)
                    count += block.count
                    guard block.last != UInt8(ascii: "\n") else { return }
                    output[count] = UInt8(ascii: "\n")
                    count += 1
                }
            }
            return count
        }
    }
}
