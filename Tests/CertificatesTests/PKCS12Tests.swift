import COpenSSL
import FoundationEssentials
import TestSupport
import TestTraits
import Testing

@testable import Certificates

@Suite("PKCS#12", .tags(.unsafeMemory)) struct PKCS12Tests {
    private static let passwords: [String?] = [nil, "", "passphrase", "pässwörd"]

    @Test(
        "gives the chain of its key, its key and its CAs, with any cipher and password",
        arguments: PKCS12.Cipher.allCases,
        passwords)
    func parts(cipher: PKCS12.Cipher, password: String?) throws {
        let family = try Family()
        for hasMAC in [true, false] {
            let file = try PKCS12(cipher: cipher, password: password, hasMAC: hasMAC, name: "näme").file(
                keys: [family.leaf.key], family.others)
            let given: [String?] = (password ?? "").isEmpty ? [nil, "", password] : [password]
            for given in given {
                let bundle = try CertificateBundle(file, password: given)
                #expect(try bundle.text(.certificates) == family.chain)
                #expect(try bundle.text(.privateKey) == family.leaf.key)
                #expect(try bundle.text(.caCertificates) == family.authorities)
                #expect(try bundle.results() == CertificateBundle(file, password: given).results())
            }
            #expect(file.withUnsafeBytes(CertificateBundle.isCombined))
        }
        #expect(Blocks.pendingError == 0)
    }

    @Test("holds any kind of key", arguments: TLSPair.Kind.allCases)
    func kinds(kind: TLSPair.Kind) throws {
        let pair = try TLSPair.make("a", kind: kind)
        let file = try PKCS12(keyCipher: .tripleDES, password: "passphrase").file(keys: [pair.key], [pair.certificate])
        let bundle = try CertificateBundle(file, password: "passphrase")
        #expect(
            bundle.results() == [pair.certificate, pair.key, "holds no certificate of a CA, expected at least one"])
    }

    @Test("keeps the attributes of its key")
    func attributes() throws {
        let pair = try TLSPair.make("a", kind: .rsa)
        let file = try PKCS12(password: "", keyUsage: KEY_SIG).file(keys: [pair.key], [pair.certificate])
        let bundle = try CertificateBundle(file)
        let (chain, key) = (Array(try bundle.text(.certificates).utf8), Array(try bundle.text(.privateKey).utf8))
        #expect(key.count > pair.key.utf8.count)
        let verdict = chain.withUnsafeBytes { chain in
            key.withUnsafeBytes { CertificatePair(chain: chain, key: $0) }
        }
        #expect(verdict.verdict == .fits && verdict.keyDefect == nil)
    }

    @Test("can be base64, with and without line breaks")
    func base64() throws {
        let family = try Family()
        let file = try PKCS12(password: "").file(keys: [family.leaf.key], family.others)
        for text in Blocks.base64(of: file) {
            #expect(try CertificateBundle(Array(text.utf8)).text(.certificates) == family.chain)
            #expect(Array(text.utf8).withUnsafeBytes(CertificateBundle.isCombined))
        }
        let twice = Data(Data(file).base64EncodedString().utf8).base64EncodedString()
        #expect(throws: CertificateBundle.Failure.unknownFormat) { try CertificateBundle(Array(twice.utf8)) }
        for text in [PFX.base64, PFX.wrapped] {
            #expect(try CertificateBundle(Array(text.utf8), password: "x").text(.privateKey).contains("PRIVATE"))
        }
    }

    @Test("can be BER with indefinite lengths and strings in pieces", arguments: PKCS12.Cipher.allCases)
    func indefinite(cipher: PKCS12.Cipher) throws {
        let family = try Family()
        let file = try PKCS12(cipher: cipher, password: "passphrase").file(keys: [family.leaf.key], family.others)
        let ber = try #require(Blocks.indefinite(file))
        #expect(ber.count > file.count)
        #expect(ber.withUnsafeBytes(CertificateBundle.isCombined))
        let bundle = try CertificateBundle(ber, password: "passphrase")
        #expect(try bundle.results() == CertificateBundle(file, password: "passphrase").results())
    }

    @Test(
        "with another password is refused, and a line break at its end is mentioned", arguments: PKCS12.Cipher.allCases)
    func wrongPassword(cipher: PKCS12.Cipher) throws {
        let pair = try TLSPair.make("a")
        for hasMAC in [true, false] where hasMAC || cipher != .none {
            let file = try PKCS12(cipher: cipher, password: "passphrase", hasMAC: hasMAC).file(
                keys: [pair.key], [pair.certificate])
            #expect(throws: CertificateBundle.Failure.passwordMissing) { try CertificateBundle(file) }
            for wrong in ["", "Passphrase", "passphrase "] {
                #expect(throws: CertificateBundle.Failure.wrongPassword(.pkcs12, .none)) {
                    try CertificateBundle(file, password: wrong)
                }
            }
            for wrong in ["passphrase\n", "passphrase\r\n"] {
                let failure = #expect(throws: CertificateBundle.Failure.self) {
                    try CertificateBundle(file, password: wrong)
                }
                #expect(failure?.description.hasSuffix("the password file must hold the password alone") == true)
                #expect(failure?.description.contains("passphrase") == false)
            }
            #expect(throws: CertificateBundle.Failure.passwordTooLong) {
                try CertificateBundle(file, password: String(repeating: "p", count: 5_000))
            }
        }
    }

    @Test("lacks a part, holds two keys or a foreign one")
    func failures() throws {
        let (pair, other) = (try TLSPair.make("a"), try TLSPair.make("b"))
        let form = PKCS12(password: "")
        let two = try form.file(keys: [pair.key, other.key], [pair.certificate])
        #expect(throws: CertificateBundle.Failure.severalKeys(2)) { try CertificateBundle(two) }
        let keyOnly = try CertificateBundle(try form.file(keys: [pair.key], []))
        #expect(throws: CertificateBundle.Failure.certificateMissing) { try keyOnly.part(.certificates) }
        #expect(throws: CertificateBundle.Failure.authorityMissing) { try keyOnly.part(.caCertificates) }
        let certificates = try CertificateBundle(try form.file(keys: [], [pair.certificate, other.certificate]))
        #expect(throws: CertificateBundle.Failure.keyMissing) { try certificates.part(.privateKey) }
        #expect(try certificates.text(.certificates) == pair.chain(other))
        let foreign = try CertificateBundle(try form.file(keys: [pair.key], [other.certificate]))
        #expect(throws: CertificateBundle.Failure.foreignKey) { try foreign.part(.certificates) }
    }

    @Test("that is cut off or changed is refused, or the change has no effect")
    func damaged() throws {
        let pair = try TLSPair.make("a")
        let file = try PKCS12(password: "", iterations: 1).file(keys: [pair.key], [pair.certificate])
        let expected = try CertificateBundle(file).results()
        for count in file.indices {
            #expect(throws: CertificateBundle.Failure.self) { try CertificateBundle(Array(file.prefix(count))) }
        }
        #expect(throws: CertificateBundle.Failure.damagedPKCS12) { try CertificateBundle(file + [0]) }
        for index in file.indices {
            for mask in [0x01, 0x80] as [UInt8] {
                var changed = file
                changed[index] ^= mask
                let results = try? CertificateBundle(changed).results()
                #expect(results == nil || results == expected, "byte \(index)")
            }
        }
        #expect(Blocks.pendingError == 0)
    }

    @Test("without a MAC is read, whatever is changed in it")
    func unprotected() throws {
        let pair = try TLSPair.make("a")
        for cipher in [PKCS12.Cipher.none, .tripleDES] {
            let file = try PKCS12(cipher: cipher, password: "", hasMAC: false, iterations: 1).file(
                keys: [pair.key], [pair.certificate])
            for index in file.indices {
                var changed = file
                changed[index] ^= 0x41
                _ = try? CertificateBundle(changed).results()
            }
        }
    }

    @Test("with many iterations is refused, and the failure names their number")
    func iterations() throws {
        let pair = try TLSPair.make("a")
        for cipher in [PKCS12.Cipher.aes256, .tripleDES] {
            let file = try PKCS12(cipher: cipher, password: "", iterations: 70_000).file(
                keys: [pair.key], [pair.certificate])
            let places = Blocks.places(of: [0x02, 0x03, 0x01, 0x11, 0x70], in: file)
            // In the encrypted certificates, the encrypted key, and the MAC.
            #expect(places.count == 3)
            for place in places {
                var changed = file
                changed.replaceSubrange((place + 2)..<(place + 5), with: [0x0f, 0x42, 0x40])
                // Without a correct MAC, only that of the MAC counts.
                if place != places.last { changed = try #require(Blocks.withoutMAC(changed)) }
                let failure = #expect(throws: CertificateBundle.Failure.tooManyIterations(1_000_000)) {
                    try CertificateBundle(changed)
                }
                #expect(failure?.description.contains("1000000") == true)
            }
        }
        let many = try PKCS12(password: "", iterations: 300_000).file(keys: [pair.key], [])
        #expect(throws: CertificateBundle.Failure.tooManyIterations(900_000)) { try CertificateBundle(many) }
    }

    @Test("needs the legacy provider of OpenSSL for old ciphers; the failure names the cipher")
    func legacyProvider() {
        #expect(CipherContext(provider: "no-such-provider") == nil)
        #expect(
            CertificateBundle.Failure.legacyCipher("RC2-40-CBC").description
                == "is encrypted with RC2-40-CBC, which needs the legacy provider of OpenSSL; it is not installed")
    }

    private struct Family {
        let root, intermediate, leaf: TLSPair

        init() throws {
            root = try TLSPair.make("root", isAuthority: true)
            intermediate = try TLSPair.make("intermediate", issuer: root, isAuthority: true)
            leaf = try TLSPair.make("leaf", issuer: intermediate)
        }

        /// Not in the order of the chain.
        var others: [String] { [root.certificate, leaf.certificate, intermediate.certificate] }
        var chain: String { leaf.chain(intermediate, root) }
        var authorities: String { root.chain(intermediate) }
    }
}
