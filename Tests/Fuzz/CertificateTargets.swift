import COpenSSL
import Certificates
import FoundationEssentials

enum CertificateTargets {
    /// A pair is judged, the same each time, and nothing of it is left behind. The input is one DER block behind a byte
    /// that says which, or a chain and a key with NUL between them; without NUL they are the same.
    static let pair: Fuzz.Target = { bytes in
        if let first = bytes.first, first < labels.count, bytes.count > 1 {
            let label = labels[Int(first)]
            let body = Data(bytes.dropFirst()).base64EncodedString()
            let block = Array("-----BEGIN \(label)-----\n\(body)\n-----END \(label)-----\n".utf8)
            let key = judge(ownCertificate, block).verdict
            Fuzz.require(key != .certificateMissing, "a certificate is found")
            Fuzz.require(label.hasSuffix("PRIVATE KEY") == (key != .keyMissing), "a label says what is in a block")
            let chain = judge(block, ownKey).verdict
            Fuzz.require(
                label.hasSuffix("CERTIFICATE") == (chain != .certificateMissing), "a label says what is in a block")
            return
        }
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false).map { Array($0) }
        let (chain, key) = (parts[0], parts.last ?? [])
        let blocks = Fuzz.text(chain).split(separator: "-----BEGIN ").count
        switch judge(chain, key).verdict {
        case .wrongOrder(let number): Fuzz.require((2...blocks).contains(number), "a certificate has its number")
        case .certificateUnreadable(let number):
            Fuzz.require((1...(blocks + 1)).contains(number), "a certificate has its number")
        case .keyEncrypted: Fuzz.require(Fuzz.text(key).contains("ENCRYPTED"), "an encrypted key says so")
        default: break
        }
        Fuzz.require(judge(ownCertificate, ownKey + key).verdict == .fits, "the first key counts")
        switch judge(ownCertificate + chain, ownKey).verdict {
        case .fits: break
        case .certificateUnreadable(let number): Fuzz.require(number > 1, "what follows does not damage the first")
        default: Fuzz.require(false, "the first certificate counts")
        }
    }

    private static func judge(_ chain: [UInt8], _ key: [UInt8]) -> CertificatePair {
        let verdicts = (0..<2).map { _ in
            chain.withUnsafeBytes { chain in key.withUnsafeBytes { CertificatePair(chain: chain, key: $0) } }
        }
        Fuzz.require(verdicts[0] == verdicts[1], "the same pair has the same verdict")
        Fuzz.require(ERR_peek_error() == 0, "no error is left for others to find")
        let isMissing = verdicts[0].verdict == .certificateMissing
        Fuzz.require(!isMissing || verdicts[0].validity == nil, "what is not there is not valid")
        return verdicts[0]
    }

    private static let labels = [
        "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "DSA PRIVATE KEY", "CERTIFICATE",
        "TRUSTED CERTIFICATE",
    ]

    /// Ed25519, made for this.
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
