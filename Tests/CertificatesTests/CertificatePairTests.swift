import COpenSSL
import FoundationEssentials
import TestSupport
import TestTraits
import Testing

@testable import Certificates

@Suite("A certificate and a key", .tags(.unsafeMemory)) struct CertificatePairTests {
    // MARK: That fit

    @Test("that belong together match, for every kind", arguments: TLSPair.Kind.allCases)
    func fits(kind: TLSPair.Kind) throws {
        let pair = try TLSPair.make("a", kind: kind)
        #expect(judge(pair.certificate, pair.key) == .fits)
    }

    @Test("of different pairs do not match, for every kind", arguments: TLSPair.Kind.allCases, TLSPair.Kind.allCases)
    func mismatch(one: TLSPair.Kind, other: TLSPair.Kind) throws {
        #expect(
            judge(try TLSPair.make("a", kind: one).certificate, try TLSPair.make("b", kind: other).key) == .mismatch)
    }

    @Test("match in the older form of the key too", arguments: [TLSPair.Kind.rsa, .ec])
    func traditional(kind: TLSPair.Kind) throws {
        let (pair, other) = (try TLSPair.make("a", kind: kind), try TLSPair.make("b", kind: kind))
        let key = try pair.key(as: .traditional)
        #expect(key.hasPrefix("-----BEGIN \(kind == .rsa ? "RSA" : "EC") PRIVATE KEY-----"))
        #expect(judge(pair.certificate, key) == .fits)
        #expect(judge(other.certificate, key) == .mismatch)
    }

    @Test("match whatever text is around them", arguments: Dress.all)
    func dressed(dress: Dress) throws {
        let (pair, other) = (try TLSPair.make("a"), try TLSPair.make("b"))
        #expect(judge(dress.put(pair.certificate), dress.put(pair.key)) == .fits)
        #expect(judge(dress.put(pair.certificate), dress.put(other.key)) == .mismatch)
    }

    @Test("match if both are in one file, in any order")
    func combined() throws {
        let (pair, other) = (try TLSPair.make("a"), try TLSPair.make("b"))
        for file in [pair.certificate + pair.key, pair.key + pair.certificate] { #expect(judge(file, file) == .fits) }
        let mixed = other.key + pair.certificate
        #expect(judge(mixed, mixed) == .mismatch)
    }

    @Test("match by the first key, which servers use")
    func firstKey() throws {
        let (pair, other) = (try TLSPair.make("a"), try TLSPair.make("b"))
        #expect(judge(pair.certificate, pair.key + other.key) == .fits)
        #expect(judge(pair.certificate, other.key + pair.key) == .mismatch)
    }

    // MARK: Chains

    @Test("match if the leaf is first, whatever follows")
    func chain() throws {
        let root = try TLSPair.make("root")
        let leaf = try TLSPair.make("leaf", issuer: root)
        #expect(judge(leaf.chain(root), leaf.key) == .fits)
        #expect(judge(leaf.chain(root, try TLSPair.make("another")), leaf.key) == .fits)
    }

    @Test("are in the wrong order if the leaf is not first, and its place is reported")
    func wrongOrder() throws {
        let root = try TLSPair.make("root")
        let leaf = try TLSPair.make("leaf", issuer: root)
        #expect(judge(root.chain(leaf), leaf.key) == .wrongOrder(number: 2))
        #expect(judge(root.chain(root, leaf), leaf.key) == .wrongOrder(number: 3))
        #expect(judge(root.chain(leaf), try TLSPair.make("another").key) == .mismatch)
    }

    @Test("are only valid if every certificate of the chain is readable")
    func damagedChain() throws {
        let root = try TLSPair.make("root")
        let leaf = try TLSPair.make("leaf", issuer: root)
        let damaged = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
        #expect(judge(leaf.certificate + damaged, leaf.key) == .certificateUnreadable(number: 2))
        #expect(judge(damaged + leaf.certificate, leaf.key) == .certificateUnreadable(number: 1))
        #expect(judge(String(leaf.chain(root).dropLast(60)), leaf.key) == .certificateUnreadable(number: 2))
    }

    // MARK: That cannot be used

    @Test("are missing in text that is not PEM", arguments: ["", "\n", "certificate 1", "-----BEGIN", "\0\u{1}\u{2}"])
    func noPEM(text: String) throws {
        let pair = try TLSPair.make("a")
        #expect(judge(text, pair.key) == .certificateMissing)
        #expect(judge(pair.certificate, text) == .keyMissing)
        #expect(judge(pair.key, pair.key) == .certificateMissing)
        #expect(judge(pair.certificate, pair.certificate) == .keyMissing)
    }

    @Test("are unreadable if they are truncated anywhere", arguments: [40, 100, 150])
    func cutOff(length: Int) throws {
        let pair = try TLSPair.make("a")
        #expect(judge(String(pair.certificate.prefix(length)), pair.key) == .certificateUnreadable(number: 1))
        #expect(judge(pair.certificate, String(pair.key.prefix(length))) == .keyUnreadable)
    }

    @Test("are unreadable if they have other content", arguments: ["MAA=", "AAAA", "MIIBCgKCAQEA", "!", ""])
    func damaged(body: String) throws {
        let pair = try TLSPair.make("a")
        let block = { (label: String) in "-----BEGIN \(label)-----\n\(body)\n-----END \(label)-----\n" }
        #expect(judge(block("CERTIFICATE"), pair.key) == .certificateUnreadable(number: 1))
        for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
            #expect(judge(pair.certificate, block(label)) == .keyUnreadable, "\(label)")
        }
    }

    @Test("are unreadable if the key is of a known kind but damaged")
    func damagedInside() throws {
        let pair = try TLSPair.make("a", kind: .ed25519)
        // RFC 8410: 0x22 is the size of the element that holds the key of 32 bytes, 0x20 that of the key.
        let short = Blocks.replace([0x04, 0x22, 0x04, 0x20], by: [0x04, 0x22, 0x04, 0x1f], in: pair.key)
        #expect(judge(pair.certificate, short) == .keyUnreadable)
    }

    @Test(
        "are unreadable if the private key of an EC key belongs to another public key", arguments: TLSPair.KeyForm.plain
    )
    func otherScalar(form: TLSPair.KeyForm) throws {
        let (pair, other) = (try TLSPair.make("a"), try TLSPair.make("b"))
        // SEC1: 30 77 02 01 01 04 20, then the scalar.
        let scalar = { (pair: TLSPair) in Array(Blocks.der(try pair.key(as: .traditional))[7..<39]) }
        let key = Blocks.replace(try scalar(pair), by: try scalar(other), in: try pair.key(as: form))
        #expect(judge(pair.certificate, key) == .keyUnreadable)
        #expect(judge(other.certificate, key) == .keyUnreadable)
    }

    @Test("fit if the EC key file contains no public key")
    func noPublicHalf() throws {
        let pair = try TLSPair.make("a")
        let short = Blocks.body(try pair.key(as: .traditional)) { body in
            var der = Array((Data(base64Encoded: body) ?? Data()).prefix(51))
            der[1] = 49
            return Data(der).base64EncodedString()
        }
        #expect(judge(pair.certificate, short) == .fits)
        #expect(judge(try TLSPair.make("b").certificate, short) == .mismatch)
    }

    /// RFC 8017, A.1.2: version, n, e, d, p, q, two exponents and the coefficient.
    @Test("are unreadable if a number of the private RSA key is wrong", arguments: TLSPair.KeyForm.plain, 3...8)
    func wrongNumber(form: TLSPair.KeyForm, index: Int) throws {
        let pair = try TLSPair.make("a", kind: .rsa)
        let number = Blocks.integers(try pair.key(as: .traditional))[index]
        var wrong = number
        wrong[wrong.count / 2] ^= 4
        let key = Blocks.replace(number, by: wrong, in: try pair.key(as: form))
        #expect(judge(pair.certificate, key) == .keyUnreadable)
        #expect(Blocks.pendingError == 0)
    }

    @Test(
        "have consistent keys, of every kind",
        arguments: [
            Maker.rsa(bits: 1024), .rsa(bits: 2048), .curve("secp224r1"), .curve("secp256k1"), .curve("secp521r1"),
            .curve("brainpoolP256r1"), .explicit, .kind(EVP_PKEY_ED25519), .kind(EVP_PKEY_ED448),
            .kind(EVP_PKEY_RSA_PSS),
        ])
    func consistent(maker: Maker) throws {
        #expect(try maker.withKey { PrivateKey.isConsistent($0) })
    }

    @Test("are unreadable if the key is larger than any real one", arguments: [TLSPair.KeyForm.pkcs8, .traditional])
    func largeKey(form: TLSPair.KeyForm) throws {
        let pair = try TLSPair.make("a", kind: .rsa)
        let key = try pair.key(as: form)
        #expect(judge(pair.certificate, Blocks.padded(key, by: 8000)) == .fits)
        #expect(judge(pair.certificate, Blocks.padded(key, by: 16_000)) == .keyUnreadable)
    }

    // MARK: That cannot be judged

    @Test(
        "cannot be checked if the key is encrypted, and no passphrase is requested",
        arguments: [TLSPair.Kind.rsa, .ec], [TLSPair.KeyForm.pkcs8Encrypted, .traditionalEncrypted])
    func encrypted(kind: TLSPair.Kind, form: TLSPair.KeyForm) throws {
        let pair = try TLSPair.make("a", kind: kind)
        let key = try pair.key(as: form)
        #expect(judge(pair.certificate, key) == .keyEncrypted)
        #expect(judge(try TLSPair.make("b").certificate, key) == .keyEncrypted)
        #expect(judge("no certificate", key) == .certificateMissing)
    }

    @Test(
        "are unreadable if an encrypted key is labelled as unencrypted, and no passphrase is requested",
        arguments: ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"])
    func disguised(label: String) throws {
        let pair = try TLSPair.make("a")
        let key = try pair.key(as: .pkcs8Encrypted).replacing("ENCRYPTED PRIVATE KEY", with: label)
        #expect(judge(pair.certificate, key) == .keyUnreadable)
    }

    @Test("cannot be checked if the key is of an unknown kind")
    func unknownKey() throws {
        let pair = try TLSPair.make("a", kind: .ed25519)
        let strange = Blocks.replace([0x2b, 0x65, 0x70], by: [0x2b, 0x65, 0x09], in: pair.key)
        #expect(judge(pair.certificate, strange) == .unknownKind)
        let openSSH = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE=\n-----END OPENSSH PRIVATE KEY-----\n"
        #expect(judge(pair.certificate, openSSH) == .unknownKind)
    }

    /// With a modulus of 256 bits; libcrypto needs days for one of a million.
    @Test(
        "cannot be checked with a DSA key, which is not even parsed: libcrypto would compute its public half",
        arguments: ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"])
    func computedKey(label: String) throws {
        let key = """
            -----BEGIN \(label)-----
            MH0CAQAwVAYHKoZIzjgEATBJAiEA////////////////////////////////////
            //////8CIQD//////////////////////////////////////////wIBAwQiAiB/
            /////////////////////////////////////////w==
            -----END \(label)-----
            """
        #expect(judge(try TLSPair.make("a").certificate, key) == .unknownKind)
    }

    @Test("cannot be checked if the certificate's key is of an unknown kind")
    func unknownCertificate() throws {
        let pair = try TLSPair.make("a", kind: .ed25519)
        let strange = Blocks.replace([0x2b, 0x65, 0x70], by: [0x2b, 0x65, 0x09], in: pair.certificate)
        #expect(judge(strange, pair.key) == .unknownKind)
    }

    // MARK: Validity

    @Test(
        "have the validity of the first certificate",
        arguments: [
            1_000_000_000...1_000_086_400, 0...1, 2_524_607_999...2_524_608_000, 4_000_000_000...253_402_300_799,
        ])
    func validity(seconds: ClosedRange<Int64>) throws {
        let leaf = try TLSPair.make("a", validity: seconds)
        let expected = Validity(notBefore: seconds.lowerBound, notAfter: seconds.upperBound)
        let (chain, other) = (leaf.chain(try TLSPair.make("root")), try TLSPair.make("b"))
        #expect(pair(chain, leaf.key).validity == expected)
        #expect(pair(chain, other.key).validity == expected)
        #expect(pair(chain, "no key").validity == expected)
        #expect(pair("none", leaf.key).validity == nil)
    }

    // MARK: Leaves nothing behind

    @Test("leave no error in libcrypto's queue, where other code would find it")
    func errorQueue() throws {
        let good = try TLSPair.make("a")
        for (chain, key) in [("x", "y"), (good.certificate, "y"), (good.certificate, String(good.key.dropLast(40)))] {
            _ = judge(chain, key)
            #expect(Blocks.pendingError == 0)
        }
    }

    @Test("are not in any description")
    func redacted() throws {
        let good = try TLSPair.make("hunter2", kind: .ed25519)
        for found in [pair(good.certificate, good.key), pair("hunter2", good.key), pair(good.certificate, "hunter2")] {
            var dumped = ""
            dump(found, to: &dumped)
            #expect(!("\(found)" + String(reflecting: found) + dumped).contains("hunter2"))
            #expect(!dumped.contains("BEGIN"))
        }
    }

    // MARK: Helpers

    private func judge(_ chain: String, _ key: String) -> CertificatePair.Verdict { pair(chain, key).verdict }

    private func pair(_ chain: String, _ key: String) -> CertificatePair {
        Array(chain.utf8).withUnsafeBytes { chain in
            Array(key.utf8).withUnsafeBytes { CertificatePair(chain: chain, key: $0) }
        }
    }
}

extension TLSPair.KeyForm {
    static let plain = [pkcs8, traditional]
}

/// The forms of PEM text with the same meaning.
struct Dress: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let put: @Sendable (String) -> String

    static let all = [
        Dress(testDescription: "CR LF") { $0.replacing("\n", with: "\r\n") },
        Dress(testDescription: "text before and behind") { "subject=CN = a\n\n\($0)\nThe end.\n" },
        Dress(testDescription: "a long line before") { String(repeating: "x", count: 2000) + "\n" + $0 },
        Dress(testDescription: "no newline at the end") { String($0.dropLast()) },
        Dress(testDescription: "spaces at the ends of lines") { $0.replacing("\n", with: "  \n") },
        Dress(testDescription: "EC parameters before") {
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + $0
        },
        Dress(testDescription: "one line of base64") { Blocks.unwrapped($0) },
        Dress(testDescription: "a NUL at the end") { $0 + "\0" },
    ]
}
