import Snapshots

/// The format of a file with certificates and private keys, as its outer form shows.
enum BundleFormat {
    case pem(PEMText)
    case der
    case pkcs12

    /// The maximum size of a file in base64, in bytes; enough for `BundleBlocks.largest`, in lines.
    private static let longestBase64 = 2 << 20

    /// Calls `body` with the content and its format. If the file itself has none of the formats, its base64 is decoded,
    /// once.
    ///
    /// - Returns: nil if the format is another.
    static func read<Result, Failure: Error>(
        _ file: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer, Self) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        if let format = Self(file) { return try body(file, format) }
        guard file.count <= longestBase64, let decoded = LenientBase64.decodeSecret(file) else { return nil }
        return try decoded.withUnsafeBytes { content throws(Failure) in
            guard let format = Self(content) else { return nil }
            return try body(content, format)
        }
    }

    private init?(_ content: UnsafeRawBufferPointer) {
        let header = DERHeader(content)
        let start = header.map { content.dropFirst($0.size).prefix(4) }
        // Version 3 and a ContentInfo (RFC 7292, 4). No text contains these bytes.
        if let start, start.elementsEqual([0x02, 0x01, 0x03, 0x30]) {
            self = .pkcs12
            return
        }
        let text = PEMText(content)
        if !text.blocks.isEmpty || text.defect != nil {
            self = .pem(text)
        } else if let first = start?.first, [BERValue.Tag.sequence, BERValue.Tag.integer].contains(first) {
            self = .der
        } else {
            return nil
        }
    }
}

/// What a DER value is, as its first elements show.
enum DERKind {
    case pkcs8, encryptedPKCS8, pkcs1, sec1
    /// A certificate, or another structure that starts like one.
    case certificate
    case other

    var isPrivateKey: Bool { [.pkcs8, .encryptedPKCS8, .pkcs1, .sec1].contains(self) }

    init(_ value: BERValue) {
        var reader = BERReader(value.content)
        guard value.tag == BERValue.Tag.sequence, let first = reader.next(), let second = reader.next() else {
            self = .other
            return
        }
        self =
            switch (first.tag, second.tag) {
            // RFC 5958, 2.
            case (BERValue.Tag.integer, BERValue.Tag.sequence): .pkcs8
            // RFC 8017, A.1.2.
            case (BERValue.Tag.integer, BERValue.Tag.integer): .pkcs1
            // RFC 5915, 3.
            case (BERValue.Tag.integer, BERValue.Tag.octetString): .sec1
            // RFC 5958, 3.
            case (BERValue.Tag.sequence, BERValue.Tag.octetString): .encryptedPKCS8
            // RFC 5280, 4.1.
            case (BERValue.Tag.sequence, BERValue.Tag.sequence): .certificate
            default: .other
            }
    }
}
