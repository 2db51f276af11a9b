import COpenSSL

/// The format of content that may contain a private key. Only the outer structure is examined. Nothing is parsed or
/// decrypted, so damaged, truncated and encrypted keys are found too.
package enum KeyContent: Sendable, Hashable {
    /// Text with a label such as `-----BEGIN RSA PRIVATE KEY-----`.
    case pem
    /// PKCS#8, encrypted or not, PKCS#1, SEC1 or DSA.
    case der
    case pkcs12
    case javaKeyStore
    /// One of these formats in base64.
    indirect case base64(KeyContent)
    indirect case hex(KeyContent)

    /// Returns nil if there is no private key. Reports a key if in doubt, because a file for `tls.crt` needs none of
    /// these formats.
    package init?(in content: UnsafeRawBufferPointer) { self.init(content, depth: 0) }

    /// Whether it is a Java key store, in base64 or not.
    package var isJavaKeyStore: Bool {
        switch self {
        case .javaKeyStore: true
        case .base64(let inner), .hex(let inner): inner.isJavaKeyStore
        case .pem, .der, .pkcs12: false
        }
    }

    /// The maximum number of nested base64 encodings.
    private static let deepest = 3

    private init?(_ content: UnsafeRawBufferPointer, depth: Int) {
        if Self.hasLabel(content) {
            self = .pem
        } else if let binary = Self.binary(content) {
            self = binary
        } else if depth < Self.deepest,
            let inner = Self.encoded(content, depth) ?? Self.encoded(content, depth, endingAtWhiteSpace: true)
        {
            self = .base64(inner)
        } else if depth < Self.deepest, let inner = Self.hexadecimal(content, depth) {
            self = .hex(inner)
        } else {
            return nil
        }
    }
}

// MARK: PEM

extension KeyContent {
    /// Finds `PRIVATE KEY` followed by dashes, in any case and at any place. This includes `PGP PRIVATE KEY BLOCK`, END
    /// without BEGIN, and UTF-16 text, because zero bytes are skipped.
    private static func hasLabel(_ content: UnsafeRawBufferPointer) -> Bool {
        var text = content[...]
        while let start = text.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "p") }) {
            text = text[(start + 1)...]
            var rest = Folded(text)
            guard rest.skip("rivate"), rest.skipBlanks() > 0, rest.skip("key") else { continue }
            _ = rest.skipBlanks()
            var block = rest
            if block.skip("block") { rest = block }
            _ = rest.skipBlanks()
            if rest.skip("--") { return true }
        }
        return false
    }

    /// Text in lower case, without zero bytes.
    private struct Folded {
        private var text: Slice<UnsafeRawBufferPointer>

        init(_ text: Slice<UnsafeRawBufferPointer>) { self.text = text }

        private var first: UInt8? {
            mutating get {
                while text.first == 0 { text.removeFirst() }
                return text.first
            }
        }

        mutating func skip(_ word: StaticString) -> Bool {
            for expected in UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount) {
                guard let byte = first, ((0x41...0x5a).contains(byte) ? byte | 0x20 : byte) == expected else {
                    return false
                }
                text.removeFirst()
            }
            return true
        }

        mutating func skipBlanks() -> Int {
            var count = 0
            while let byte = first, byte == 0x20 || byte == 0x09 {
                text.removeFirst()
                count += 1
            }
            return count
        }
    }
}

// MARK: DER

extension KeyContent {
    private static func binary(_ content: UnsafeRawBufferPointer) -> KeyContent? {
        // The magic numbers of Java's two key store formats.
        for magic in [[0xfe, 0xed, 0xfe, 0xed], [0xce, 0xce, 0xce, 0xce]] as [[UInt8]] where content.starts(with: magic)
        {
            return .javaKeyStore
        }
        if content.starts(with: "openssh-key-v1".utf8) { return .der }
        // Skip a byte order mark, zero bytes and white space.
        var rest = content.drop { [0xef, 0xbb, 0xbf, 0, 0x20, 0x09, 0x0a, 0x0d].contains($0) }
        // Check all values in sequence, because a key may follow a certificate.
        while let header = DERHeader(rest) {
            if let found = sequence(rest.dropFirst(header.size)) { return found }
            guard let total = header.total, total < rest.count else { return nil }
            rest = rest.dropFirst(total)
        }
        return nil
    }

    /// - Parameter content: the content of a SEQUENCE. In a certificate, a request, a public key or a CRL, it starts
    ///   with another SEQUENCE; in PKCS#7, with an OID.
    private static func sequence(_ content: Slice<UnsafeRawBufferPointer>) -> KeyContent? {
        let head = Array(content.prefix(4))
        // A version number, 0 or 1 for a key and 3 for PFX (RFC 7292), followed by a sequence, a number or the key.
        if head.count == 4, head[0] == 2, head[1] == 1, head[2] <= 3, [0x30, 0x02, 0x04].contains(head[3]) {
            return head[2] == 3 ? .pkcs12 : .der
        }
        // EncryptedPrivateKeyInfo starts with an algorithm of PKCS#5 or PKCS#12.
        guard let inner = DERHeader(content) else { return nil }
        let identifier = content.dropFirst(inner.size)
        guard identifier.first == 6 else { return nil }
        let oid = identifier.dropFirst(2)
        let pkcs: [UInt8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01]
        return oid.starts(with: pkcs + [0x05]) || oid.starts(with: pkcs + [0x0c, 0x01]) ? .der : nil
    }
}

// MARK: Hexadecimal

extension KeyContent {
    /// Examines content that has only hexadecimal digits and white space.
    private static func hexadecimal(_ content: UnsafeRawBufferPointer, _ depth: Int) -> KeyContent? {
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count / 2 + 1, alignment: 1)
        defer {
            OPENSSL_cleanse(scratch.baseAddress, scratch.count)
            scratch.deallocate()
        }
        var count = 0
        for byte in content where ![0x20, 0x09, 0x0a, 0x0d].contains(byte) {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
                digit = (byte | 0x20) - UInt8(ascii: "a") + 10
            default: return nil
            }
            scratch[count / 2] = count.isMultiple(of: 2) ? digit << 4 : scratch[count / 2] | digit
            count += 1
        }
        return run(scratch, count / 2, depth)
    }
}

// MARK: Base64

extension KeyContent {
    /// Examines each run of base64; line breaks do not end a run. A run can be the whole content, or the content of a
    /// PEM block with any label.
    ///
    /// - Parameter endingAtWhiteSpace: whether white space ends a run whose length is not a multiple of four. Such a
    ///   run is a word before the base64.
    private static func encoded(
        _ content: UnsafeRawBufferPointer, _ depth: Int, endingAtWhiteSpace: Bool = false
    ) -> KeyContent? {
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: content.count, alignment: 1)
        defer {
            OPENSSL_cleanse(scratch.baseAddress, scratch.count)
            scratch.deallocate()
        }
        var (count, decoder) = (0, LenientBase64.Decoder())
        for (index, byte) in content.enumerated() {
            if let value = value(of: byte, at: index, in: content) {
                if let byte = decoder.add(value) {
                    scratch[count] = byte
                    count += 1
                }
            } else if ![0, 0x20, 0x09, 0x0a, 0x0d].contains(byte) || (endingAtWhiteSpace && !decoder.isAligned) {
                if let found = run(scratch, count, depth) { return found }
                (count, decoder) = (0, LenientBase64.Decoder())
            }
        }
        return run(scratch, count, depth)
    }

    /// Two dashes are a PEM boundary and not base64 in the URL alphabet.
    private static func value(of byte: UInt8, at index: Int, in content: UnsafeRawBufferPointer) -> UInt8? {
        if let value = LenientBase64.value(of: byte) { return value }
        guard let value = LenientBase64.urlValue(of: byte) else { return nil }
        let isBoundary =
            byte == UInt8(ascii: "-")
            && ((index > 0 && content[index - 1] == byte) || (index + 1 < content.count && content[index + 1] == byte))
        return isBoundary ? nil : value
    }

    private static func run(_ scratch: UnsafeMutableRawBufferPointer, _ count: Int, _ depth: Int) -> KeyContent? {
        let content = UnsafeRawBufferPointer(rebasing: scratch[..<count])
        // Every key is longer, but two dashes of the URL alphabet end a run like a boundary. The start of a key is enough.
        guard count >= 16 else { return binary(content) }
        return KeyContent(content, depth: depth + 1)
    }
}
