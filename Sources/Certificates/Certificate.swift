import COpenSSL
import Glibc

/// An X.509 certificate as libcrypto holds it; freed when it goes.
final class Certificate {
    private let pointer: OpaquePointer

    static let labels: Set = ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"]

    /// Nil if the block holds none.
    init?(_ block: borrowing PEMBlock) {
        guard let pointer = block.decode({ d2i_X509(nil, &$0, $1) }) else { return nil }
        self.pointer = pointer
    }

    /// Nil if the first block of `pem` holds none.
    convenience init?(firstIn pem: UnsafeRawBufferPointer) {
        var reader = PEMReader(pem)
        guard let block = reader.next() else { return nil }
        self.init(block)
    }

    deinit { X509_free(pointer) }

    /// By names, key identifiers and key usage: no signature is verified.
    func isIssued(by issuer: Certificate) -> Bool { X509_check_issued(issuer.pointer, pointer) == X509_V_OK }

    /// Says so in its basic constraints, or is a root of version 1, which has none: X509_check_ca(3).
    var isAuthority: Bool { [1, 3].contains(X509_check_ca(pointer)) }

    /// Set if common servers or clients reject its kind of key.
    var uncommonKey: UncommonKey? { X509_get0_pubkey(pointer).flatMap { UncommonKey($0) } }

    /// Whether `key` is the private half of its key; nil if libcrypto does not know the kind of its key.
    func fits(_ key: borrowing PrivateKey) -> Bool? {
        guard let own = X509_get0_pubkey(pointer) else { return nil }
        // 1 the same, 0 another, -1 of another kind, -2 cannot be compared: EVP_PKEY_eq(3).
        return switch EVP_PKEY_eq(own, key.pointer) {
        case 1: true
        case 0, -1: false
        default: nil
        }
    }

    /// Nil if it does not name both times.
    var validity: Validity? {
        guard let from = Self.seconds(X509_get0_notBefore(pointer)), let to = Self.seconds(X509_get0_notAfter(pointer))
        else { return nil }
        return Validity(notBefore: from, notAfter: to)
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        var fields = tm()
        // Nil would mean the present time.
        guard let time, ASN1_TIME_to_tm(time, &fields) == 1 else { return nil }
        return Int64(timegm(&fields))
    }
}

/// When a certificate is valid, in seconds since 1970; both ends belong to it (RFC 5280, 4.1.2.5).
package struct Validity: Sendable, Equatable {
    package let notBefore: Int64
    package let notAfter: Int64

    package init(notBefore: Int64, notAfter: Int64) {
        self.notBefore = notBefore
        self.notAfter = notAfter
    }
}
