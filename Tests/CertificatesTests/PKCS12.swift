import COpenSSL
import TestSupport

@testable import Certificates

/// Writes PKCS#12 files with libcrypto.
struct PKCS12 {
    enum Failure: Error { case call(String) }

    enum Cipher: Sendable, CaseIterable {
        case none, aes256, tripleDES, rc2With40Bits, rc2With128Bits

        fileprivate var identifier: Int32 {
            switch self {
            case .none: -1
            case .aes256: NID_aes_256_cbc
            case .tripleDES: NID_pbe_WithSHA1And3_Key_TripleDES_CBC
            case .rc2With40Bits: NID_pbe_WithSHA1And40BitRC2_CBC
            case .rc2With128Bits: NID_pbe_WithSHA1And128BitRC2_CBC
            }
        }
    }

    var cipher = Cipher.aes256
    var keyCipher: Cipher?
    /// Nil: without a password, which differs from the empty one.
    var password: String?
    var hasMAC = true
    var iterations: Int32 = 2_048
    var name: String?
    /// The key usage that Windows adds to a key as an attribute, such as KEY_SIG; 0: none.
    var keyUsage: Int32 = 0

    /// - Parameters:
    ///   - keys: in PEM.
    ///   - certificates: in PEM.
    func file(keys: [String], _ certificates: [String]) throws -> [UInt8] {
        let context = OSSL_LIB_CTX_new()
        defer { OSSL_LIB_CTX_free(context) }
        var providers: [OpaquePointer] = []
        // Loaded providers are not freed with their context.
        defer { for provider in providers { OSSL_PROVIDER_unload(provider) } }
        for name in ["legacy", "default"] {
            guard let provider = OSSL_PROVIDER_load(context, name) else {
                throw Failure.call("OSSL_PROVIDER_load \(name)")
            }
            providers.append(provider)
        }
        var (certificateBags, keyBags) = (OpaquePointer?.none, OpaquePointer?.none)
        defer {
            PKCS12.free(bags: certificateBags)
            PKCS12.free(bags: keyBags)
        }
        for text in certificates {
            let certificate = PKCS12.read(text) { PEM_read_bio_X509($0, nil, nil, nil) }
            defer { X509_free(certificate) }
            let bag = PKCS12_add_cert(&certificateBags, certificate)
            if let name { PKCS12_add_friendlyname_utf8(bag, name, -1) }
        }
        for text in keys {
            let key = PKCS12.read(text) { PEM_read_bio_PrivateKey($0, nil, nil, nil) }
            defer { EVP_PKEY_free(key) }
            let bag = PKCS12_add_key_ex(
                &keyBags, key, keyUsage, iterations, (keyCipher ?? cipher).identifier, password, context, nil)
            guard bag != nil else { throw Failure.call("PKCS12_add_key_ex") }
            if let name { PKCS12_add_friendlyname_utf8(bag, name, -1) }
        }
        var safes: OpaquePointer?
        if let certificateBags {
            guard
                PKCS12_add_safe_ex(&safes, certificateBags, cipher.identifier, iterations, password, context, nil) == 1
            else { throw Failure.call("PKCS12_add_safe_ex") }
        }
        if let keyBags { PKCS12_add_safe_ex(&safes, keyBags, -1, 0, nil, context, nil) }
        defer { OPENSSL_sk_pop_free(safes) { PKCS7_free($0?.assumingMemoryBound(to: PKCS7.self)) } }
        guard let file = PKCS12_add_safes_ex(safes, 0, context, nil) else { throw Failure.call("PKCS12_add_safes_ex") }
        defer { PKCS12_free(file) }
        if hasMAC, PKCS12_set_mac(file, password, -1, nil, 0, iterations, EVP_sha256()) != 1 {
            throw Failure.call("PKCS12_set_mac")
        }
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = i2d_PKCS12(file, &bytes)
        defer { CRYPTO_free(bytes, #file, #line) }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(max(0, count))))
    }

    private static func free(bags: OpaquePointer?) {
        OPENSSL_sk_pop_free(bags) { PKCS12_SAFEBAG_free($0.map { OpaquePointer($0) }) }
    }

    private static func read(_ text: String, _ body: (OpaquePointer?) -> OpaquePointer?) -> OpaquePointer? {
        Array(text.utf8).withUnsafeBytes { bytes in
            let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count))
            defer { BIO_free(bio) }
            return body(bio)
        }
    }
}

extension CertificateBundle {
    init(_ file: [UInt8], password: String? = nil) throws {
        let password = password.map { Array($0.utf8) }
        self = try file.withUnsafeBytes { file in
            guard let password else { return try CertificateBundle(file, password: nil) }
            return try password.withUnsafeBytes { try CertificateBundle(file, password: $0) }
        }
    }

    func text(_ part: Part) throws -> String {
        try self.part(part).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// The parts, or why there is none.
    func results() -> [String] {
        Part.allCases.map { part in
            do { return try text(part) } catch { return "\(error)" }
        }
    }
}
