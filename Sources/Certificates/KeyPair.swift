import COpenSSL
package import Snapshots

/// A new key pair of libcrypto. It is wiped and freed when this value is destroyed.
package struct KeyPair: ~Copyable {
    package enum Kind: Sendable {
        case rsa(bits: Int)
        /// A curve of NIST: 256, 384 or 521 bits.
        case ec(bits: Int)
        case ed25519
    }

    /// libcrypto cannot do it: it has no randomness or no memory.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        let operation: String

        package var description: String { "libcrypto cannot \(operation)" }
    }

    let pointer: OpaquePointer

    /// Generates a key pair; EVP_PKEY_generate(3). An RSA key takes up to seconds.
    package init(_ kind: Kind) throws(Failure) {
        let name =
            switch kind {
            case .rsa: "RSA"
            case .ec: "EC"
            case .ed25519: "ED25519"
            }
        let failure = Failure(operation: "generate a key of kind \(name)")
        guard let context = EVP_PKEY_CTX_new_from_name(nil, name, nil) else { throw failure }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_keygen_init(context) == 1 else { throw failure }
        switch kind {
        case .rsa(let bits):
            guard EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(bits)) == 1 else { throw failure }
        case .ec(let bits):
            guard EVP_PKEY_CTX_set_group_name(context, "P-\(bits)") == 1 else { throw failure }
        case .ed25519: break
        }
        var key: OpaquePointer?
        guard EVP_PKEY_generate(context, &key) == 1, let key else { throw failure }
        pointer = key
    }

    deinit { EVP_PKEY_free(pointer) }

    /// The private key in PKCS#8.
    package func privateKey(isPEM: Bool) throws(Failure) -> SecretBytes {
        guard
            let bytes = Self.bytes({
                isPEM
                    ? PEM_write_bio_PKCS8PrivateKey($0, pointer, nil, nil, 0, nil, nil)
                    : i2d_PKCS8PrivateKey_bio($0, pointer, nil, nil, 0, nil, nil)
            })
        else { throw Failure(operation: "write a private key") }
        return bytes
    }

    /// The public key as SubjectPublicKeyInfo (RFC 5280).
    package func publicKey(isPEM: Bool) throws(Failure) -> SecretBytes {
        guard
            let bytes = Self.bytes({
                isPEM ? PEM_write_bio_PUBKEY($0, pointer) : i2d_PUBKEY_bio($0, pointer)
            })
        else { throw Failure(operation: "write a public key") }
        return bytes
    }

    private static func bytes(_ write: (OpaquePointer) -> Int32) -> SecretBytes? {
        // Wiped when it is freed or grows.
        guard let output = BIO_new(BIO_s_secmem()) else { return nil }
        defer { BIO_free(output) }
        guard write(output) == 1, let size = Int32(exactly: BIO_ctrl_pending(output)) else { return nil }
        return SecretBytes(capacity: Int(size)) { Int(max(0, BIO_read(output, $0.baseAddress, size))) }
    }
}

/// Random bytes of libcrypto.
package enum RandomBytes {
    /// RAND_priv_bytes(3), whose generator the kernel seeds.
    package static func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(KeyPair.Failure) {
        guard let size = Int32(exactly: buffer.count), size > 0 else { return }
        guard RAND_priv_bytes(buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), size) == 1 else {
            throw KeyPair.Failure(operation: "get random bytes")
        }
    }
}
