import COpenSSL
import Snapshots

/// Writes PEM blocks with libcrypto. Equal content gives equal text.
enum PEMWriter {
    /// A block with these bytes; nil if memory is exhausted.
    static func block(_ label: String, _ content: UnsafeRawBufferPointer) -> SecretBytes? {
        guard let start = content.baseAddress else { return nil }
        return text { PEM_write_bio($0, label, "", start.assumingMemoryBound(to: UInt8.self), content.count) > 0 }
    }

    /// A block with a certificate; nil if the bytes are anything but one certificate.
    static func certificate(_ content: UnsafeRawBufferPointer) -> SecretBytes? {
        guard let certificate = decode(content, { d2i_X509(nil, &$0, $1) }, X509_free) else { return nil }
        defer { X509_free(certificate) }
        return text { PEM_write_bio_X509($0, certificate) == 1 }
    }

    /// A block with a private key in PKCS#8; nil if the bytes are anything but one key.
    static func privateKey(_ content: UnsafeRawBufferPointer) -> SecretBytes? {
        guard let key = decode(content, { d2i_PKCS8_PRIV_KEY_INFO(nil, &$0, $1) }, PKCS8_PRIV_KEY_INFO_free) else {
            return nil
        }
        defer { PKCS8_PRIV_KEY_INFO_free(key) }
        return text { PEM_write_bio_PKCS8_PRIV_KEY_INFO($0, key) == 1 }
    }

    /// Calls a function of the `d2i` family, which must use all bytes.
    private static func decode(
        _ content: UnsafeRawBufferPointer, _ body: (inout UnsafePointer<UInt8>?, Int) -> OpaquePointer?,
        _ free: (OpaquePointer?) -> Void
    ) -> OpaquePointer? {
        var start = content.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard start != nil, let value = body(&start, content.count) else { return nil }
        guard start.map({ UnsafeRawPointer($0) }) == content.baseAddress?.advanced(by: content.count) else {
            free(value)
            return nil
        }
        return value
    }

    private static func text(_ write: (OpaquePointer) -> Bool) -> SecretBytes? {
        // Wiped when it is freed or grows.
        guard let output = BIO_new(BIO_s_secmem()) else { return nil }
        defer { BIO_free(output) }
        guard write(output), let size = Int32(exactly: BIO_ctrl_pending(output)) else { return nil }
        return SecretBytes(capacity: Int(size)) { Int(max(0, BIO_read(output, $0.baseAddress, size))) }
    }
}
