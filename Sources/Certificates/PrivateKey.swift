import COpenSSL

/// A private key in libcrypto's form. It is wiped and freed when this value is destroyed.
struct PrivateKey: ~Copyable {
    /// The reason why no key could be read.
    enum Failure: Error {
        /// There is no PEM block with a private key.
        case missing
        /// The block is damaged.
        case unreadable
        case encrypted
        /// libcrypto does not support the format or the kind of key.
        case unknownKind
    }

    let pointer: OpaquePointer

    static let labels: Set = [
        "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
    ]

    /// Reads the first private key in `pem`, as TLS servers do. Other content is skipped.
    init(firstIn pem: UnsafeRawBufferPointer) throws(Failure) {
        var reader = PEMReader(pem)
        while let block = reader.next() {
            let label = block.label
            guard label.hasSuffix("PRIVATE KEY") else { continue }
            try self.init(block, label: label)
            return
        }
        throw reader.isBroken ? .unreadable : .missing
    }

    private init(_ block: borrowing PEMBlock, label: String) throws(Failure) {
        if label == "ENCRYPTED PRIVATE KEY" || block.isEncrypted { throw .encrypted }
        guard block.size <= Self.longest else { throw .unreadable }
        switch label {
        case "PRIVATE KEY": pointer = try Self.decode(block)
        case "RSA PRIVATE KEY": pointer = try Self.decode(block, labelled: EVP_PKEY_RSA)
        case "EC PRIVATE KEY": pointer = try Self.decode(block, labelled: EVP_PKEY_EC)
        default: throw .unknownKind
        }
    }

    deinit { EVP_PKEY_free(pointer) }

    /// The maximum size in bytes. RSA with the largest modulus that libcrypto supports, 16,384 bits, needs 10,000. The
    /// time to read a key that claims many primes grows with the square of its size.
    private static let longest = 16 << 10

    /// Reads PKCS#8 keys of the known kinds only. For a DSA or DH key, libcrypto computes the public key, which takes
    /// time proportional to the cube of the size.
    ///
    /// - Parameter label: the kind that the label states, for PKCS#1 and SEC1. libcrypto accepts PKCS#8 under such a
    ///   label too.
    private static func decode(
        _ block: borrowing PEMBlock, labelled label: Int32? = nil
    ) throws(Failure) -> OpaquePointer {
        guard let info = block.decode({ d2i_PKCS8_PRIV_KEY_INFO(nil, &$0, $1) }) else {
            guard let label, let key = block.decode({ d2i_PrivateKey(label, nil, &$0, $1) }) else { throw .unreadable }
            return key
        }
        defer { PKCS8_PRIV_KEY_INFO_free(info) }
        var kind: OpaquePointer?
        guard PKCS8_pkey_get0(&kind, nil, nil, nil, info) == 1 else { throw .unreadable }
        guard known.contains(OBJ_obj2nid(kind)) else { throw .unknownKind }
        guard let key = EVP_PKCS82PKEY(info) else { throw .unreadable }
        return key
    }

    private static let known = [
        EVP_PKEY_RSA, EVP_PKEY_RSA_PSS, EVP_PKEY_EC, EVP_PKEY_ED25519, EVP_PKEY_ED448,
    ]
}
