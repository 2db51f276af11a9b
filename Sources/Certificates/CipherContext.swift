import COpenSSL

/// Where libcrypto finds the old ciphers of PKCS#12 and of encrypted keys: RC2, RC4 and DES. Since OpenSSL 3, they are in
/// its legacy provider (OSSL_PROVIDER-legacy(7)), which is not loaded by default.
///
/// It is loaded into a context of its own when the first file needs it, so that TLS connections cannot use it.
final class CipherContext: @unchecked Sendable {
    // Sendable: all threads may use a context (OSSL_LIB_CTX(3)). It does not change after `init`.
    private let pointer: OpaquePointer

    private static let legacy = CipherContext(provider: "legacy")

    /// Returns nil if the provider is not installed.
    init?(provider: String) {
        guard let pointer = OSSL_LIB_CTX_new() else { return nil }
        // The other algorithms, such as the key derivation, come from the default provider.
        guard OSSL_PROVIDER_load(pointer, provider) != nil, OSSL_PROVIDER_load(pointer, "default") != nil else {
            OSSL_LIB_CTX_free(pointer)
            return nil
        }
        self.pointer = pointer
    }

    deinit { OSSL_LIB_CTX_free(pointer) }

    /// The context that has this cipher; nil for libcrypto's default context.
    ///
    /// - Parameter cipher: the NID of the cipher.
    static func find(_ cipher: Int32) throws(CertificateBundle.Failure) -> OpaquePointer? {
        guard let name = OBJ_nid2sn(cipher) else { throw .unsupportedEncryption }
        if isAvailable(name, in: nil) { return nil }
        guard let legacy else { throw .legacyCipher(String(cString: name)) }
        guard isAvailable(name, in: legacy.pointer) else { throw .unsupportedCipher(String(cString: name)) }
        return legacy.pointer
    }

    private static func isAvailable(_ name: UnsafePointer<CChar>, in context: OpaquePointer?) -> Bool {
        let cipher = EVP_CIPHER_fetch(context, name, nil)
        EVP_CIPHER_free(cipher)
        return cipher != nil
    }
}
