import Glibc

/// Reads `generate` of an entry of `spec.secrets`.
extension FieldReader {
    private static let generateFields = ["kind", "size", "characters", "pair", "part", "format", "rotate"]

    /// - Parameters:
    ///   - key: the data key; nil if it is not valid.
    ///   - type: the type of the Secret.
    mutating func generatedValue(for key: String?, type: String) -> GeneratedValue? {
        var reader = object("generate", required: true)
        defer { adopt(reader) }
        reader.expectNoOther(than: Self.generateFields)
        if !reader.has("kind"), reader.exists {
            let kinds = GeneratedValue.Kind.allCases.map { shown($0.rawValue) }.joined(separator: " or ")
            reader.note("kind", "is missing, expected \(kinds)")
        }
        guard let kind: GeneratedValue.Kind = reader.choice("kind") else { return nil }
        let size = reader.has("size") ? reader.int("size") : kind.standardSize ?? 0
        var isUsable = true
        if reader.has("size"), let size { isUsable = reader.check("size", kind.problem(ofSize: size)) }
        guard let size else { return nil }
        var value = GeneratedValue(kind: kind, size: size)
        if kind == .password {
            value.characters = GeneratedValue.standardCharacters
            if let text = reader.string("characters") {
                value.characters = text.utf8.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
                let problem = Self.problem(ofCharacters: text, value.characters, size: size)
                isUsable = reader.check("characters", problem) && isUsable
            }
        } else if reader.has("characters") {
            reader.note("characters", "is set for kind \(kind.rawValue), expected kind Password")
        }
        if kind.isKeyPair {
            value.pair = reader.string("pair")
            if let pair = value.pair {
                isUsable = reader.check("pair", Self.problem(ofToken: pair, isEmptyAllowed: false)) && isUsable
            }
            value.part = reader.choice("part") ?? .privateKey
            value.format = reader.choice("format") ?? .pem
            if value.part == .publicKey, value.pair == nil {
                reader.note("part", "is \"Public\" without \"pair\", which names the private key that it belongs to")
                isUsable = false
            }
            if let key, SecretType.publicKeys.contains(key), value.part == .privateKey {
                reader.note("part", "is \"Private\", but \(key) must not hold a private key")
            }
        } else {
            for field in ["pair", "part", "format"] where reader.has(field) {
                reader.note(field, "is set for kind \(kind.rawValue), expected kind RSA, EC or Ed25519")
            }
        }
        if let rotate = reader.string("rotate") {
            isUsable = reader.check("rotate", Self.problem(ofToken: rotate, isEmptyAllowed: true)) && isUsable
            value.rotate = rotate
        }
        if let key, let why = Self.refusal(ofKey: key, type: type) {
            note("generate", why)
            return nil
        }
        return isUsable ? value : nil
    }

    /// Whether a key of a type needs content that cannot be generated.
    private static func refusal(ofKey key: String, type: String) -> String? {
        guard let type = SecretType(rawValue: type) else { return nil }
        switch type {
        case .tls:
            guard SecretType.certificateKeys.contains(key) else { return nil }
            return "cannot generate \(key) of a Secret of type \(type.rawValue): nothing issues a certificate for it"
        case .dockerConfig, .dockerConfigJSON:
            guard type.requiredKeys.joined().contains(key) else { return nil }
            return "cannot generate \(key) of a Secret of type \(type.rawValue), which is a JSON object"
        case .basicAuth, .sshAuth: return nil
        }
    }

    private static func problem(ofCharacters text: String, _ characters: [UInt8], size: Int) -> String? {
        guard text.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) else {
            return "is \(shown(text)), expected printable ASCII characters"
        }
        let bits = characters.isEmpty ? 0 : Double(size) * log2(Double(characters.count))
        guard bits < GeneratedValue.leastBits else { return nil }
        let subject = characters.count == 1 ? "character, which gives" : "characters, which give"
        return "has \(characters.count) different \(subject) \(Int(bits)) bits with size \(size); expected at least"
            + " \(Int(GeneratedValue.leastBits))"
    }

    private static func problem(ofToken text: String, isEmptyAllowed: Bool) -> String? {
        let count = text.utf8.count
        let isValid = text.utf8.allSatisfy { (0x20...0x7e).contains($0) } && count <= GeneratedValue.longestToken
        if isValid, count > 0 || isEmptyAllowed { return nil }
        let least = isEmptyAllowed ? 0 : 1
        return "is \(shown(text)), expected \(least) to \(GeneratedValue.longestToken) printable ASCII characters"
    }
}

extension DistributionSpec {
    /// Notes generated values that cannot be in one Secret.
    func checkGenerated(_ reader: inout FieldReader) {
        let groups = generatedGroups
        guard !groups.isEmpty else { return }
        let count = groups.reduce(0) { $0 + $1.entries.count }
        if count > GeneratedValue.most {
            reader.note("secrets", "has \(count) generated values, expected at most \(GeneratedValue.most)")
        }
        let rsa = groups.count { $0.entries.first?.value.kind == .rsa }
        if rsa > GeneratedValue.mostRSA {
            reader.note("secrets", "has \(rsa) generated RSA keys, expected at most \(GeneratedValue.mostRSA)")
        }
        for group in groups {
            guard let pair = group.pair, let first = group.entries.first else { continue }
            if let other = group.entries.first(where: { !$0.value.fits(first.value) }) {
                reader.note(
                    "secrets",
                    "gives \(shown(first.key)) and \(shown(other.key)) of the pair \(shown(pair)) another kind, size or"
                        + " rotate, expected the same: they are parts of one key pair")
            }
            for part in GeneratedValue.Part.allCases where !group.entries.contains(where: { $0.value.part == part }) {
                reader.note(
                    "secrets", "has no entry with pair \(shown(pair)) and part \(part.rawValue), expected both parts")
            }
        }
    }
}
