import COpenSSL
import Snapshots

/// A PKCS#12 file (PFX, RFC 7292). Its memory must outlive it.
///
/// The file may lack a MAC. Then only its encryption, if any, detects a wrong password.
struct PKCS12File {
    typealias Failure = CertificateBundle.Failure

    /// The AuthenticatedSafe.
    private let content: SecretBytes
    private let mac: MessageCode?

    /// The maximum depth of nested SafeContents. Programs write no nested ones.
    private static let deepest = 4

    init(_ file: UnsafeRawBufferPointer) throws(Failure) {
        guard let value = BERValue(firstIn: file), value.encoding.count == file.count,
            let parts = value.sequence(limit: 3), parts.count >= 2, let info = ContentInfo(parts[1])
        else { throw .damagedPKCS12 }
        guard info.isData else { throw .publicKeyPKCS12 }
        guard let content = info.content.octets() else { throw .damagedPKCS12 }
        self.content = content
        mac = try parts.count == 3 ? MessageCode(parts[2]) : nil
    }

    /// The certificates and keys in file order.
    ///
    /// - Parameter password: nil: the empty password.
    func blocks(_ password: Password?) throws(Failure) -> BundleBlocks {
        var budget = DerivationBudget()
        let isEmpty = password?.isEmpty ?? true
        if !isEmpty, let password { return try read(password, &budget) }
        do throws(Failure) {
            return try read(.null, &budget)
        } catch {
            guard case .wrongPassword = error else { throw error }
        }
        do throws(Failure) {
            return try read(password ?? .empty, &budget)
        } catch {
            guard case .wrongPassword = error, password == nil else { throw error }
            throw .passwordMissing
        }
    }

    private func read(_ password: Password, _ budget: inout DerivationBudget) throws(Failure) -> BundleBlocks {
        if let mac, try !mac.verify(content, password, &budget) { throw .wrongPassword(.pkcs12, password.hint) }
        var reading = Reading(password: password, budget: budget, isVerified: mac != nil)
        defer { budget = reading.budget }
        try content.withUnsafeBytes { content throws(Failure) in try reading.read(authenticatedSafe: content) }
        return reading.blocks
    }

    private struct Reading {
        let password: Password
        var budget: DerivationBudget
        /// Whether the MAC shows that the password is right.
        let isVerified: Bool
        var blocks = BundleBlocks()
        private var count = 0

        init(password: Password, budget: DerivationBudget, isVerified: Bool) {
            self.password = password
            self.budget = budget
            self.isVerified = isVerified
        }

        /// Content that was encrypted is damaged after decryption.
        private var decryptionFailure: Failure {
            isVerified ? .damagedPKCS12 : .wrongPassword(.pkcs12, password.hint)
        }

        private mutating func add() throws(Failure) {
            count += 1
            guard count <= BundleBlocks.limit else { throw .tooManyValues }
        }

        mutating func read(authenticatedSafe: UnsafeRawBufferPointer) throws(Failure) {
            guard let safes = BERValue(firstIn: authenticatedSafe), safes.tag == BERValue.Tag.sequence,
                safes.encoding.count == authenticatedSafe.count
            else { throw .damagedPKCS12 }
            var reader = BERReader(safes.content)
            while let value = reader.next() {
                try add()
                guard let info = ContentInfo(value) else { throw .damagedPKCS12 }
                if info.isData {
                    guard let octets = info.content.octets() else { throw .damagedPKCS12 }
                    try octets.withUnsafeBytes { octets throws(Failure) in
                        try read(safeContents: octets, depth: 0, .damagedPKCS12)
                    }
                } else if info.isEncryptedData {
                    guard let encrypted = EncryptedOctets(encryptedData: info.content) else { throw .damagedPKCS12 }
                    guard let plain = try encrypted.decrypt(password, &budget) else {
                        throw .wrongPassword(.pkcs12, password.hint)
                    }
                    try read(safeContents: plain.bytes, depth: 0, decryptionFailure)
                } else {
                    throw .publicKeyPKCS12
                }
            }
            guard reader.isAtEnd else { throw .damagedPKCS12 }
        }

        /// - Parameter failure: if they are damaged.
        private mutating func read(
            safeContents: UnsafeRawBufferPointer, depth: Int, _ failure: Failure
        ) throws(Failure) {
            guard let contents = BERValue(firstIn: safeContents), contents.tag == BERValue.Tag.sequence,
                contents.encoding.count == safeContents.count
            else { throw failure }
            var reader = BERReader(contents.content)
            while let value = reader.next() {
                try add()
                guard let parts = value.sequence(limit: 3), parts.count >= 2, let content = parts[1].explicit else {
                    throw failure
                }
                try read(bag: parts[0].identifier, content, depth: depth, failure)
            }
            guard reader.isAtEnd else { throw failure }
        }

        private mutating func read(
            bag: Int32, _ content: BERValue, depth: Int, _ failure: Failure
        ) throws(Failure) {
            switch bag {
            case NID_keyBag: try blocks.add(key: PEMWriter.privateKey(content.encoding))
            case NID_pkcs8ShroudedKeyBag: try read(shroudedKey: content, failure)
            case NID_certBag:
                guard let parts = content.sequence(limit: 2), parts.count == 2 else { throw failure }
                // The other kind, of SDSI, is in use nowhere.
                guard parts[0].identifier == NID_x509Certificate else { return }
                guard let octets = parts[1].explicit?.octets() else { throw failure }
                try blocks.add(certificate: octets.withUnsafeBytes(PEMWriter.certificate))
            case NID_safeContentsBag:
                guard depth < PKCS12File.deepest else { throw .damagedPKCS12 }
                try read(safeContents: content.encoding, depth: depth + 1, failure)
            // Revocation lists, secrets and what others define.
            default: return
            }
        }

        private mutating func read(shroudedKey content: BERValue, _ failure: Failure) throws(Failure) {
            guard let encrypted = EncryptedOctets(pkcs8: content) else { throw failure }
            // A second key is not decrypted, because the file cannot be used.
            guard blocks.keys.isEmpty else {
                return try blocks.add(key: PEMWriter.block("ENCRYPTED PRIVATE KEY", content.encoding))
            }
            guard let plain = try encrypted.decrypt(password, &budget) else {
                throw .wrongPassword(.pkcs12, password.hint)
            }
            guard let key = PEMWriter.privateKey(plain.bytes) else {
                throw isVerified ? .keyDamaged : decryptionFailure
            }
            try blocks.add(key: key)
        }
    }
}

/// A ContentInfo (RFC 7292, 4; RFC 2315, 7).
private struct ContentInfo {
    private let kind: Int32
    let content: BERValue

    init?(_ value: BERValue) {
        guard let parts = value.sequence(limit: 2), parts.count == 2, let content = parts[1].explicit else {
            return nil
        }
        kind = parts[0].identifier
        self.content = content
    }

    var isData: Bool { kind == NID_pkcs7_data }
    var isEncryptedData: Bool { kind == NID_pkcs7_encrypted }
}

extension EncryptedOctets {
    /// - Parameter value: an EncryptedData (RFC 2315, 13): a version, and a type, an algorithm and `[0] IMPLICIT` bytes.
    fileprivate init?(encryptedData value: BERValue) {
        guard let parts = value.sequence(limit: 3), parts.count >= 2, let info = parts[1].sequence(limit: 3),
            info.count == 3, info[0].identifier == NID_pkcs7_data
        else { return nil }
        self.init(info[1], info[2].octets(context: true))
    }
}

/// The MacData of a file (RFC 7292, 4): HMAC with a key from the password.
private struct MessageCode {
    private let digest: OpaquePointer
    private let code: SecretBytes
    private let salt: SecretBytes
    private let iterations: Int

    init(_ value: BERValue) throws(CertificateBundle.Failure) {
        guard let parts = value.sequence(limit: 3), parts.count >= 2, let info = parts[0].sequence(limit: 2),
            info.count == 2, let algorithm = info[0].sequence(limit: 2)?.first, let code = info[1].octets(),
            let salt = parts[1].octets()
        else { throw .damagedPKCS12 }
        // The default is 1.
        let iterations = parts.count == 3 ? parts[2].number : 1
        guard let iterations, iterations > 0 else { throw .damagedPKCS12 }
        guard let name = OBJ_nid2sn(algorithm.identifier), let digest = EVP_get_digestbyname(name) else {
            throw .unsupportedMAC
        }
        self.digest = digest
        self.code = code
        self.salt = salt
        self.iterations = iterations
    }

    /// Whether the code is the one of `content`.
    func verify(
        _ content: SecretBytes, _ password: Password, _ budget: inout DerivationBudget
    ) throws(CertificateBundle.Failure) -> Bool {
        try budget.spend(DerivationCost(iterations: iterations))
        let size = EVP_MD_get_size(digest)
        guard size > 0, size <= EVP_MAX_MD_SIZE, code.count == size else { throw .damagedPKCS12 }
        var (key, result) = ([UInt8](repeating: 0, count: Int(size)), [UInt8](repeating: 0, count: Int(size)))
        defer { OPENSSL_cleanse(&key, key.count) }
        let isDerived = salt.withUnsafeBytes { salt in
            password.withPointer { password, length in
                // The function does not change the salt.
                let start = UnsafeMutableRawPointer(mutating: salt.baseAddress)?.assumingMemoryBound(to: UInt8.self)
                return PKCS12_key_gen_utf8_ex(
                    password, length, start, Int32(clamping: salt.count), PKCS12_MAC_ID, Int32(clamping: iterations),
                    size, &key, digest, nil, nil)
            }
        }
        guard isDerived == 1 else { throw .unsupportedMAC }
        let isComputed = content.withUnsafeBytes { content in
            HMAC(
                digest, key, size, content.baseAddress?.assumingMemoryBound(to: UInt8.self), content.count, &result, nil
            )
                != nil
        }
        return isComputed && code.withUnsafeBytes { CRYPTO_memcmp($0.baseAddress, result, Int(size)) } == 0
    }
}
