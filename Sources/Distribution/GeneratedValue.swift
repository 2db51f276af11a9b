/// A value that does not exist anywhere yet: `generate` of an entry of `spec.secrets`. The Secret is its only store.
package struct GeneratedValue: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        case password = "Password"
        case random = "Random"
        case uuid = "UUID"
        case rsa = "RSA"
        case ec = "EC"
        case ed25519 = "Ed25519"

        /// Whether it has a private and a public part.
        package var isKeyPair: Bool { self == .rsa || self == .ec || self == .ed25519 }
    }

    /// The part of a key pair.
    package enum Part: String, Sendable, CaseIterable {
        case privateKey = "Private"
        case publicKey = "Public"
    }

    /// How a key is written.
    package enum Format: String, Sendable, CaseIterable {
        /// PKCS#8 or SubjectPublicKeyInfo (RFC 7468).
        case pem = "PEM"
        /// The same in DER.
        case der = "DER"
        /// `openssh-key-v1`, or the line of an `authorized_keys` file.
        case openSSH = "OpenSSH"
    }

    package var kind: Kind
    /// A password's characters, the bytes of `Random`, or the bits of an RSA or EC key.
    package var size: Int
    /// The characters of a password, in ASCII and without duplicates.
    package var characters: [UInt8] = []
    /// The name that the two parts of a key pair have in common; nil for a value of its own.
    package var pair: String?
    package var part = Part.privateKey
    package var format = Format.pem
    /// The token: a new value is generated if it differs from the one with which the value was generated.
    package var rotate = ""
}

extension GeneratedValue {
    /// The maximum number of generated values of a distribution. The annotation of the target names each of them.
    static let most = 100
    /// The maximum number of RSA keys of a distribution; each takes up to seconds of computing time.
    static let mostRSA = 10
    /// The maximum length of a token, in bytes.
    static let longestToken = 63
    /// A password with fewer bits is guessed in seconds.
    static let leastBits = 32.0
    static let standardCharacters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

    /// The size of the value in bytes, at most.
    package var maximumSize: Int {
        switch kind {
        case .password, .random: size
        case .uuid: 36
        case .ec, .ed25519: 1024
        // A private key of 4096 bits in PEM has 3,300.
        case .rsa: 4096
        }
    }

    /// Whether two parts of a pair can be those of one key pair.
    func fits(_ other: GeneratedValue) -> Bool { kind == other.kind && size == other.size && rotate == other.rotate }
}

extension GeneratedValue.Kind {
    /// The size if none is given; nil if it cannot be chosen.
    var standardSize: Int? {
        switch self {
        case .password, .random: 32
        case .rsa: 2048
        case .ec: 256
        case .uuid, .ed25519: nil
        }
    }

    /// The problem of a size; nil if it can be used.
    func problem(ofSize size: Int) -> String? {
        let expected: String
        switch self {
        case .password:
            if (8...1024).contains(size) { return nil }
            expected = "8 to 1024 characters"
        case .random:
            if (8...1024).contains(size) { return nil }
            expected = "8 to 1024 bytes"
        case .rsa:
            if [2048, 3072, 4096].contains(size) { return nil }
            expected = "2048, 3072 or 4096 bits"
        case .ec:
            if [256, 384, 521].contains(size) { return nil }
            expected = "256, 384 or 521 bits"
        case .uuid, .ed25519: return "is set for kind \(rawValue), which has only one size"
        }
        return "is \(size), expected \(expected) for kind \(rawValue)"
    }
}

/// One or more generated values that are only replaced together: both parts of a key pair, or a value of its own.
package struct GeneratedGroup: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        /// The data key.
        package var key: String
        package var value: GeneratedValue
    }

    /// The name of the pair; nil for a value of its own.
    package var pair: String?
    /// At least one. All have the same kind, size and token.
    package var entries: [Entry]

    package var keys: [String] { entries.map(\.key) }
    package var rotate: String { entries.first?.value.rotate ?? "" }
}

extension Mapping {
    fileprivate var isGenerated: Bool { if case .generated = source { true } else { false } }
}

extension DistributionSpec {
    /// The generated values, in the order of their first entry.
    package var generatedGroups: [GeneratedGroup] {
        // Most specs have none.
        guard mappings.contains(where: \.isGenerated) else { return [] }
        var groups: [GeneratedGroup] = []
        var pairs: [String: Int] = [:]
        for mapping in mappings {
            guard case .generated(let value) = mapping.source else { continue }
            let entry = GeneratedGroup.Entry(key: mapping.to, value: value)
            if let pair = value.pair, let index = pairs[pair] {
                groups[index].entries.append(entry)
            } else {
                if let pair = value.pair { pairs[pair] = groups.count }
                groups.append(GeneratedGroup(pair: value.pair, entries: [entry]))
            }
        }
        return groups
    }
}
