import TestSupport
import TestTraits
import Testing

@testable import Certificates

@Suite("A combined PEM file", .tags(.unsafeMemory)) struct PEMSplitTests {
    private struct Family {
        let root, intermediate, leaf, other: TLSPair

        init() throws {
            root = try TLSPair.make("root", isAuthority: true)
            intermediate = try TLSPair.make("intermediate", issuer: root, isAuthority: true)
            leaf = try TLSPair.make("leaf", issuer: intermediate)
            other = try TLSPair.make("other", kind: .ed25519)
        }
    }

    @Test("is split into the chain of its key, its key and its CAs, in any order")
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
                == certificate.dropLast(lineBreak.count) + "")
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
        let foreign = family.root.certificate + family.leaf.certificate + family.other.key
        #expect(try split(foreign, .certificates) == family.root.chain(family.leaf))
    }

    @Test("is not split if parts are missing, duplicate or damaged")
    func failures() throws {
        let (pair, other) = (try TLSPair.make("a"), try TLSPair.make("b"))
        let damaged = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
        let damagedKey = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"
        let cases: [(String, PEMSplit.Part, PEMSplit.Failure)] = [
            (pair.key, .certificates, .certificateMissing), (pair.key, .caCertificates, .authorityMissing),
            (pair.key + pair.certificate, .caCertificates, .authorityMissing),
            (pair.key + pair.certificate + other.key, .certificates, .severalKeys(2)),
            (pair.key + pair.certificate + pair.key, .privateKey, .severalKeys(2)),
            (pair.certificate, .privateKey, .keyMissing),
            (pair.key + pair.certificate + damaged, .certificates, .certificateUnreadable(number: 2)),
            (damagedKey + pair.certificate, .privateKey, .keyUnreadable),
            (
                "\u{feff}" + pair.key + pair.certificate, .privateKey,
                .malformed(PEMDefect(kind: .byteOrderMark, block: 1, line: 1))
            ),
        ]
        for (file, part, failure) in cases {
            #expect(throws: failure) { try split(file, part) }
        }
        for part in [PEMSplit.Part.certificates, .privateKey] {
            #expect(throws: PEMSplit.Failure.self) {
                try split(String((pair.key + pair.certificate).dropLast(40)), part)
            }
        }
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

    private func isCombined(_ file: String) -> Bool { Array(file.utf8).withUnsafeBytes(PEMSplit.isCombined) }

    private func split(_ file: String, _ part: PEMSplit.Part) throws -> String {
        let bytes = Array(file.utf8)
        let ranges = try bytes.withUnsafeBytes { try PEMSplit.blocks(of: part, in: $0) }
        return ranges.map { String(decoding: bytes[$0], as: UTF8.self) }.joined()
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
