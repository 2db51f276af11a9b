import COpenSSL

/// A private key as libcrypto holds it; freed, and wiped, when it goes.
struct PrivateKey: ~Copyable {
    /// Why there is none.
    enum Failure: Error {
        /// No block of PEM with a private key.
        case missing
        /// A block that is damaged.
        case unreadable
        case encrypted
        /// In a form, or of a kind, that libcrypto does not know.
        case unknownKind
    }

    let pointer: OpaquePointer

    static let labels: Set = [
        "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
    ]

    /// The first private key in `pem`, as TLS servers take it; what else is there is skipped.
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

    /// Bytes. RSA with the largest modulus that libcrypto works with, 16,384 bits, takes 10,000; to read one that claims
    /// many primes takes the time of its size squared.
    private static let longest = 16 << 10

    /// Reads PKCS#8 of the kinds that are known and no others: to read a DSA or DH key libcrypto computes its public half,
    /// which takes the time of its size cubed.
    ///
    /// - Parameter label: the kind that the label says, of PKCS#1 and SEC1; libcrypto takes PKCS#8 under it too.
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
