import COpenSSL
import Snapshots

/// The certificates and private keys of a file as PEM blocks, in file order. Keys are decrypted if there is a password.
struct BundleBlocks {
    typealias Failure = CertificateBundle.Failure

    /// The maximum number of certificates, of private keys and of other values in a file. The certificates that browsers
    /// and Java trust are fewer than 200.
    static let limit = 1_000
    /// The maximum size of DER and PKCS#12, in bytes; that of a Secret.
    static let largest = 1 << 20

    private(set) var certificates: [SecretBytes] = []
    private(set) var keys: [SecretBytes] = []

    init() {}

    init(file: UnsafeRawBufferPointer, password: UnsafeRawBufferPointer?) throws(Failure) {
        guard !file.isEmpty else { throw .empty }
        let password = try password.map { bytes throws(Failure) in try Password(bytes) }
        let blocks = try BundleFormat.read(file) { content, format throws(Failure) -> BundleBlocks in
            if case .pem(let text) = format { return try BundleBlocks(pem: text, in: content, password) }
            guard content.count <= Self.largest else { throw .tooLarge }
            guard case .pkcs12 = format else { return try BundleBlocks(der: content, password) }
            return try PKCS12File(content).blocks(password)
        }
        guard let blocks else { throw .unknownFormat }
        self = blocks
    }

    mutating func add(certificate block: SecretBytes?) throws(Failure) {
        guard let block else { throw .certificateDamaged(number: certificates.count + 1) }
        guard certificates.count < Self.limit else { throw .tooManyValues }
        certificates.append(block)
    }

    mutating func add(key block: SecretBytes?) throws(Failure) {
        guard let block else { throw .keyDamaged }
        guard keys.count < Self.limit else { throw .tooManyValues }
        keys.append(block)
    }

    // MARK: PEM

    private init(
        pem text: PEMText, in content: UnsafeRawBufferPointer, _ password: Password?
    ) throws(Failure) {
        if let defect = text.defect { throw .malformed(defect) }
        // Before decrypting one of them.
        let count = text.blocks.count { $0.isPrivateKey }
        guard count <= 1 else { throw .severalKeys(count) }
        for block in text.blocks {
            let bytes = UnsafeRawBufferPointer(rebasing: content[block.range])
            if block.isCertificate {
                try add(certificate: SecretBytes(bytes))
            } else if block.isPrivateKey {
                try add(key: Self.decrypted(bytes, password) ?? SecretBytes(bytes))
            }
        }
    }

    /// The key of a PEM block without its encryption; nil if it has none or there is no password.
    private static func decrypted(_ text: UnsafeRawBufferPointer, _ password: Password?) throws(Failure) -> SecretBytes?
    {
        guard let password else { return nil }
        var reader = PEMReader(text)
        guard let block = reader.next() else { throw .keyDamaged }
        if block.label == "ENCRYPTED PRIVATE KEY" {
            return try block.withContent { content throws(Failure) in try decrypted(pkcs8: content, password) }
        }
        return block.isEncrypted ? try LegacyEncryption(block).decrypt(block, password) : nil
    }

    /// The key of an EncryptedPrivateKeyInfo (RFC 5958, 3).
    private static func decrypted(pkcs8 content: UnsafeRawBufferPointer, _ password: Password) throws(Failure)
        -> SecretBytes
    {
        guard let value = BERValue(firstIn: content), value.encoding.count == content.count,
            let encrypted = EncryptedOctets(pkcs8: value)
        else { throw .keyDamaged }
        var budget = DerivationBudget()
        guard let plain = try encrypted.decrypt(password, &budget), let key = PEMWriter.privateKey(plain.bytes) else {
            throw .wrongPassword(.privateKey, password.hint)
        }
        return key
    }

    // MARK: DER

    private init(der content: UnsafeRawBufferPointer, _ password: Password?) throws(Failure) {
        var (reader, number) = (BERReader(content), 0)
        while !reader.isAtEnd {
            number += 1
            guard number <= Self.limit else { throw .tooManyValues }
            guard let value = reader.next() else { throw .damagedValue(number: number) }
            let encoding = value.encoding
            switch DERKind(value) {
            case .certificate: try add(certificate: PEMWriter.certificate(encoding))
            case .pkcs8: try add(key: PEMWriter.privateKey(encoding))
            case .pkcs1: try add(key: PEMWriter.block("RSA PRIVATE KEY", encoding))
            case .sec1: try add(key: PEMWriter.block("EC PRIVATE KEY", encoding))
            case .encryptedPKCS8:
                // A second key is not decrypted, because the file cannot be used.
                guard let password, keys.isEmpty else {
                    try add(key: PEMWriter.block("ENCRYPTED PRIVATE KEY", encoding))
                    continue
                }
                try add(key: Self.decrypted(pkcs8: encoding, password))
            case .other: throw .damagedValue(number: number)
            }
        }
    }
}
