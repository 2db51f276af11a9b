import FoundationEssentials
import TestSupport
import TestTraits
import Testing

@testable import Certificates

@Suite("Content that may hold a private key", .tags(.unsafeMemory)) struct KeyContentTests {
    @Test(
        "is found by a PEM label of any kind of key, anywhere in the content",
        arguments: [
            "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "OPENSSH PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY", "ANY PRIVATE KEY", "X509 PRIVATE KEY", "PGP PRIVATE KEY BLOCK", "private key",
            "Private  Key ", "PRIVATE\tKEY",
        ])
    func labels(label: String) throws {
        let block = "-----BEGIN \(label)-----\nhunter2\n-----END \(label)-----\n"
        let certificate = try TLSPair.make("a").certificate
        let texts = [
            block, certificate + block, block + certificate, "  " + block, "\u{feff}" + block, "\0\0" + block,
            certificate.dropLast() + block, block.replacing("\n", with: "\r\n"), block.replacing("\n", with: "\r"),
            #"{"a": "\#(block.replacing("\n", with: "\\n"))"}"#, String(block.prefix(block.count / 2)),
            "hunter2\n-----END \(label)-----\n", "-----BEGIN \(label)-----\nProc-Type: 4,ENCRYPTED\n\nhunter2\n",
        ]
        for text in texts { #expect(find(text) == .pem) }
        // The encoding of PowerShell.
        #expect(find(block.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }) == .pem)
        #expect(find("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nhunter2") == .pem)
    }

    @Test("is found in DER, alone, after a certificate, and in base64", arguments: TLSPair.Kind.allCases)
    func der(kind: TLSPair.Kind) throws {
        let pair = try TLSPair.make("a", kind: kind)
        var keys = [pair.key, try pair.key(as: .pkcs8Encrypted)]
        if kind == .rsa || kind == .ec { keys.append(try pair.key(as: .traditional)) }
        for key in keys.map(Blocks.der) {
            #expect(find(key) == .der)
            #expect(find([0, 0, 0x0a] + key) == .der)
            #expect(find(Blocks.der(pair.certificate) + key) == .der)
            #expect(find(Array(key.prefix(30))) == .der)
            for text in base64(of: key) { #expect(find(text) == .base64(.der)) }
            let twice = Data(Data(key).base64EncodedString().utf8).base64EncodedString()
            #expect(find(twice) == .base64(.base64(.der)))
        }
        #expect(find(Data(pair.key.utf8).base64EncodedString()) == .base64(.pem))
    }

    @Test("is found in the URL alphabet of base64, where a key may have two dashes right after its start")
    func dashes() {
        // The starts of an RSA key in PKCS#1 and of an EC key in SEC1, followed by digits that are all dashes.
        for start in [[0x30, 0x82, 4, 0xa4, 2, 1, 0, 2, 0x82, 1, 1, 0], [0x30, 0x77, 2, 1, 1, 4]] as [[UInt8]] {
            let key = Data(start + (0..<100).flatMap { _ in [0xfb, 0xef, 0xbe] as [UInt8] })
            let text = key.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            #expect(text.contains("--"))
            #expect(find(text) == .base64(.der))
        }
    }

    @Test("is found in a block with another label, or without its boundaries")
    func disguised() throws {
        let pair = try TLSPair.make("a")
        let certificate = pair.key.replacing("PRIVATE KEY", with: "CERTIFICATE")
        #expect(find(certificate) == .base64(.der))
        #expect(find(pair.certificate + certificate) == .base64(.der))
        for words in ["", "key ", "the words:\n", "words\n"] {
            #expect(find(pair.key.replacing("-----BEGIN PRIVATE KEY-----\n", with: words)) == .pem)
            let body = pair.key.split(separator: "\n").dropFirst().dropLast().joined(separator: "\n")
            #expect(find(words + body) == .base64(.der))
        }
        let both = Data(Blocks.der(pair.certificate) + Blocks.der(pair.key)).base64EncodedString()
        #expect(find("-----BEGIN CERTIFICATE-----\n\(both)\n-----END CERTIFICATE-----\n") == .base64(.der))
    }

    @Test("is PKCS#12, in base64 as an Azure Key Vault writes it, or a Java key store")
    func stores() {
        let pfx = Array(Data(base64Encoded: PFX.base64) ?? Data())
        #expect(find(pfx) == .pkcs12)
        // BER, as some programs write it.
        #expect(find([0x30, 0x80, 2, 1, 3, 0x30, 0x80]) == .pkcs12)
        for text in [PFX.base64, PFX.wrapped, PFX.base64 + "\n"] + base64(of: pfx) {
            #expect(find(text) == .base64(.pkcs12))
        }
        #expect(find([0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]) == .javaKeyStore)
    }

    @Test("does not include certificates, public keys, or text about private keys", arguments: TLSPair.Kind.allCases)
    func harmless(kind: TLSPair.Kind) throws {
        let pair = try TLSPair.make("a", kind: kind)
        let certificate = Blocks.der(pair.certificate)
        let texts = [
            pair.certificate, pair.chain(try TLSPair.make("root")), "", "hunter2", "MII",
            String(repeating: "A", count: 100),
            "# The private key is elsewhere -- ask.\n" + pair.certificate, "BEGIN PRIVATE KEY",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n",
            Data(certificate).base64EncodedString(),
        ]
        for text in texts { #expect(find(text) == nil) }
        #expect(find(certificate) == nil)
        #expect(find(certificate + certificate) == nil)
        // PKCS#7, PKCS#1's public key, SubjectPublicKeyInfo.
        #expect(find([0x30, 0x82, 1, 0, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2]) == nil)
        #expect(find([0x30, 0x82, 1, 0x0a, 2, 0x82, 1, 1, 0, 0xc4]) == nil)
        #expect(find([0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]) == nil)
    }

    private func find(_ text: String) -> KeyContent? { find(Array(text.utf8)) }

    private func find(_ bytes: [UInt8]) -> KeyContent? { bytes.withUnsafeBytes { KeyContent(in: $0) } }

    private func base64(of bytes: [UInt8]) -> [String] {
        let text = Data(bytes).base64EncodedString()
        let lines = stride(from: 0, to: text.count, by: 64).map { String(text.dropFirst($0).prefix(64)) }
        let url = text.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        return [
            text, lines.joined(separator: "\n"), lines.joined(separator: "\r\n"), "\u{feff}\(text)\n", "  \(text)", url,
            #"{"key": "\#(text)"}"#,
        ]
    }
}
