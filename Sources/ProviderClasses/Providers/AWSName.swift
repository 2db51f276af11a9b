import Distribution

/// Names and ARNs of secrets and parameters.
enum AWSName {
    /// By its name in `objectType`.
    enum Service: String {
        case secret = "secretsmanager"
        case parameter = "ssmparameter"
    }

    /// The service of an ARN; nil for another one, or for a text that is not an ARN.
    static func service(ofARN text: String) -> Service? {
        switch parts(text)?[2] {
        case "secretsmanager": .secret
        case "ssm": .parameter
        default: nil
        }
    }

    /// `arn`, partition, service, region, account and resource; nil for another text.
    private static func parts(_ text: String) -> [Substring]? {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        return parts.count == 6 ? parts : nil
    }

    /// The problem of a name or ARN, as the rest of a sentence; nil if there is none.
    ///
    /// - Parameter region: where the provider looks for it; nil if the class does not say.
    static func problem(of text: String, _ service: Service, region: String?) -> String? {
        guard text.hasPrefix("arn:") else { return problem(ofResource: text, text) }
        guard let parts = parts(text), let type = Self.service(ofARN: text), type == service else {
            return "is \(shown(text)), expected the ARN of a secret or a parameter"
        }
        let prefix = service == .secret ? "secret:" : "parameter/"
        guard parts[1].utf8.allSatisfy(isWord), isRegion(String(parts[3])), parts[4].utf8.count == 12,
            parts[4].utf8.allSatisfy({ (0x30...0x39).contains($0) }), parts[5].hasPrefix(prefix)
        else { return "is \(shown(text)), expected an ARN with region, account and \(shown(prefix))" }
        if let region, parts[3] != region { return "is \(shown(text)), an ARN outside of the region \(region)" }
        return problem(ofResource: String(parts[5].dropFirst(prefix.utf8.count)), text)
    }

    /// Characters that AWS accepts in names. Others, such as `*` and `?`, have a meaning in a policy.
    private static func problem(ofResource name: String, _ text: String) -> String? {
        guard !name.isEmpty, name.utf8.allSatisfy({ isWord($0) || "/_+=.@!".utf8.contains($0) }) else {
            return "is \(shown(text)), expected letters, digits and the characters /_+=.@-"
        }
        return nil
    }

    static func isRegion(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy(isWord) }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
    }

    /// The secret that a parameter of Parameter Store refers to, which needs a permission of its own.
    static func referencedSecret(_ parameter: String) -> String? {
        let prefix = "/aws/reference/secretsmanager/"
        return parameter.hasPrefix(prefix) ? String(parameter.dropFirst(prefix.count)) : nil
    }

    /// The partition of a region (botocore, `partitions.json`).
    static func partition(of region: String) -> String {
        let prefixes = [
            ("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("us-isob-", "aws-iso-b"), ("us-isof-", "aws-iso-f"),
            ("us-iso-", "aws-iso"), ("eu-isoe-", "aws-iso-e"), ("eusc-", "aws-eusc"),
        ]
        return prefixes.first { region.hasPrefix($0.0) }?.1 ?? "aws"
    }
}
