import FoundationEssentials
import TestSupport
import TestTraits
import Testing

@testable import Certificates

@Suite("DER with certificates and a private key", .tags(.unsafeMemory)) struct DERBundleTests {
    @Test("becomes PEM, alone, in sequence and in base64", arguments: TLSPair.Kind.allCases)
    func values(kind: TLSPair.Kind) throws {
        let root = try TLSPair.make("root", isAuthority: true)
        let pair = try TLSPair.make("a", kind: kind, issuer: root)
        var keys = [pair.key]
        if kind == .rsa || kind == .ec { keys.append(try pair.key(as: .traditional)) }
        for key in keys {
            let file = Blocks.der(root.certificate) + Blocks.der(key) + Blocks.der(pair.certificate)
            for file in [file] + Blocks.base64(of: file).map({ Array($0.utf8) }) {
                #expect(try CertificateBundle(file).results() == [pair.chain(root), key, root.certificate])
                #expect(file.withUnsafeBytes(CertificateBundle.isCombined))
            }
            #expect(try CertificateBundle(Blocks.der(key)).text(.privateKey) == key)
            #expect(!Blocks.der(key).withUnsafeBytes(CertificateBundle.isCombined))
        }
        let certificates = Blocks.der(pair.certificate) + Blocks.der(root.certificate)
        #expect(try CertificateBundle(certificates).text(.certificates) == pair.chain(root))
        #expect(!certificates.withUnsafeBytes(CertificateBundle.isCombined))
    }

    @Test("in base64 can be PEM too")
    func base64OfPEM() throws {
        let pair = try TLSPair.make("a")
        for text in Blocks.base64(of: Array((pair.key + pair.certificate).utf8)) {
            #expect(try CertificateBundle(Array(text.utf8)).text(.certificates) == pair.certificate)
        }
    }

    @Test("is refused if it is damaged, cut off, or something else")
    func damaged() throws {
        let pair = try TLSPair.make("a")
        let (certificate, key) = (Blocks.der(pair.certificate), Blocks.der(pair.key))
        let file = certificate + key
        for count in file.indices where count != certificate.count {
            #expect(throws: CertificateBundle.Failure.self) { try CertificateBundle(Array(file.prefix(count))) }
        }
        for index in file.indices {
            var changed = file
            changed[index] ^= 0x41
            _ = try? CertificateBundle(changed).results()
        }
        #expect(throws: CertificateBundle.Failure.severalKeys(2)) { try CertificateBundle(file + key) }
        #expect(throws: CertificateBundle.Failure.damagedValue(number: 3)) { try CertificateBundle(file + [0x0a]) }
        #expect(throws: CertificateBundle.Failure.empty) { try CertificateBundle([]) }
        for text in ["hunter2", "{\"a\": 1}", String(repeating: "A", count: 400), "0x1234", "0"] {
            #expect(throws: CertificateBundle.Failure.self) { try CertificateBundle(Array(text.utf8)) }
        }
        #expect(throws: CertificateBundle.Failure.tooLarge) {
            try CertificateBundle([0x30, 0x83, 0x10, 0, 0, 0x30] + [UInt8](repeating: 0, count: 1 << 20))
        }
        #expect(Blocks.pendingError == 0)
    }
}

@Suite("An encrypted private key", .tags(.unsafeMemory)) struct EncryptedKeyTests {
    private static let forms = [TLSPair.KeyForm.pkcs8Encrypted, .traditionalEncrypted]

    @Test("is decrypted with its password, and otherwise kept", arguments: forms, TLSPair.Kind.allCases)
    func pem(form: TLSPair.KeyForm, kind: TLSPair.Kind) throws {
        guard let root = try? TLSPair.make("root", isAuthority: true), let pair = try? TLSPair.make("a", kind: kind),
            let key = try? pair.key(as: form)
        else {
            // EdDSA has no traditional form.
            #expect(form == .traditionalEncrypted)
            return
        }
        let file = Array((root.certificate + key + pair.certificate).utf8)
        let plain = form == .pkcs8Encrypted ? pair.key : try pair.key(as: .traditional)
        let decrypted = try CertificateBundle(file, password: "passphrase")
        #expect(decrypted.results() == [pair.chain(root), plain, root.certificate])
        let kept = try CertificateBundle(file)
        #expect(kept.results() == [root.chain(pair), key, root.certificate])
        for (password, hint) in [("", CertificateBundle.PasswordHint.none), ("passphrase\n", .endsInLineBreak)] {
            #expect(throws: CertificateBundle.Failure.wrongPassword(.privateKey, hint)) {
                try CertificateBundle(file, password: password)
            }
        }
        // A password for a key without encryption is ignored.
        let open = Array((plain + pair.certificate).utf8)
        #expect(try CertificateBundle(open, password: "x").text(.privateKey) == plain)
    }

    @Test("in DER is decrypted with its password, and otherwise becomes PEM")
    func der() throws {
        let pair = try TLSPair.make("a")
        let key = try pair.key(as: .pkcs8Encrypted)
        let file = Blocks.der(pair.certificate) + Blocks.der(key)
        #expect(try CertificateBundle(file).text(.privateKey) == key)
        #expect(try CertificateBundle(file, password: "passphrase").text(.privateKey) == pair.key)
        #expect(throws: CertificateBundle.Failure.wrongPassword(.privateKey, .none)) {
            try CertificateBundle(file, password: "x")
        }
        #expect(file.withUnsafeBytes(CertificateBundle.isCombined))
    }

    @Test("with many iterations or much memory is refused")
    func expensive() {
        // An EncryptedPrivateKeyInfo with PBES2 and AES-256: PBKDF2 with 1,000,000 iterations, and scrypt.
        let cipher: [UInt8] =
            [
                0x30, 0x1d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a, 0x04, 0x10,
            ] + [UInt8](repeating: 7, count: 16)
        let pbkdf2 = sequence(
            [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c]
                + sequence([0x04, 0x01, 0x61, 0x02, 0x03, 0x0f, 0x42, 0x40]))
        let scrypt = { (numbers: [UInt8]) in
            sequence(
                [0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x04, 0x0b]
                    + sequence([0x04, 0x01, 0x61] + numbers))
        }
        let cases: [([UInt8], CertificateBundle.Failure)] = [
            (pbkdf2, .tooManyIterations(1_000_000)),
            // N = 2^14, r = 8, p = 64; N = 2^20, r = 8, p = 1.
            (scrypt([2, 2, 0x40, 0, 2, 1, 8, 2, 1, 0x40]), .tooManyIterations(1 << 23)),
            (scrypt([2, 3, 0x10, 0, 0, 2, 1, 8, 2, 1, 1]), .tooMuchMemory(1 << 30)),
            (scrypt([2, 8, 0x7f, 0, 0, 0, 0, 0, 0, 0, 2, 1, 8, 2, 1, 1]), .tooMuchMemory(.max)),
        ]
        for (derivation, failure) in cases {
            let scheme = sequence(
                [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d] + sequence(derivation + cipher))
            let file = sequence(scheme + [0x04, 0x10] + [UInt8](repeating: 9, count: 16))
            #expect(throws: failure) { try CertificateBundle(file, password: "x") }
        }
    }

    private func sequence(_ content: [UInt8]) -> [UInt8] { [0x30, 0x81, UInt8(content.count)] + content }
}
