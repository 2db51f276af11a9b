import COpenSSL
import Snapshots

/// Bytes that are encrypted with a password, and how.
struct EncryptedOctets {
    typealias Failure = CertificateBundle.Failure

    /// The AlgorithmIdentifier.
    private let algorithm: BERValue
    private let cost: DerivationCost
    private let octets: SecretBytes

    /// - Parameter octets: nil if they are damaged.
    init?(_ algorithm: BERValue, _ octets: SecretBytes?) {
        guard let octets, octets.count > 0, let cost = DerivationCost(algorithm) else { return nil }
        self.algorithm = algorithm
        self.cost = cost
        self.octets = octets
    }

    /// An EncryptedPrivateKeyInfo (RFC 5958, 3).
    init?(pkcs8 value: BERValue) {
        guard let parts = value.sequence(), parts.count == 2 else { return nil }
        self.init(parts[0], parts[1].octets())
    }

    /// Returns nil if the password is wrong or the bytes are damaged. A wrong password remains undetected in one of 256
    /// cases.
    func decrypt(_ password: Password, _ budget: inout DerivationBudget) throws(Failure) -> ClearBytes? {
        let context = try CipherContext.find(cipher)
        try budget.spend(cost)
        var start = algorithm.encoding.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard let identifier = d2i_X509_ALGOR(nil, &start, algorithm.encoding.count) else {
            throw .unsupportedEncryption
        }
        defer { X509_ALGOR_free(identifier) }
        var (output, count) = (UnsafeMutablePointer<UInt8>?.none, Int32(0))
        let isDecrypted = octets.withUnsafeBytes { octets in
            password.withPointer { password, length in
                PKCS12_pbe_crypt_ex(
                    identifier, password, length, octets.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    Int32(clamping: octets.count), &output, &count, 0, context, nil) != nil
            }
        }
        return isDecrypted ? ClearBytes(output, count: Int(count)) : nil
    }

    /// The NID of the cipher.
    private var cipher: Int32 {
        get throws(Failure) {
            guard let parts = algorithm.sequence(), let scheme = parts.first else { throw .unsupportedEncryption }
            let identifier = scheme.identifier
            var cipher = Int32(NID_undef)
            if identifier == NID_pbes2 {
                // The derivation and the cipher (RFC 8018, A.4).
                let parameters = parts.last?.sequence()?.last?.sequence()
                cipher = parameters?.first?.identifier ?? cipher
            } else {
                EVP_PBE_find(Int32(EVP_PBE_TYPE_OUTER), identifier, &cipher, nil, nil)
            }
            guard cipher > NID_undef else { throw .unsupportedEncryption }
            return cipher
        }
    }
}

extension BERValue {
    /// The NID of this object identifier; NID_undef if libcrypto does not know it, or this is none.
    var identifier: Int32 {
        var start = encoding.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard tag == Tag.objectIdentifier, let object = d2i_ASN1_OBJECT(nil, &start, encoding.count) else {
            return NID_undef
        }
        defer { ASN1_OBJECT_free(object) }
        return OBJ_obj2nid(object)
    }
}

/// Memory that libcrypto allocated for decrypted bytes. It is wiped when it is freed.
final class ClearBytes {
    let bytes: UnsafeRawBufferPointer

    init(_ start: UnsafeMutablePointer<UInt8>?, count: Int) {
        bytes = UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
    }

    deinit { CRYPTO_clear_free(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count, #fileID, #line) }
}
