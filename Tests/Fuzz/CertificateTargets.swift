import COpenSSL
import FoundationEssentials
import Observability
import Snapshots

@testable import Certificates
@testable import Distribution
@testable import JSON
@testable import Planning

enum CertificateTargets {
    /// A pair is checked with the same result each time, and nothing of it stays in memory. The input is one DER block
    /// after a byte that selects its kind, or a chain and a key separated by NUL; without NUL they are the same.
    static let pair: Fuzz.Target = { bytes in
        split(bytes)
        if let first = bytes.first, first < labels.count, bytes.count > 1 {
            let label = labels[Int(first)]
            let body = Data(bytes.dropFirst()).base64EncodedString()
            let block = Array("-----BEGIN \(label)-----\n\(body)\n-----END \(label)-----\n".utf8)
            let key = judge(ownCertificate, block).verdict
            Fuzz.require(key != .certificateMissing, "a certificate is found")
            Fuzz.require(
                label.hasSuffix("PRIVATE KEY") == (key != .keyMissing), "a label matches the content of its block")
            let chain = judge(block, ownKey).verdict
            Fuzz.require(
                label.hasSuffix("CERTIFICATE") == (chain != .certificateMissing),
                "a label matches the content of its block")
            return
        }
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false).map { Array($0) }
        let (chain, key) = (parts[0], parts.last ?? [])
        let blocks = Fuzz.text(chain).split(separator: "-----BEGIN ").count
        switch judge(chain, key).verdict {
        case .wrongOrder(let number): Fuzz.require((2...blocks).contains(number), "a certificate has its index")
        case .certificateUnreadable(let number):
            Fuzz.require((1...(blocks + 1)).contains(number), "a certificate has its index")
        case .keyEncrypted:
            Fuzz.require(Fuzz.text(key).contains("ENCRYPTED"), "an encrypted key is reported as encrypted")
        default: break
        }
        Fuzz.require(judge(ownCertificate, ownKey + key).verdict == .fits, "the first key counts")
        switch judge(ownCertificate + chain, ownKey).verdict {
        case .fits: break
        case .certificateUnreadable(let number): Fuzz.require(number > 1, "later blocks do not affect the first")
        default: Fuzz.require(false, "the first certificate counts")
        }
    }

    /// Whatever a file holds, no private key is written where it is public, and each output is a part of the file if that
    /// is PEM.
    private static func split(_ bytes: [UInt8]) {
        for file in [bytes, ownKey + ownCertificate + bytes] {
            let source = Fuzz.text(file)
            let isPEM = !file.withUnsafeBytes { PEMText($0).blocks }.isEmpty
            for distribution in [tls, opaque] {
                let snapshot = Snapshot(
                    generation: "1", createdAt: Timestamp(seconds: 0), files: ["f": SourceFile(SecretBytes(file))])
                var pairs = CertificateCheckCache()
                guard let target = try? DesiredTarget(distribution, from: snapshot, managedBy: "me", checks: &pairs)
                else { continue }
                for (key, value) in target.data {
                    let content = value.bytes.withUnsafeBytes { Array($0) }
                    Fuzz.require(value.digest == Digest(of: value.bytes), "a value has its digest")
                    if key != "tls.key" {
                        let text = Fuzz.text(content).uppercased()
                        Fuzz.require(!text.contains("PRIVATE KEY-----"), "no private key is in a public part")
                        Fuzz.require(
                            content.withUnsafeBytes { KeyContent(in: $0) } == nil,
                            "no other form of a private key is in a public part")
                    }
                    guard content != file else { continue }
                    let blocks = content.withUnsafeBytes { PEMText($0) }
                    Fuzz.require(blocks.defect == nil && !blocks.blocks.isEmpty, "a part is strictly PEM")
                    for block in blocks.blocks where isPEM {
                        var text = Fuzz.text(content[block.range])
                        if !source.contains(text) { text.removeLast() }
                        Fuzz.require(source.contains(text), "a block keeps its bytes")
                    }
                }
            }
        }
        Fuzz.require(ERR_peek_error() == 0, "libcrypto's error queue is empty")
    }

    private static let tls = distribution("kubernetes.io/tls", ["tls.crt", "tls.key", "ca.crt"])
    private static let opaque = distribution("Opaque", ["tls.crt", "ca.crt"])

    private static func distribution(_ type: String, _ keys: [String]) -> SecretsDistribution {
        let entries = keys.map { #"{"from":"f","to":"\#($0)"}"# }.joined(separator: ",")
        let text = #"""
            {"metadata":{"name":"d","namespace":"n"},"spec":{"name":"s","type":"\#(type)","secrets":[\#(entries)]}}
            """#
        guard let distribution = try? JSONBytes.decode(SecretsDistribution.self, from: Array(text.utf8)) else {
            fatalError("the distribution cannot be read")
        }
        return distribution
    }

    private static func judge(_ chain: [UInt8], _ key: [UInt8]) -> CertificatePair {
        let verdicts = (0..<2).map { _ in
            chain.withUnsafeBytes { chain in key.withUnsafeBytes { CertificatePair(chain: chain, key: $0) } }
        }
        Fuzz.require(verdicts[0] == verdicts[1], "a pair always has the same result")
        Fuzz.require(ERR_peek_error() == 0, "libcrypto's error queue is empty")
        let isMissing = verdicts[0].verdict == .certificateMissing
        Fuzz.require(!isMissing || verdicts[0].validity == nil, "a missing pair is not valid")
        return verdicts[0]
    }

    private static let labels = [
        "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "DSA PRIVATE KEY", "CERTIFICATE",
        "TRUSTED CERTIFICATE",
    ]

    /// Ed25519, created for this test.
    private static let ownCertificate = Array(
        """
        -----BEGIN CERTIFICATE-----
        MIIBLjCB4aADAgECAhRHOE8K3unkrVALIBTaEknV07N5jzAFBgMrZXAwDDEKMAgG
        A1UEAwwBYTAgFw0yNjExMjExNDE0MTRaGA8yMTI2MTAyODE0MTQxNFowDDEKMAgG
        A1UEAwwBYTAqMAUGAytlcAMhAPQ2OOj2JUvvyQVD7jdyn5zFjwQb+HvCdbgMyD8w
        E1i5o1MwUTAdBgNVHQ4EFgQUSPoa0s37wc6oM9JH52pX2wsq91swHwYDVR0jBBgw
        FoAUSPoa0s37wc6oM9JH52pX2wsq91swDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXAD
        QQDjrlTWixy7a5WGnhRe6/wYUe2DHfG4N4oKXSz9vRGs9owJ+74jVuHLXtjqQERJ
        ifvdI+0GiCp5LculC7CShF8M
        -----END CERTIFICATE-----

        """.utf8)

    private static let ownKey = Array(
        """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIGkqyrMNQOQdoXJBz/57+G7XFx+X7KfVKeoxJGI/VYY7
        -----END PRIVATE KEY-----

        """.utf8)
}
