import FoundationEssentials
import TestSupport
import TestTraits
import Testing

@testable import Certificates

/// The expected results are those of Go 1.27 (`tls.LoadX509KeyPair`), OpenSSL 3.0
/// (`SSL_CTX_use_certificate_chain_file`, like nginx) and Java 17 (`CertificateFactory.generateCertificates`) for every
/// variant: anything that one of them rejects or skips is a defect.
@Suite("PEM text", .tags(.unsafeMemory)) struct PEMTextTests {
    @Test("that Go, OpenSSL and Java all read has no defect", arguments: Variant.good)
    func good(variant: Variant) throws {
        let pair = try TLSPair.make("a")
        for text in [pair.certificate, pair.key] {
            #expect(defect(variant.put(text)) == nil)
        }
        let found = judge(variant.put(pair.certificate), variant.put(pair.key))
        #expect(found.verdict == .fits)
        #expect(found.chainDefect == nil && found.keyDefect == nil)
    }

    @Test(
        "that one of them rejects or skips has a defect, as the first block and as the second", arguments: Variant.bad)
    func bad(variant: Variant) throws {
        let (pair, other) = (try TLSPair.make("a"), try TLSPair.make("b"))
        for text in [pair.certificate, pair.key] {
            let found = defect(variant.put(text))
            #expect(found?.kind == variant.kind)
            #expect(found?.block == 1)
        }
        let second = defect(pair.certificate + variant.put(other.certificate))
        #expect(second?.kind == variant.kind)
        #expect(second?.block == 2)
        #expect(judge(variant.put(pair.certificate), pair.key).chainDefect != nil)
        #expect(judge(pair.certificate, variant.put(pair.key)).keyDefect != nil)
    }

    @Test("has a defect if two blocks are on one line", arguments: ["", " ", "\r"])
    func together(separator: String) throws {
        let pair = try TLSPair.make("a")
        let text = pair.certificate.dropLast() + separator + pair.key
        let lines = pair.certificate.split(separator: "\n").count
        #expect(defect(String(text)) == PEMDefect(kind: .endNotAtLineEnd, block: 1, line: lines))
    }

    @Test("has a defect if bytes follow the DER value, and reports their number", arguments: [1, 2, 30])
    func trailingBytes(count: Int) throws {
        let pair = try TLSPair.make("a")
        for text in [pair.certificate, pair.key, try pair.key(as: .traditional), try pair.key(as: .pkcs8Encrypted)] {
            #expect(defect(Blocks.padded(text, by: count))?.kind == .trailingBytes(count))
        }
    }

    @Test(
        "has a defect for labels that not all accept",
        arguments: ["X509 CERTIFICATE", "TRUSTED CERTIFICATE", "certificate"])
    func certificateLabels(label: String) throws {
        let pair = try TLSPair.make("a")
        let text = pair.certificate.replacing("CERTIFICATE", with: label)
        #expect(defect(text) == PEMDefect(kind: .label, block: 1, line: 1))
        #expect(judge(text, pair.key).chainDefect?.kind == .label)
    }

    @Test(
        "has a defect for key labels that not all accept",
        arguments: ["X509 PRIVATE KEY", "ANY PRIVATE KEY", "private key"])
    func keyLabels(label: String) throws {
        let text = try TLSPair.make("a").key.replacing("PRIVATE KEY", with: label)
        #expect(defect(text) == PEMDefect(kind: .label, block: 1, line: 1))
    }

    @Test("may have an encrypted key with its headers, and no other headers")
    func headers() throws {
        let pair = try TLSPair.make("a")
        #expect(defect(try pair.key(as: .traditionalEncrypted)) == nil)
        #expect(defect(try pair.key(as: .traditionalEncrypted).replacing("\n", with: "\r\n")) == nil)
        for text in [pair.certificate, pair.key] {
            let lines = text.split(separator: "\n", maxSplits: 1)
            #expect(defect("\(lines[0])\nComment: x\n\n\(lines[1])") == PEMDefect(kind: .header, block: 1, line: 2))
        }
    }

    @Test("has the exact bytes of its blocks in their ranges, whatever is between them", arguments: ["\n", "\r\n"])
    func ranges(lineBreak: String) throws {
        let pair = try TLSPair.make("a")
        let blocks = [pair.certificate, pair.key].map { $0.replacing("\n", with: lineBreak) }
        let text = Array("subject=a\(lineBreak)\(blocks[0])\(lineBreak)key:\(lineBreak)\(blocks[1])end".utf8)
        let found = text.withUnsafeBytes { PEMText($0) }
        #expect(found.blocks.map { String(decoding: text[$0.range], as: UTF8.self) } == blocks)
        #expect(found.blocks.map(\.label) == ["CERTIFICATE", "PRIVATE KEY"])
    }

    @Test(
        "without a block has no defect",
        arguments: ["", "\n", "hunter2", "-----", "\0\u{1}", "BEGIN", "a -----BEGIN b"])
    func none(text: String) {
        #expect(defect(text) == nil)
    }

    @Test("is not quoted in descriptions of its defects")
    func redacted() throws {
        let found = try #require(defect("-----BEGIN hunter2-----\nhunter2!\n-----END hunter2-----\n"))
        #expect(!"\(found)".contains("hunter2"))
        #expect("\(found)" == "line 2 (PEM block 1) has a character that is not base64")
    }

    private func defect(_ text: String) -> PEMDefect? {
        Array(text.utf8).withUnsafeBytes { PEMText($0).defect }
    }

    private func judge(_ chain: String, _ key: String) -> CertificatePair {
        Array(chain.utf8).withUnsafeBytes { chain in
            Array(key.utf8).withUnsafeBytes { CertificatePair(chain: chain, key: $0) }
        }
    }
}

/// A variant of a PEM block.
struct Variant: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let kind: PEMDefect.Kind?
    let put: @Sendable (String) -> String

    init(_ name: String, _ kind: PEMDefect.Kind? = nil, _ put: @escaping @Sendable (String) -> String) {
        testDescription = name
        self.kind = kind
        self.put = put
    }

    static let good = [
        Variant("as it is") { $0 },
        Variant("text around it") { "subject=x\n\n\($0)the end\n" },
        Variant("a byte order mark on a line of its own") { "\u{feff}\n" + $0 },
        Variant("a byte order mark before text") { "\u{feff}subject=x\n" + $0 },
        Variant("a zero byte at the end") { $0 + "\0" },
        Variant("BEGIN in a comment") { "# has -----BEGIN CERTIFICATE----- blocks\n" + $0 },
        Variant("CR LF") { $0.replacing("\n", with: "\r\n") },
        Variant("no line break at the end") { String($0.dropLast()) },
        Variant("spaces at the ends of lines") { $0.replacing("\n", with: " \t\n") },
        Variant("spaces before base64") { $0.replacing("\nM", with: "\n  M") },
        Variant("a blank line after BEGIN") { $0.replacing("-----\nM", with: "-----\n\nM") },
        Variant("base64 on one line") { Blocks.unwrapped($0) },
        Variant("base64 in lines of 63") { Blocks.wrapped($0, at: 63) },
        Variant("base64 in lines of 1") { Blocks.wrapped($0, at: 1) },
        Variant("EC parameters before") {
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + $0
        },
    ]

    static let bad = [
        Variant("a byte order mark", .byteOrderMark) { "\u{feff}" + $0 },
        Variant("a space before BEGIN", .beginNotAtLineStart) { " " + $0 },
        Variant("a tab before BEGIN", .beginNotAtLineStart) { "\t" + $0 },
        Variant("a zero byte before BEGIN", .beginNotAtLineStart) { "\0" + $0 },
        Variant("text before BEGIN", .beginNotAtLineStart) { "x " + $0 },
        Variant("a quote before BEGIN", .beginNotAtLineStart) { "\"\($0)\"" },
        Variant("six dashes before BEGIN", .beginNotAtLineStart) { "-" + $0 },
        Variant("indented", .beginNotAtLineStart) { $0.split(separator: "\n").map { "  \($0)\n" }.joined() },
        Variant("a line with a zero byte before", .zeroByte) { "\0\n" + $0 },
        Variant("four dashes before BEGIN", .endWithoutBegin) { String($0.dropFirst()) },
        Variant("lower case", .endWithoutBegin) { $0.replacing("BEGIN", with: "begin") },
        Variant("END before BEGIN", .endWithoutBegin) { "-----END CERTIFICATE-----\n" + $0 },
        Variant("CR alone", .beginMalformed) { $0.replacing("\n", with: "\r") },
        Variant("all on one line", .beginMalformed) { $0.replacing("\n", with: "") },
        Variant("escaped line breaks", .beginMalformed) { $0.replacing("\n", with: "\\n") },
        Variant("base64 on the BEGIN line", .beginMalformed) { $0.replacing("-----\nM", with: "-----M") },
        Variant("BEGIN twice", .endMissing) { "\($0.split(separator: "\n")[0])\n" + $0 },
        Variant("no END", .endMissing) { String($0[..<($0.firstRange(of: "-----END")?.lowerBound ?? $0.endIndex)]) },
        Variant("END of another label", .endOfAnotherLabel) { $0.replacing("END ", with: "END X") },
        Variant("END too short", .endOfAnotherLabel) { String($0.dropLast(2)) },
        Variant("END too long", .endNotAtLineEnd) { $0.dropLast() + "-\n" },
        Variant("text after END", .endNotAtLineEnd) { $0.dropLast() + " the end\n" },
        Variant("base64 before END", .notBase64) { $0.replacing("\n-----END", with: "-----END") },
        Variant("a space before END", .notBase64) { $0.replacing("-----END", with: " -----END") },
        Variant("a blank line before END", .blankLine) { $0.replacing("-----END", with: "\n-----END") },
        Variant("two blank lines after BEGIN", .blankLine) { $0.replacing("-----\nM", with: "-----\n\n\nM") },
        Variant("a blank line after each", .blankLine) { $0.replacing("\n", with: "\n\n") },
        Variant("a strange character", .notBase64) { $0.replacing("\nM", with: "\nM!") },
        Variant("a character of base64 for URLs", .notBase64) { $0.replacing("\nM", with: "\nM_") },
        Variant("a zero byte in base64", .notBase64) { $0.replacing("\nM", with: "\nM\0") },
        Variant("a no-break space in base64", .notBase64) { $0.replacing("\nM", with: "\nM\u{a0}") },
        Variant("a vertical tab in base64", .notBase64) { $0.replacing("\nM", with: "\nM\u{b}") },
        Variant("one character too many", .padding) { Blocks.body($0) { Blocks.unpadded($0) + "A" } },
        Variant("padding in the middle", .padding) { $0.replacing("\nM", with: "\n=M") },
        Variant("base64 after padding", .padding) { Blocks.body($0) { $0 + "=\nAAAA" } },
        Variant("too much padding", .padding) { Blocks.body($0) { $0 + "====" } },
        Variant("nothing in it", .empty) { Blocks.body($0) { _ in "" }.replacing("\n\n", with: "\n") },
        Variant("a byte after the value", .trailingBytes(1)) { Blocks.padded($0, by: 1) },
        Variant("a value that is cut off", .derCutOff) { Blocks.padded($0, by: -3) },
    ]
}
