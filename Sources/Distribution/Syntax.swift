/// The syntax of names, keys and labels in Kubernetes. Each function returns the problem of a value, as the rest of a
/// sentence after the name of the field, or nil.
enum Syntax {
    /// The name of a Secret or another object: RFC 1123 subdomain.
    static func problem(ofName value: String, of what: String = "a Secret") -> String? {
        let labels = value.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let valid = value.utf8.count <= 253 && labels.allSatisfy(isLabel)
        return valid
            ? nil
            : "is \(shown(value)), expected the name of \(what): lower case letters, digits, \"-\" and \".\","
                + " at most 253 characters, each part beginning and ending with a letter or digit"
    }

    /// The name of a namespace: RFC 1123 label.
    static func problem(ofNamespace value: String) -> String? {
        value.utf8.count <= 63 && isLabel(value.utf8)
            ? nil
            : "is \(shown(value)), expected the name of a namespace: lower case letters, digits and \"-\","
                + " at most 63 characters, beginning and ending with a letter or digit"
    }

    /// Rejects types that the API server turns into credentials. Otherwise anyone who can create a distribution could
    /// create a token for any service account or node.
    static func refusal(ofType value: String) -> String? {
        switch value {
        case "kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token":
            "is \(shown(value)), which the API server turns into a credential; expected any other type"
        default:
            value.utf8.count <= 253 && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
                ? nil : "is \(shown(value)), expected a Secret type such as \"Opaque\" or \"kubernetes.io/tls\""
        }
    }

    /// A key of a Secret's data (Kubernetes `IsConfigMapKey`).
    static func problem(ofDataKey value: String) -> String? {
        let valid =
            (1...253).contains(value.utf8.count) && value.utf8.allSatisfy(isNameByte)
            && value != "." && !value.hasPrefix("..")
        return valid
            ? nil
            : "is \(shown(value)), expected a key of a Secret: letters, digits, \"-\", \"_\" and \".\","
                + " 1 to 253 characters, not \".\" and not beginning with \"..\""
    }

    /// A qualified name: optional DNS prefix, `/`, and a name of at most 63 characters.
    static func problem(ofMetadataKey key: String) -> String? {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        let name = parts.last ?? ""
        let valid =
            parts.count <= 2 && isWord(name.utf8) && (parts.count == 1 || problem(ofName: String(parts[0])) == nil)
        return valid ? nil : "is not a key that metadata can have, expected \"name\" or \"example.com/name\""
    }

    static func problem(ofLabelValue value: String) -> String? {
        value.isEmpty || isWord(value.utf8)
            ? nil
            : "is \(shown(value)), expected a label's value: at most 63 letters, digits, \"-\", \"_\" and \".\","
                + " beginning and ending with a letter or digit"
    }

    /// The size of all keys and values of a map, in bytes, as the API server counts annotations (Kubernetes,
    /// `TotalAnnotationSizeLimitB`).
    static func problem(ofMetadataSize size: Int) -> String? {
        let limit = 256 << 10
        return size <= limit ? nil : "is \(size) bytes long, expected at most \(limit)"
    }

    private static func isLabel(_ text: some BidirectionalCollection<UInt8>) -> Bool {
        guard let first = text.first, let last = text.last, text.count <= 253 else { return false }
        return isLowerAlphanumeric(first) && isLowerAlphanumeric(last)
            && text.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isWord(_ text: some Collection<UInt8>) -> Bool {
        let bytes = Array(text)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last) && bytes.allSatisfy(isNameByte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

extension DistributionSpec {
    /// The problem of a data key, as the rest of a sentence; nil if a Secret can have it.
    package static func problem(ofDataKey key: String) -> String? { Syntax.problem(ofDataKey: key) }
}
