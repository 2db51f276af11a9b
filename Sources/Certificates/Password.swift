/// The password of a file as libcrypto takes it: in UTF-8, otherwise it counts as ISO 8859-1 (PKCS12_parse(3)). Its memory
/// must outlive it.
struct Password {
    private let bytes: UnsafeRawBufferPointer?

    /// The maximum length in bytes.
    static let longest = 4_096

    init(_ bytes: UnsafeRawBufferPointer) throws(CertificateBundle.Failure) {
        guard bytes.count <= Self.longest else { throw .passwordTooLong }
        self.bytes = bytes
    }

    private init(known bytes: UnsafeRawBufferPointer?) { self.bytes = bytes }

    static var empty: Password { Password(known: UnsafeRawBufferPointer(start: nil, count: 0)) }

    /// No password at all. In PKCS#12, some programs encode the empty password as two zero bytes, the terminator of a
    /// BMPString, and others as nothing (RFC 7292, B.1 and B.2).
    static var null: Password { Password(known: nil) }

    /// Calls `body` with the pointer and length for a function of libcrypto.
    func withPointer<Result>(_ body: (UnsafePointer<CChar>?, Int32) -> Result) -> Result {
        guard let bytes else { return body(nil, 0) }
        guard let start = bytes.baseAddress, !bytes.isEmpty else {
            // The empty password needs a pointer.
            return withUnsafePointer(to: CChar(0)) { body($0, 0) }
        }
        return body(start.assumingMemoryBound(to: CChar.self), Int32(clamping: bytes.count))
    }

    var isEmpty: Bool { bytes?.isEmpty ?? true }

    /// Why the password may be wrong.
    var hint: CertificateBundle.PasswordHint {
        bytes?.last == UInt8(ascii: "\n") || bytes?.last == UInt8(ascii: "\r") ? .endsInLineBreak : .none
    }
}
