import COpenSSL
import Glibc
import LinuxIO

/// A certificate and its private key, created by libcrypto, as PEM text.
package struct TLSPair: Sendable, Equatable {
    package enum Kind: Sendable, Hashable, CaseIterable {
        /// P-256: the fastest to create.
        case ec
        case rsa, ed25519, ed448
    }

    /// The format of the key.
    package enum KeyForm: Sendable, CaseIterable {
        case pkcs8
        /// PKCS#1 for RSA, SEC1 for EC. Other types have no traditional form.
        case traditional
        case pkcs8Encrypted, traditionalEncrypted
    }

    package struct Failure: Error {
        let call: String
    }

    package let certificate: String
    /// PKCS#8.
    package let key: String
    private let secret: SharedKey

    private struct Parameters: Hashable {
        let name: String
        let kind: Kind
        let validity: ClosedRange<Int64>?
        let issuer: String?
        let isAuthority: Bool
    }

    private static let made = Mutex<[Parameters: TLSPair]>([:])

    /// The same parameters return the same pair throughout the process.
    ///
    /// - Parameters:
    ///   - name: the common name. Each name has its own key.
    ///   - validity: seconds since 1970; nil: from yesterday to tomorrow.
    ///   - issuer: the signer; nil: self-signed.
    ///   - isAuthority: whether the basic constraints mark it as a CA; otherwise it has none.
    package static func make(
        _ name: String = "test", kind: Kind = .ec, validity: ClosedRange<Int64>? = nil, issuer: TLSPair? = nil,
        isAuthority: Bool = false
    ) throws(Failure) -> TLSPair {
        let parameters = Parameters(
            name: name, kind: kind, validity: validity, issuer: issuer?.certificate, isAuthority: isAuthority)
        return try made.withLock { made throws(Failure) in
            if let pair = made[parameters] { return pair }
            let pair = try TLSPair(parameters, signer: issuer)
            made[parameters] = pair
            return pair
        }
    }

    /// A pair that was valid for one day from 2001-09-09T01:46:40Z.
    package static func expired(_ name: String = "expired") throws(Failure) -> TLSPair {
        try make(name, validity: 1_000_000_000...1_000_086_400)
    }

    /// The certificate first, then those of `issuers`.
    package func chain(_ issuers: TLSPair...) -> String {
        ([self] + issuers).map(\.certificate).joined()
    }

    /// - Throws: if the key type has no such form.
    package func key(as form: KeyForm) throws(Failure) -> String {
        try PEM.text { bio in
            let cipher = EVP_aes_256_cbc()
            var password = Array("passphrase".utf8)
            let size = Int32(password.count)
            return switch form {
            case .pkcs8: PEM_write_bio_PKCS8PrivateKey(bio, secret.pointer, nil, nil, 0, nil, nil)
            case .traditional: PEM_write_bio_PrivateKey_traditional(bio, secret.pointer, nil, nil, 0, nil, nil)
            case .pkcs8Encrypted: PEM_write_bio_PrivateKey(bio, secret.pointer, cipher, &password, size, nil, nil)
            case .traditionalEncrypted:
                PEM_write_bio_PrivateKey_traditional(bio, secret.pointer, cipher, &password, size, nil, nil)
            }
        }
    }

    package static func == (left: TLSPair, right: TLSPair) -> Bool { left.certificate == right.certificate }

    private init(_ parameters: Parameters, signer: TLSPair?) throws(Failure) {
        let secret = try SharedKey(parameters.kind)
        let now = Int64(time(nil))
        let validity = parameters.validity ?? (now - 86_400)...(now + 86_400)
        let issuer = signer.flatMap { Certificate.parse($0.certificate) }
        defer { X509_free(issuer) }
        guard let certificate = X509_new() else { throw Failure(call: "X509_new") }
        defer { X509_free(certificate) }
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), UInt64.random(in: 1...(.max >> 1)))
        ASN1_TIME_set(X509_getm_notBefore(certificate), time_t(validity.lowerBound))
        ASN1_TIME_set(X509_getm_notAfter(certificate), time_t(validity.upperBound))
        let subject = X509_get_subject_name(certificate)
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, parameters.name, -1, -1, 0)
        X509_set_issuer_name(certificate, issuer.map { X509_get_subject_name($0) } ?? subject)
        X509_set_pubkey(certificate, secret.pointer)
        if parameters.isAuthority {
            let constraints = X509V3_EXT_conf_nid(nil, nil, NID_basic_constraints, "critical,CA:TRUE")
            X509_add_ext(certificate, constraints, -1)
            X509_EXTENSION_free(constraints)
        }
        let signerKey = signer?.secret ?? secret
        guard X509_sign(certificate, signerKey.pointer, signerKey.digest) > 0 else { throw Failure(call: "X509_sign") }
        self.secret = secret
        self.certificate = try PEM.text { PEM_write_bio_X509($0, certificate) }
        key = try PEM.text { PEM_write_bio_PKCS8PrivateKey($0, secret.pointer, nil, nil, 0, nil, nil) }
    }
}

/// A key pair. libcrypto allows reading it from many threads.
private final class SharedKey: @unchecked Sendable {
    let pointer: OpaquePointer
    private let kind: TLSPair.Kind

    init(_ kind: TLSPair.Kind) throws(TLSPair.Failure) {
        let identifier =
            switch kind {
            case .ec: EVP_PKEY_EC
            case .rsa: EVP_PKEY_RSA
            case .ed25519: EVP_PKEY_ED25519
            case .ed448: EVP_PKEY_ED448
            }
        let context = EVP_PKEY_CTX_new_id(identifier, nil)
        defer { EVP_PKEY_CTX_free(context) }
        EVP_PKEY_keygen_init(context)
        if kind == .ec { EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen(context, &key) == 1, let key else { throw TLSPair.Failure(call: "EVP_PKEY_keygen") }
        pointer = key
        self.kind = kind
    }

    deinit { EVP_PKEY_free(pointer) }

    /// EdDSA has a built-in digest.
    var digest: OpaquePointer? {
        switch kind {
        case .ec, .rsa: EVP_sha256()
        case .ed25519, .ed448: nil
        }
    }
}

private enum Certificate {
    static func parse(_ pem: String) -> OpaquePointer? {
        // The BIO reads in place.
        Array(pem.utf8).withUnsafeBytes { bytes in
            let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count))
            defer { BIO_free(bio) }
            return PEM_read_bio_X509(bio, nil, nil, nil)
        }
    }
}

private enum PEM {
    /// The text that `write` writes into a BIO.
    static func text(_ write: (OpaquePointer?) -> Int32) throws(TLSPair.Failure) -> String {
        let bio = BIO_new(BIO_s_mem())
        defer { BIO_free(bio) }
        guard write(bio) == 1 else { throw TLSPair.Failure(call: "PEM_write_bio") }
        var bytes = [UInt8](repeating: 0, count: BIO_ctrl_pending(bio))
        let count = BIO_read(bio, &bytes, Int32(bytes.count))
        return String(decoding: bytes.prefix(Int(max(0, count))), as: UTF8.self)
    }
}
