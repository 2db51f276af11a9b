import COpenSSL
import Glibc

/// An X.509 certificate in libcrypto's form. It is freed with this object.
final class Certificate {
    private let pointer: OpaquePointer

    static let labels: Set = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"]

    /// Returns nil if the block contains no certificate.
    init?(_ block: borrowing PEMBlock) {
        guard let pointer = block.decode({ d2i_X509(nil, &$0, $1) }) else { return nil }
        self.pointer = pointer
    }

    /// Returns nil if the first block of `pem` contains no certificate.
    convenience init?(firstIn pem: UnsafeRawBufferPointer) {
        var reader = PEMReader(pem)
        guard let block = reader.next() else { return nil }
        self.init(block)
    }

    deinit { X509_free(pointer) }

    /// Compares names, key identifiers and key usage. Verifies no signature.
    func isIssued(by issuer: Certificate) -> Bool { X509_check_issued(issuer.pointer, pointer) == X509_V_OK }

    /// Whether its basic constraints say so, or it is a root of version 1, which has none: X509_check_ca(3).
    var isAuthority: Bool { [1, 3].contains(X509_check_ca(pointer)) }

    /// The kind of its key if common servers or clients reject it.
    var uncommonKey: UncommonKey? { X509_get0_pubkey(pointer).flatMap { UncommonKey($0) } }

    /// Whether `key` is the private key of the certificate; nil if libcrypto does not support the certificate's kind of
    /// key.
    func fits(_ key: borrowing PrivateKey) -> Bool? {
        guard let own = X509_get0_pubkey(pointer) else { return nil }
        // EVP_PKEY_eq(3): 1 equal, 0 different, -1 different kinds, -2 not comparable.
        return switch EVP_PKEY_eq(own, key.pointer) {
        case 1: true
        case 0, -1: false
        default: nil
        }
    }

    /// Nil if one of the two times is missing.
    var validity: Validity? {
        guard let from = Self.seconds(X509_get0_notBefore(pointer)), let to = Self.seconds(X509_get0_notAfter(pointer))
        else { return nil }
        return Validity(notBefore: from, notAfter: to)
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        var fields = tm()
        // ASN1_TIME_to_tm(3) interprets NULL as the current time.
        guard let time, ASN1_TIME_to_tm(time, &fields) == 1 else { return nil }
        return Int64(timegm(&fields))
    }
}

/// The validity period of a certificate, in seconds since 1970. Both ends are included (RFC 5280, 4.1.2.5).
package struct Validity: Sendable, Equatable {
    package let notBefore: Int64
    package let notAfter: Int64

    package init(notBefore: Int64, notAfter: Int64) {
        self.notBefore = notBefore
        self.notAfter = notAfter
    }
}
