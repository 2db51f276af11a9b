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
