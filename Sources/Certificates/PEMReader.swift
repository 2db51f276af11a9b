import COpenSSL

/// Finds the PEM blocks (RFC 7468) in text. Text around them is skipped; lines may end in CR LF.
///
/// The text must outlive the reader. Nothing is decrypted, so there is no prompt for a passphrase.
struct PEMReader: ~Copyable {
    private let source: OpaquePointer?
    /// Whether the text ended in the middle of a block, or a block contained invalid base64.
    private(set) var isBroken = false

    init(_ text: UnsafeRawBufferPointer) {
        // A read-only BIO reads in place. Nil for an empty text.
        source = Int32(exactly: text.count).flatMap { BIO_new_mem_buf(text.baseAddress, $0) }
    }

    deinit { BIO_free(source) }

    /// The next block; nil after the last one and after an invalid one.
    mutating func next() -> PEMBlock? {
        guard let source, !isBroken else { return nil }
        var block = PEMBlock()
        ERR_clear_error()
        guard PEM_read_bio_ex(source, &block.name, &block.header, &block.content, &block.size, PEMBlock.flags) == 1
        else {
            isBroken = ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE
            return nil
        }
        return block
    }
}

/// A decoded PEM block. Its memory is wiped when it is destroyed.
struct PEMBlock: ~Copyable {
    /// Wipe the buffers used for decoding, and accept what libcrypto's own readers accept.
    fileprivate static let flags = UInt32(PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE)

    fileprivate var name: UnsafeMutablePointer<CChar>?
    fileprivate var header: UnsafeMutablePointer<CChar>?
    fileprivate var content: UnsafeMutablePointer<UInt8>?
    /// The size of the content, in bytes.
    fileprivate(set) var size = 0

    fileprivate init() {}

    deinit {
        CRYPTO_secure_free(name, #fileID, #line)
        CRYPTO_secure_free(header, #fileID, #line)
        CRYPTO_secure_clear_free(content, size, #fileID, #line)
    }

    /// For example `PRIVATE KEY` for `-----BEGIN PRIVATE KEY-----`.
    var label: String { name.map { String(cString: $0) } ?? "" }

    /// Whether the block has the header of an encrypted block (RFC 1421).
    var isEncrypted: Bool { header.map { String(cString: $0).contains("ENCRYPTED") } ?? false }

    /// Calls `body` with the content. The pointer must not outlive the call.
    func withContent<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: content, count: size))
    }

    /// The cipher and its parameters in the header of an encrypted block (PEM_get_EVP_CIPHER_INFO(3)); nil if the header
    /// is invalid or names an unknown cipher.
    func cipherInfo() -> EVP_CIPHER_INFO? {
        var info = EVP_CIPHER_INFO()
        // The function restores the header, which it changes while it reads.
        guard PEM_get_EVP_CIPHER_INFO(header, &info) == 1, info.cipher != nil else { return nil }
        return info
    }

    /// Calls a function of the `d2i` family with the content. The function moves the pointer.
    func decode<Result>(_ body: (inout UnsafePointer<UInt8>?, Int) -> Result) -> Result {
        var start = UnsafePointer(content)
        return body(&start, size)
    }
}
