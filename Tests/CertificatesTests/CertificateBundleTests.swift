import TestSupport
import TestTraits
import Testing

@testable import Certificates

@Suite("A PEM file with certificates and a private key", .tags(.unsafeMemory)) struct CertificateBundleTests {
    private struct Family {
        let root, intermediate, leaf, other: TLSPair

        init() throws {
            root = try TLSPair.make("root", isAuthority: true)
            intermediate = try TLSPair.make("intermediate", issuer: root, isAuthority: true)
            leaf = try TLSPair.make("leaf", issuer: intermediate)
            other = try TLSPair.make("other", kind: .ed25519)
        }
    }

    @Test("gives the chain of its key, its key and its CAs, in any order")
    func order() throws {
        let family = try Family()
        let (leaf, intermediate, root) = (family.leaf, family.intermediate, family.root)
        let blocks = [leaf.key, leaf.certificate, intermediate.certificate, root.certificate]
        for order in permutations(blocks) {
            let file = order.joined()
            #expect(try split(file, .certificates) == leaf.chain(intermediate, root))
            #expect(try split(file, .privateKey) == leaf.key)
            let authorities = order.filter { [intermediate.certificate, root.certificate].contains($0) }
            #expect(try split(file, .caCertificates) == authorities.joined())
        }
        let rest = family.other.certificate + root.certificate + leaf.key + leaf.certificate + intermediate.certificate
        #expect(try split(rest, .certificates) == leaf.chain(intermediate, root, family.other))
    }

    @Test("keeps the bytes of its blocks, without the text around them", arguments: ["\n", "\r\n"])
    func bytes(lineBreak: String) throws {
        let pair = try TLSPair.make("a")
        let (certificate, key) = (
            pair.certificate.replacing("\n", with: lineBreak),
            try pair.key(as: .traditional).replacing("\n", with: lineBreak)
        )
        let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
        let file = "Bag Attributes\n    localKeyID: 01\n\(parameters)\(key)subject=a\n\n\(certificate)the end"
        #expect(try split(file, .certificates) == certificate)
        #expect(try split(file, .privateKey) == key)
        #expect(
            try split(key + String(certificate.dropLast(lineBreak.count)), .certificates)
                == certificate.dropLast(lineBreak.count) + "\n")
        #expect(
            try split(certificate + String(key.dropLast(lineBreak.count)), .privateKey)
                == key.dropLast(lineBreak.count) + "\n")
    }

    @Test(
        "keeps its order if it is unknown which certificate belongs to the key",
        arguments: [TLSPair.KeyForm.pkcs8Encrypted, .traditionalEncrypted])
    func unknown(form: TLSPair.KeyForm) throws {
        let family = try Family()
        let key = try family.leaf.key(as: form)
        let file = family.root.certificate + family.leaf.certificate + key
        #expect(try split(file, .certificates) == family.root.chain(family.leaf))
        #expect(try split(file, .privateKey) == key)
    }

    @Test("keeps its order without a private key, and certificates that occur twice")
    func withoutKey() throws {
        let family = try Family()
        let file = family.root.chain(family.leaf, family.root, family.intermediate)
        #expect(try split(file, .certificates) == file)
        #expect(
            try split(file, .caCertificates) == family.root.chain(family.root, family.intermediate))
        let twice = family.leaf.key + family.leaf.chain(family.leaf, family.intermediate)
        #expect(try split(twice, .certificates) == family.leaf.chain(family.intermediate, family.leaf))
    }

    @Test("gives no chain if its key belongs to none of its certificates", arguments: TLSPair.Kind.allCases)
    func foreign(kind: TLSPair.Kind) throws {
        let family = try Family()
        let other = try TLSPair.make("foreign", kind: kind)
        let file = family.root.certificate + family.leaf.certificate + other.key
        #expect(throws: CertificateBundle.Failure.foreignKey) { try split(file, .certificates) }
        #expect(try split(file, .privateKey) == other.key)
        #expect(try split(file, .caCertificates) == family.root.certificate)
    }

    @Test("keeps its order if libcrypto does not know the kind of its key")
    func unsupported() throws {
        let family = try Family()
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE=\n-----END OPENSSH PRIVATE KEY-----\n"
        let file = family.root.certificate + key + family.leaf.certificate
        #expect(try split(file, .certificates) == family.root.chain(family.leaf))
        #expect(try split(file, .privateKey) == key)
    }

    @Test("is not used if parts are missing, duplicate or damaged")
    func failures() throws {
        let (pair, other) = (try TLSPair.make("a"), try TLSPair.make("b"))
        let damaged = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
        let damagedKey = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"
        let cases: [(String, CertificateBundle.Part, CertificateBundle.Failure)] = [
            (pair.key, .certificates, .certificateMissing), (pair.key, .caCertificates, .authorityMissing),
            (pair.key + pair.certificate, .caCertificates, .authorityMissing),
            (pair.key + pair.certificate + other.key, .certificates, .severalKeys(2)),
            (pair.key + pair.certificate + pair.key, .privateKey, .severalKeys(2)),
            (pair.certificate, .privateKey, .keyMissing),
            (pair.key + pair.certificate + damaged, .certificates, .certificateDamaged(number: 2)),
            (damagedKey + pair.certificate, .privateKey, .keyDamaged),
            (
                "\u{feff}" + pair.key + pair.certificate, .privateKey,
                .malformed(PEMDefect(kind: .byteOrderMark, block: 1, line: 1))
            ),
        ]
        for (file, part, failure) in cases {
            #expect(throws: failure) { try split(file, part) }
        }
        for part in [CertificateBundle.Part.certificates, .privateKey] {
            #expect(throws: CertificateBundle.Failure.self) {
                try split(String((pair.key + pair.certificate).dropLast(40)), part)
            }
        }
    }

    @Test("with more certificates than any real one is refused")
    func many() throws {
        let certificate = try TLSPair.make("a").certificate
        let text = String(repeating: certificate, count: 1_000)
        #expect(try split(text, .certificates) == text)
        #expect(throws: CertificateBundle.Failure.tooManyValues) { try split(text + certificate, .certificates) }
    }

    @Test("has failures that are the rest of a sentence after its name")
    func descriptions() {
        let failures: [CertificateBundle.Failure] = [
            .severalKeys(2), .certificateDamaged(number: 3), .wrongPassword(.privateKey, .endsInLineBreak),
            .tooManyIterations(1_000_000), .malformed(PEMDefect(kind: .zeroByte, block: 1, line: 2)),
        ]
        #expect(
            failures.map(\.description) == [
                "holds 2 private keys, expected one", "holds a damaged certificate (number 3)",
                "holds an encrypted private key with a wrong password, or damaged; the password ends in a line break, and"
                    + " the password file must hold the password alone",
                "needs 1000000 iterations to derive its keys, expected at most 800000 in one file",
                "is not PEM that all servers can read (RFC 7468): line 2 (PEM block 1) has a zero byte before -----BEGIN",
            ])
    }

    @Test("is recognized by a key and a certificate")
    func combined() throws {
        let pair = try TLSPair.make("a")
        let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
        for file in [pair.key + pair.certificate, pair.certificate + parameters + pair.key] {
            #expect(isCombined(file))
        }
        for file in ["", pair.key, pair.certificate, parameters + pair.key, pair.key + pair.key] {
            #expect(!isCombined(file))
        }
    }

    private func isCombined(_ file: String) -> Bool {
        Array(file.utf8).withUnsafeBytes(CertificateBundle.isCombined)
    }

    private func split(_ file: String, _ part: CertificateBundle.Part) throws -> String {
        try CertificateBundle(Array(file.utf8)).text(part)
    }

    private func permutations(_ items: [String]) -> [[String]] {
        guard items.count > 1 else { return [items] }
        return items.indices.flatMap { index in
            var rest = items
            let item = rest.remove(at: index)
            return permutations(rest).map { [item] + $0 }
        }
    }
}
