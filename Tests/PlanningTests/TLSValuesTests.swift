import DistributionSupport
import FoundationEssentials
import Snapshots
import TestSupport
import Testing

@testable import Distribution
@testable import JSON
@testable import Planning

@Suite("The values of tls.crt, tls.key and ca.crt") struct TLSValuesTests {
    private static let validations = ["Full", "None"]

    @Test("are the parts of a combined file in a Secret of type kubernetes.io/tls", arguments: validations)
    func split(validation: String) throws {
        let root = try TLSPair.make("root", isAuthority: true)
        let leaf = try TLSPair.make("leaf", issuer: root)
        let file = leaf.key + root.certificate + leaf.certificate
        let mappings = [("f", "tls.crt"), ("f", "tls.key"), ("f", "ca.crt"), ("f", "all.pem")]
        let target = try target("kubernetes.io/tls", mappings, ["f": file], validation)
        #expect(
            target.data.mapValues(\.bytes.text) == [
                "tls.crt": leaf.chain(root), "tls.key": leaf.key, "ca.crt": root.certificate, "all.pem": file,
            ])
        for value in target.data.values { #expect(value.digest == Digest(value.bytes.text)) }
    }

    @Test("are the bytes of files that hold nothing else", arguments: validations)
    func unchanged(validation: String) throws {
        let pair = try TLSPair.make("a")
        let files = ["c": "subject=a\r\n\n\(pair.certificate)\n# end", "k": "\n\(pair.key + pair.key)", "x": "hunter2"]
        let mappings = [("c", "tls.crt"), ("k", "tls.key"), ("x", "ca.crt")]
        for type in ["kubernetes.io/tls", "Opaque"] {
            let target = try target(type, mappings, files, validation)
            #expect(target.data["tls.crt"]?.bytes.text == files["c"])
            #expect(target.data["tls.key"]?.bytes.text == files["k"])
            #expect(target.data["ca.crt"]?.bytes.text == files["x"])
        }
    }

    @Test("are parsed once for each file and part, and share their bytes in all targets")
    func once() throws {
        let pair = try TLSPair.make("a")
        var pairs = CertificateCheckCache()
        let targets = try (0..<10).map { number in
            try target(
                "kubernetes.io/tls", [("f\(number)", "tls.crt"), ("f\(number)", "tls.key")],
                ["f\(number)": pair.key + pair.certificate], "Full", &pairs)
        }
        for key in ["tls.crt", "tls.key"] {
            #expect(Set(targets.compactMap { $0.data[key].map { ObjectIdentifier($0.bytes) } }).count == 1)
        }
    }

    @Test(
        "never hold a private key in tls.crt or ca.crt, in any type and whatever spec.validation is",
        arguments: ["Opaque", "kubernetes.io/tls", "kubernetes.io/basic-auth", "example.com/t"], validations)
    func never(type: String, validation: String) throws {
        let pair = try TLSPair.make("a")
        let other = try TLSPair.make("b")
        let files = [
            pair.key, pair.key + pair.certificate + other.key, "\u{feff}" + pair.key + pair.certificate,
            String((pair.certificate + pair.key).dropLast(50)), pair.certificate.dropLast() + pair.key,
            "{\"key\": \"\(pair.key)\"}", PFX.base64, PFX.wrapped,
            pair.certificate + pair.key + pair.key.replacing("PRIVATE KEY", with: "CERTIFICATE"),
            Data(pair.key.utf8).base64EncodedString(),
            pair.key.split(separator: "\n").dropFirst().dropLast().joined(),
        ]
        for key in ["tls.crt", "ca.crt"] {
            for file in files {
                let mappings = [
                    ("f", key), ("u", "username"), ("u", key == "tls.crt" ? "ca.crt" : "tls.crt"), ("u", "tls.key"),
                ]
                let refusal = #expect(throws: Refusal.self) {
                    try target(type, mappings, ["f": file, "u": "x"], validation)
                }
                #expect(refusal?.reason == .sourceUnreadable)
                #expect(refusal?.message.contains("\"f\"") == true && refusal?.message.contains(key) == true)
            }
        }
    }

    @Test("leave out text that looks like a key and is no PEM block")
    func looksLikeKey() throws {
        let pair = try TLSPair.make("a")
        let files = ["f": pair.key.lowercased() + pair.certificate, "k": pair.key]
        let target = try target("kubernetes.io/tls", [("f", "tls.crt"), ("k", "tls.key")], files, "Full")
        #expect(target.data["tls.crt"]?.bytes.text == pair.certificate)
        #expect(throws: Refusal.self) { try self.target("Opaque", [("f", "tls.crt")], files, "Full") }
    }

    @Test("hold the target back if they cannot be determined, and the message says what to do")
    func messages() throws {
        let pair = try TLSPair.make("a")
        let both = pair.key + pair.certificate
        let (tls, opaque) = ("kubernetes.io/tls", "Opaque")
        let prefix = "Source file \"f\" cannot be split for tls.crt: it "
        let cases: [(type: String, file: String, message: String)] = [
            (
                opaque, both,
                "Source file \"f\" is not written to tls.crt, which must not hold a private key: it holds a private key."
                    + " Set extract: Certificates, or map a file with certificates only."
            ),
            (
                opaque, PFX.base64,
                "Source file \"f\" is not written to tls.crt, which must not hold a private key: it is PKCS#12 (PFX) in"
                    + " base64, which holds certificate and private key together. Set extract: Certificates, or map a file"
                    + " with certificates only."
            ),
            (
                tls, PFX.base64,
                prefix + "is PKCS#12 that needs a password, and none is given; or it is damaged."
            ),
            (tls, pair.key, prefix + "holds no certificate, expected at least one."),
            (tls, both + pair.key, prefix + "holds 2 private keys, expected one."),
            (
                tls, " " + both,
                prefix
                    + "is not PEM that all servers can read (RFC 7468): line 1 (PEM block 1) has something before"
                    + " -----BEGIN, expected it at the start of the line."
            ),
        ]
        for (type, file, message) in cases {
            let refusal = #expect(throws: Refusal.self) {
                try target(type, [("f", "tls.crt"), ("k", "tls.key")], ["f": file, "k": pair.key], "None")
            }
            #expect(refusal == Refusal(.sourceUnreadable, message))
        }
    }

    @Test("are not shown in any description")
    func redacted() throws {
        let pair = try TLSPair.make("a")
        var pairs = CertificateCheckCache()
        _ = try target(
            "kubernetes.io/tls", [("f", "tls.crt"), ("f", "tls.key")], ["f": pair.key + pair.certificate], "Full",
            &pairs)
        var dumped = ""
        dump(pairs, to: &dumped)
        #expect(!("\(pairs)" + String(reflecting: pairs) + dumped).contains("BEGIN"))
    }

    private func target(
        _ type: String, _ mappings: [(String, String)], _ files: [String: String], _ validation: String
    ) throws -> DesiredTarget {
        var pairs = CertificateCheckCache()
        return try target(type, mappings, files, validation, &pairs)
    }

    private func target(
        _ type: String, _ mappings: [(String, String)], _ files: [String: String], _ validation: String,
        _ pairs: inout CertificateCheckCache
    ) throws -> DesiredTarget {
        let secrets: [JSONValue] = mappings.map { ["from": .string($0.0), "to": .string($0.1)] }
        let distribution = try Manifest.amended([
            "spec": ["type": .string(type), "secrets": .array(secrets), "validation": .string(validation)]
        ])
        return try DesiredTarget(distribution, from: Snapshot(files), managedBy: "agent", checks: &pairs)
    }
}
