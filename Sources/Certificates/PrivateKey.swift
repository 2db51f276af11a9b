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
        switch label {
        case "PRIVATE KEY": pointer = try Self.decodePKCS8(block)
        case "RSA PRIVATE KEY": pointer = try Self.decode(block, as: EVP_PKEY_RSA)
        case "EC PRIVATE KEY": pointer = try Self.decode(block, as: EVP_PKEY_EC)
        default: throw .unknownKind
        }
    }

    deinit { EVP_PKEY_free(pointer) }

    /// PKCS#1 and SEC1: the label says the kind.
    private static func decode(_ block: borrowing PEMBlock, as kind: Int32) throws(Failure) -> OpaquePointer {
        guard let key = block.decode({ d2i_PrivateKey(kind, nil, &$0, $1) }) else { throw .unreadable }
        return key
    }

    private static func decodePKCS8(_ block: borrowing PEMBlock) throws(Failure) -> OpaquePointer {
        guard let info = block.decode({ d2i_PKCS8_PRIV_KEY_INFO(nil, &$0, $1) }) else { throw .unreadable }
        defer { PKCS8_PRIV_KEY_INFO_free(info) }
        if let key = EVP_PKCS82PKEY(info) { return key }
        // A kind that is known cannot be read: it is damaged.
        var kind: OpaquePointer?
        guard PKCS8_pkey_get0(&kind, nil, nil, nil, info) == 1 else { throw .unreadable }
        throw known.contains(OBJ_obj2nid(kind)) ? .unreadable : .unknownKind
    }

    private static let known = [
        EVP_PKEY_RSA, EVP_PKEY_RSA_PSS, EVP_PKEY_EC, EVP_PKEY_ED25519, EVP_PKEY_ED448,
    ]
}
