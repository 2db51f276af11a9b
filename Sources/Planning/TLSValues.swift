import Certificates
import Distribution
import Values

/// Checks the values of `tls.crt` and `ca.crt`. They are public, so no private key is written to them, regardless of the
/// Secret's type, of how the value is derived, and of `spec.validation`.
extension CertificateCheckCache {
    /// - Returns: `content`.
    /// - Throws: why the target must not be changed.
    mutating func checked(
        _ content: [String: SecretValue], _ spec: DistributionSpec
    ) throws(Refusal) -> [String: SecretValue] {
        for key in SecretType.publicKeys {
            guard let value = content[key], let found = values.keyContent(of: value) else { continue }
            throw Refusal(
                .sourceUnreadable,
                "\(spec.source(of: key)) is not written to \(key), which must not hold a private key: it \(found.text)."
                    + " \(found.remedy(for: key))")
        }
        return content
    }
}

extension DistributionSpec {
    /// The source of a data key as the start of a sentence.
    func source(of key: String) -> String {
        switch mappings.first(where: { $0.to == key })?.source {
        case .file(let path)?, .derived(let path, _)?: "Source file \(shown(path.text))"
        case .template?: "The template of \(key)"
        case .constant?: "The constant of \(key)"
        case .generated?: "The generated value of \(key)"
        case nil: "The value of \(key) from spec.dataFrom"
        }
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
        case .hex: "holds a private key in hexadecimal digits"
        }
    }

    /// How to fix the source of a data key that expects PEM.
    func remedy(for key: String) -> String {
        if isJavaKeyStore { return "Store it as PEM in the vault." }
        return switch key {
        case SecretType.key: "Set extract: PrivateKey, or map a PEM file with the private key only."
        case SecretType.authority: "Set extract: CACertificates, or map a file with certificates only."
        default: "Set extract: Certificates, or map a file with certificates only."
        }
    }
}
