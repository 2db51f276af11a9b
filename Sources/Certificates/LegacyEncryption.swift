import COpenSSL
import Snapshots

/// The encryption of a PEM block with headers (RFC 1421), as OpenSSL writes it: PEM_write_bio_PrivateKey_traditional(3).
struct LegacyEncryption {
    private var info: EVP_CIPHER_INFO
    private let context: OpaquePointer?

    init(_ block: borrowing PEMBlock) throws(CertificateBundle.Failure) {
        guard let info = block.cipherInfo() else { throw .unsupportedEncryption }
        self.info = info
        context = try CipherContext.find(EVP_CIPHER_get_nid(info.cipher))
    }

    /// The block without its encryption, under the same label.
    func decrypt(_ block: borrowing PEMBlock, _ password: Password) throws(CertificateBundle.Failure) -> SecretBytes {
        let plain = block.withContent { content in
            SecretBytes(capacity: content.count + Int(EVP_MAX_BLOCK_LENGTH)) { output in
                decrypt(content, password, into: output) ?? 0
            }
        }
        let decrypted = plain.withUnsafeBytes { plain in
            DERHeader(plain)?.total == plain.count ? PEMWriter.block(block.label, plain) : nil
        }
        guard let decrypted else { throw .wrongPassword(.privateKey, password.hint) }
        return decrypted
    }

    /// - Returns: the number of bytes; nil if the padding is wrong.
    private func decrypt(
        _ content: UnsafeRawBufferPointer, _ password: Password, into output: UnsafeMutableRawBufferPointer
    ) -> Int? {
        var key = [UInt8](repeating: 0, count: Int(EVP_MAX_KEY_LENGTH))
        defer { OPENSSL_cleanse(&key, key.count) }
        let cipher = EVP_CIPHER_fetch(context, EVP_CIPHER_get0_name(info.cipher), nil)
        defer { EVP_CIPHER_free(cipher) }
        let state = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(state) }
        return withUnsafeBytes(of: info.iv) { vector in
            let vector = vector.bindMemory(to: UInt8.self).baseAddress
            // One iteration of MD5; the start of the initialization vector is the salt (PEM_read_bio_PrivateKey(3)).
            let size = password.withPointer { password, length in
                let password = UnsafeRawPointer(password)?.assumingMemoryBound(to: UInt8.self)
                return EVP_BytesToKey(info.cipher, EVP_md5(), vector, password, length, 1, &key, nil)
            }
            let start = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            let input = content.baseAddress?.assumingMemoryBound(to: UInt8.self)
            var (count, rest) = (Int32(0), Int32(0))
            guard size > 0, let start, let length = Int32(exactly: content.count),
                EVP_DecryptInit_ex2(state, cipher, key, vector, nil) == 1,
                EVP_DecryptUpdate(state, start, &count, input, length) == 1,
                EVP_DecryptFinal_ex(state, start + Int(count), &rest) == 1
            else { return nil }
            return Int(count) + Int(rest)
        }
    }
}
