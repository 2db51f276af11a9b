import COpenSSL

@testable import Certificates

enum BundleTargets {
    /// A file with certificates and keys gives the same parts each time, and they are strictly PEM. The first byte selects
    /// the password: none, the empty one, or one with a line break.
    static let bundle: Fuzz.Target = { bytes in
        guard let first = bytes.first else { return }
        let passwords: [[UInt8]?] = [nil, [], [0x78], [0x78, 0x0a]]
        check(Array(bytes.dropFirst()), passwords[Int(first) % passwords.count])
    }

    /// The same for the bags of a PKCS#12 file without encryption and MAC, which other inputs rarely reach.
    static let safeContents: Fuzz.Target = { bytes in
        let safe = data(bytes)
        check([0x30, 0x80, 2, 1, 3] + data([0x30, 0x80] + safe + [0, 0]) + [0, 0], nil)
    }

    /// A ContentInfo of type data, in BER.
    private static func data(_ content: [UInt8]) -> [UInt8] {
        let size = content.count
        let octets = [4, 0x83, UInt8(size >> 16), UInt8(size >> 8 & 0xff), UInt8(size & 0xff)] + content
        return [0x30, 0x80, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1, 0xa0, 0x80] + octets + [0, 0, 0, 0]
    }

    private static func check(_ file: [UInt8], _ password: [UInt8]?) {
        let isCombined = file.withUnsafeBytes(CertificateBundle.isCombined)
        let results = (0..<2).map { _ in parts(of: file, password) }
        Fuzz.require(ERR_peek_error() == 0, "libcrypto's error queue is empty")
        Fuzz.require(results[0] == results[1], "a file always has the same parts")
        let certificates = results[0][.certificates] ?? []
        let key = results[0][.privateKey] ?? []
        let authorities = results[0][.caCertificates] ?? []
        Fuzz.require(
            isCombined || certificates.isEmpty || key.isEmpty, "a file with a key and certificates is recognized")
        for part in [certificates, key, authorities] where !part.isEmpty {
            Fuzz.require(part.last == 0x0a, "a part ends with a line break")
            let text = part.withUnsafeBytes { PEMText($0) }
            Fuzz.require(text.defect == nil && !text.blocks.isEmpty, "a part is strictly PEM")
            Fuzz.require(
                text.blocks.allSatisfy { part == key ? $0.isPrivateKey : $0.isCertificate }, "a part holds its blocks")
            Fuzz.require(part != key || text.blocks.count == 1, "there is one private key")
        }
        for part in [certificates, authorities] {
            let text = Fuzz.text(part).uppercased()
            Fuzz.require(!text.contains("PRIVATE KEY-----"), "no private key is in a public part")
        }
    }

    private static func parts(of file: [UInt8], _ password: [UInt8]?) -> [CertificateBundle.Part: [UInt8]] {
        var parts: [CertificateBundle.Part: [UInt8]] = [:]
        do {
            let bundle = try file.withUnsafeBytes { file in
                guard let password else { return try CertificateBundle(file, password: nil) }
                return try password.withUnsafeBytes { try CertificateBundle(file, password: $0) }
            }
            for part in CertificateBundle.Part.allCases {
                parts[part] = try? bundle.part(part).withUnsafeBytes { Array($0) }
            }
        } catch {
            let text = "\(error)"
            Fuzz.require(Fuzz.isOneLine(text) && text.utf8.count < 300, "a failure is one short line")
        }
        return parts
    }
}
