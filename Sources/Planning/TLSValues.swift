import Certificates
import Distribution

/// The values of `tls.crt`, `tls.key` and `ca.crt`. `tls.crt` and `ca.crt` are public, so no private key is written to
/// them, regardless of the Secret's type and of `spec.validation`.
extension CertificateCheckCache {
    /// The file's bytes, or the part of them that belongs into the data key.
    ///
    /// - Throws: why the target must not be changed.
    mutating func value(
        of file: DesiredTarget.Value, for mapping: Mapping, type: String
    ) throws(Refusal) -> DesiredTarget.Value {
        let isTLS = type == SecretType.tls.rawValue
        switch mapping.to {
        case SecretType.key:
            return isTLS && isCombined(file) ? try split(.privateKey, of: file, for: mapping) : file
        case SecretType.certificate, SecretType.authority:
            guard let content = keyContent(of: file) else { return file }
            guard isTLS, content == .pem else { throw .privateKey(content, in: mapping, isTLS: isTLS) }
            let part: CertificateBundle.Part = mapping.to == SecretType.certificate ? .certificates : .caCertificates
            let value = try split(part, of: file, for: mapping)
            if let content = keyContent(of: value) { throw .privateKey(content, in: mapping, isTLS: isTLS) }
            return value
        default: return file
        }
    }

    private mutating func split(
        _ part: CertificateBundle.Part, of file: DesiredTarget.Value, for mapping: Mapping
    ) throws(Refusal) -> DesiredTarget.Value {
        do throws(CertificateBundle.Failure) {
            // A private key outside a block of its own, as in JSON, is not split off.
            _ = try self.part(.privateKey, of: file)
            return try self.part(part, of: file)
        } catch {
            throw Refusal(
                .sourceUnreadable,
                "Source file \(shown(mapping.from.text)) holds a private key and cannot be split for \(mapping.to):"
                    + " \(error.text).")
        }
    }
}

extension Refusal {
    fileprivate static func privateKey(_ content: KeyContent, in mapping: Mapping, isTLS: Bool) -> Refusal {
        Refusal(
            .sourceUnreadable,
            "Source file \(shown(mapping.from.text)) is not written to \(mapping.to), which must not hold a private"
                + " key: it \(content.text). \(content.remedy(isTLS: isTLS))")
    }
}

extension KeyContent {
    /// A phrase about a file with this content: `holds a private key`.
    var text: String {
        switch self {
        case .pem: "holds a private key"
        case .der: "holds a private key in DER"
        case .pkcs12: "is PKCS#12 (PFX), which holds certificate and private key together"
        case .javaKeyStore: "is a Java key store"
        case .base64(.pkcs12): "is PKCS#12 (PFX) in base64, which holds certificate and private key together"
        case .base64(.javaKeyStore): "is a Java key store in base64"
        case .base64(.der): "holds a private key in DER, in base64"
        case .base64: "holds a private key in base64"
        }
    }

    /// How to fix the source where PEM is expected.
    var remedy: String {
        let isPKCS12 = self == .pkcs12 || self == .base64(.pkcs12)
        return isPKCS12
            ? "Store it as PEM: for an Azure Key Vault set objectFormat: pem in the SecretProviderClass, or the"
                + " certificate's content type application/x-pem-file."
            : "Store it as PEM in the vault."
    }

    fileprivate func remedy(isTLS: Bool) -> String {
        if self != .pem { return remedy }
        return isTLS
            ? "Map a file that holds certificates only."
            : "Map a file that holds certificates only, or use type \(SecretType.tls.rawValue), which splits PEM files."
    }
}

extension CertificateBundle.Failure {
    fileprivate var text: String {
        switch self {
        case .malformed(let defect): "\(defect)"
        case .keyMissing: "the private key is not in a PEM block of its own; map a file that holds certificates only"
        case .severalKeys(let count): "it holds \(count) private keys, expected one; store each with its certificate"
        case .certificateMissing: "it holds no certificate; map the file with the certificate"
        case .authorityMissing: "none of its certificates is a CA; map a file with the CA's certificate"
        default: "it \(self)"
        }
    }
}
