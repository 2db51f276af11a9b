extension CertificateBundle {
    /// Why a file, or a part of it, cannot be used. The description is the rest of a sentence after the file's name and
    /// contains nothing of the content.
    package enum Failure: Error, Sendable, Hashable {
        case empty
        case unknownFormat
        case malformed(PEMDefect)
        /// DER or PKCS#12.
        case tooLarge
        case tooManyValues
        /// A DER value, counted from 1.
        case damagedValue(number: Int)
        case damagedPKCS12
        /// PKCS#12 that is signed, or encrypted for the holder of a private key.
        case publicKeyPKCS12
        case certificateMissing
        /// Counted from 1.
        case certificateDamaged(number: Int)
        case authorityMissing
        case keyMissing
        case severalKeys(Int)
        case keyDamaged
        /// The private key belongs to none of the certificates.
        case foreignKey
        /// PKCS#12 that the empty password does not open.
        case passwordMissing
        case wrongPassword(Encrypted, PasswordHint)
        case passwordTooLong
        /// The number of iterations of one derivation or, if each is permitted, of all together.
        case tooManyIterations(Int)
        /// In bytes.
        case tooMuchMemory(Int)
        /// OpenSSL's name of the cipher.
        case legacyCipher(String)
        case unsupportedCipher(String)
        case unsupportedEncryption
        case unsupportedMAC
    }

    package enum Encrypted: Sendable, Hashable {
        case pkcs12, privateKey
    }

    package enum PasswordHint: Sendable, Hashable {
        case none
        /// A file with a password often ends in the line break that an editor or `echo` adds.
        case endsInLineBreak
    }
}

extension CertificateBundle.Failure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .empty: "is empty, expected certificates or a private key"
        case .unknownFormat: "is none of PEM, DER and PKCS#12, nor base64 of one of them"
        case .malformed(let defect): "is not PEM that all servers can read (RFC 7468): \(defect)"
        case .tooLarge: "is larger than 1 MiB, expected a smaller file in DER or PKCS#12"
        case .tooManyValues: "holds more than \(BundleBlocks.limit) certificates, keys or other values"
        case .damagedValue(let number): "holds a damaged DER value (number \(number)), expected a certificate or key"
        case .damagedPKCS12: "is PKCS#12 that is damaged or cut off"
        case .publicKeyPKCS12: "is PKCS#12 that is signed or encrypted with a public key, expected a password"
        case .certificateMissing: "holds no certificate, expected at least one"
        case .certificateDamaged(let number): "holds a damaged certificate (number \(number))"
        case .authorityMissing: "holds no certificate of a CA, expected at least one"
        case .keyMissing: "holds no private key, expected one"
        case .severalKeys(let count): "holds \(count) private keys, expected one"
        case .keyDamaged: "holds a damaged private key"
        case .foreignKey: "holds a private key that belongs to none of its certificates"
        case .passwordMissing: "is PKCS#12 that needs a password, and none is given; or it is damaged"
        case .wrongPassword(let encrypted, let hint): encrypted.text + hint.text
        case .passwordTooLong: "is given a password of more than \(Password.longest) bytes"
        case .tooManyIterations(let count):
            "needs \(count) iterations to derive its keys, expected at most \(DerivationBudget.limit) in one file"
        case .tooMuchMemory(let bytes):
            "needs \(bytes >> 20) MiB of memory to derive a key with scrypt, expected at most"
                + " \(DerivationBudget.memory >> 20)"
        case .legacyCipher(let name):
            "is encrypted with \(name), which needs the legacy provider of OpenSSL; it is not installed"
        case .unsupportedCipher(let name): "is encrypted with \(name), which OpenSSL does not support"
        case .unsupportedEncryption: "is encrypted in a way that OpenSSL does not support"
        case .unsupportedMAC:
            "is PKCS#12 with an unsupported MAC, expected HMAC with a digest (RFC 7292)"
        }
    }
}

extension CertificateBundle.Encrypted {
    fileprivate var text: String {
        switch self {
        case .pkcs12: "is PKCS#12 with a wrong password, or damaged"
        case .privateKey: "holds an encrypted private key with a wrong password, or damaged"
        }
    }
}

extension CertificateBundle.PasswordHint {
    fileprivate var text: String {
        switch self {
        case .none: ""
        case .endsInLineBreak:
            "; the password ends in a line break, and the password file must hold the password alone"
        }
    }
}
