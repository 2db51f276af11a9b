import COpenSSL
import FoundationEssentials
import TestSupport
import TestTraits
import Testing

@testable import Certificates

@Suite("A certificate and a key", .tags(.unsafeMemory)) struct CertificatePairTests {
    // MARK: That fit

    @Test("that belong together fit, of every kind", arguments: TLSPair.Kind.allCases)
    func fits(kind: TLSPair.Kind) throws {
        let pair = try TLSPair.make("a", kind: kind)
        #expect(judge(pair.certificate, pair.key) == .fits)
    }

    @Test("of another pair do not fit, of every kind", arguments: TLSPair.Kind.allCases, TLSPair.Kind.allCases)
    func mismatch(one: TLSPair.Kind, other: TLSPair.Kind) throws {
        #expect(
            judge(try TLSPair.make("a", kind: one).certificate, try TLSPair.make("b", kind: other).key) == .mismatch)
    }

    @Test("fit in the older form of the key too", arguments: [TLSPair.Kind.rsa, .ec])
    func traditional(kind: TLSPair.Kind) throws {
        let (pair, other) = (try TLSPair.make("a", kind: kind), try TLSPair.make("b", kind: kind))
        let key = try pair.key(as: .traditional)
        #expect(key.hasPrefix("-----BEGIN \(kind == .rsa ? "RSA" : "EC") PRIVATE KEY-----"))
        #expect(judge(pair.certificate, key) == .fits)
        #expect(judge(other.certificate, key) == .mismatch)
    }

    @Test("fit however the text around them looks", arguments: Dress.all)
    func dressed(dress: Dress) throws {
        let (pair, other) = (try TLSPair.make("a"), try TLSPair.make("b"))
        #expect(judge(dress.put(pair.certificate), dress.put(pair.key)) == .fits)
        #expect(judge(dress.put(pair.certificate), dress.put(other.key)) == .mismatch)
    }

    @Test("fit if both stand in one file, in any order")
    func combined() throws {
        let (pair, other) = (try TLSPair.make("a"), try TLSPair.make("b"))
        for file in [pair.certificate + pair.key, pair.key + pair.certificate] { #expect(judge(file, file) == .fits) }
        let mixed = other.key + pair.certificate
        #expect(judge(mixed, mixed) == .mismatch)
    }

    @Test("fit by the first key, as servers take it")
    func firstKey() throws {
        let (pair, other) = (try TLSPair.make("a"), try TLSPair.make("b"))
        #expect(judge(pair.certificate, pair.key + other.key) == .fits)
        #expect(judge(pair.certificate, other.key + pair.key) == .mismatch)
    }

    // MARK: Chains

    @Test("fit if the leaf stands first, whatever follows")
    func chain() throws {
        let root = try TLSPair.make("root")
        let leaf = try TLSPair.make("leaf", issuer: root)
        #expect(judge(leaf.chain(root), leaf.key) == .fits)
        #expect(judge(leaf.chain(root, try TLSPair.make("another")), leaf.key) == .fits)
    }

    @Test("are in the wrong order if the leaf stands further down: its place is said")
    func wrongOrder() throws {
        let root = try TLSPair.make("root")
        let leaf = try TLSPair.make("leaf", issuer: root)
        #expect(judge(root.chain(leaf), leaf.key) == .wrongOrder(number: 2))
        #expect(judge(root.chain(root, leaf), leaf.key) == .wrongOrder(number: 3))
        #expect(judge(root.chain(leaf), try TLSPair.make("another").key) == .mismatch)
    }

    @Test("are judged with every certificate of the chain readable, or not at all")
    func damagedChain() throws {
        let root = try TLSPair.make("root")
        let leaf = try TLSPair.make("leaf", issuer: root)
        let damaged = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
        #expect(judge(leaf.certificate + damaged, leaf.key) == .certificateUnreadable(number: 2))
        #expect(judge(damaged + leaf.certificate, leaf.key) == .certificateUnreadable(number: 1))
        #expect(judge(String(leaf.chain(root).dropLast(60)), leaf.key) == .certificateUnreadable(number: 2))
    }

    // MARK: That cannot be used

    @Test("are not there in what is no PEM", arguments: ["", "\n", "certificate 1", "-----BEGIN", "\0\u{1}\u{2}"])
    func noPEM(text: String) throws {
        let pair = try TLSPair.make("a")
        #expect(judge(text, pair.key) == .certificateMissing)
        #expect(judge(pair.certificate, text) == .keyMissing)
        #expect(judge(pair.key, pair.key) == .certificateMissing)
        #expect(judge(pair.certificate, pair.certificate) == .keyMissing)
    }

    @Test("cannot be read when they are cut off anywhere", arguments: [40, 100, 150])
    func cutOff(length: Int) throws {
        let pair = try TLSPair.make("a")
        #expect(judge(String(pair.certificate.prefix(length)), pair.key) == .certificateUnreadable(number: 1))
        #expect(judge(pair.certificate, String(pair.key.prefix(length))) == .keyUnreadable)
    }

    @Test("cannot be read when they hold something else", arguments: ["MAA=", "AAAA", "MIIBCgKCAQEA", "!", ""])
    func damaged(body: String) throws {
        let pair = try TLSPair.make("a")
        let block = { (label: String) in "-----BEGIN \(label)-----\n\(body)\n-----END \(label)-----\n" }
        #expect(judge(block("CERTIFICATE"), pair.key) == .certificateUnreadable(number: 1))
        for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
            #expect(judge(pair.certificate, block(label)) == .keyUnreadable, "\(label)")
        }
    }

    @Test("cannot be read when the key is of a known kind but damaged")
    func damagedInside() throws {
        let pair = try TLSPair.make("a", kind: .ed25519)
        // RFC 8410: 0x22 is the size of what holds the key of 32 bytes, 0x20 that of the key.
        let short = Blocks.replace([0x04, 0x22, 0x04, 0x20], by: [0x04, 0x22, 0x04, 0x1f], in: pair.key)
        #expect(judge(pair.certificate, short) == .keyUnreadable)
    }

    @Test("cannot be used when the private half of an EC key is another's", arguments: TLSPair.KeyForm.plain)
    func otherScalar(form: TLSPair.KeyForm) throws {
        let (pair, other) = (try TLSPair.make("a"), try TLSPair.make("b"))
        // SEC1: 30 77 02 01 01 04 20, then the scalar.
        let scalar = { (pair: TLSPair) in Array(Blocks.der(try pair.key(as: .traditional))[7..<39]) }
        let key = Blocks.replace(try scalar(pair), by: try scalar(other), in: try pair.key(as: form))
        #expect(judge(pair.certificate, key) == .keyUnreadable)
        #expect(judge(other.certificate, key) == .keyUnreadable)
    }

    @Test("fit when the key of an EC pair leaves its public half out")
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
    @Test("cannot be used when a number of a private RSA key is wrong", arguments: TLSPair.KeyForm.plain, 3...8)
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
        "are consistent in every kind of key",
        arguments: [
            Maker.rsa(bits: 1024), .rsa(bits: 2048), .curve("secp224r1"), .curve("secp256k1"), .curve("secp521r1"),
            .curve("brainpoolP256r1"), .explicit, .kind(EVP_PKEY_ED25519), .kind(EVP_PKEY_ED448),
            .kind(EVP_PKEY_RSA_PSS),
        ])
    func consistent(maker: Maker) throws {
        #expect(try maker.withKey { PrivateKey.isConsistent($0) })
    }

    @Test("cannot be read when the key is larger than any is", arguments: [TLSPair.KeyForm.pkcs8, .traditional])
    func largeKey(form: TLSPair.KeyForm) throws {
        let pair = try TLSPair.make("a", kind: .rsa)
        let key = try pair.key(as: form)
        #expect(judge(pair.certificate, Blocks.padded(key, by: 8000)) == .fits)
        #expect(judge(pair.certificate, Blocks.padded(key, by: 16_000)) == .keyUnreadable)
    }

    // MARK: That cannot be judged

    @Test(
        "cannot be judged when the key is encrypted, and nobody is asked for a passphrase",
        arguments: [TLSPair.Kind.rsa, .ec], [TLSPair.KeyForm.pkcs8Encrypted, .traditionalEncrypted])
    func encrypted(kind: TLSPair.Kind, form: TLSPair.KeyForm) throws {
        let pair = try TLSPair.make("a", kind: kind)
        let key = try pair.key(as: form)
        #expect(judge(pair.certificate, key) == .keyEncrypted)
        #expect(judge(try TLSPair.make("b").certificate, key) == .keyEncrypted)
        #expect(judge("no certificate", key) == .certificateMissing)
    }

    @Test(
        "are unreadable when an encrypted key says that it is not, and nobody is asked for a passphrase",
        arguments: ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"])
    func disguised(label: String) throws {
        let pair = try TLSPair.make("a")
        let key = try pair.key(as: .pkcs8Encrypted).replacing("ENCRYPTED PRIVATE KEY", with: label)
        #expect(judge(pair.certificate, key) == .keyUnreadable)
    }

    @Test("cannot be judged when the key is of an unknown kind")
    func unknownKey() throws {
        let pair = try TLSPair.make("a", kind: .ed25519)
        let strange = Blocks.replace([0x2b, 0x65, 0x70], by: [0x2b, 0x65, 0x09], in: pair.key)
        #expect(judge(pair.certificate, strange) == .unknownKind)
        let openSSH = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE=\n-----END OPENSSH PRIVATE KEY-----\n"
        #expect(judge(pair.certificate, openSSH) == .unknownKind)
    }

    /// With a modulus of 256 bits; one of a million takes libcrypto days.
    @Test(
        "cannot be judged with a DSA key, which is not even read: libcrypto would compute its public half",
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

    @Test("cannot be judged when the certificate's key is of an unknown kind")
    func unknownCertificate() throws {
        let pair = try TLSPair.make("a", kind: .ed25519)
        let strange = Blocks.replace([0x2b, 0x65, 0x70], by: [0x2b, 0x65, 0x09], in: pair.certificate)
        #expect(judge(strange, pair.key) == .unknownKind)
    }

    // MARK: Validity

    @Test(
        "are valid as the first certificate says",
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

    @Test("leave no error in libcrypto's queue, where others would find it")
    func errorQueue() throws {
        let good = try TLSPair.make("a")
        for (chain, key) in [("x", "y"), (good.certificate, "y"), (good.certificate, String(good.key.dropLast(40)))] {
            _ = judge(chain, key)
            #expect(Blocks.pendingError == 0)
        }
    }

    @Test("are found in no text about them")
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

/// What PEM text can look like and still be the same.
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
