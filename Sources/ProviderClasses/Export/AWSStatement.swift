/// One statement of an IAM policy: what the same distributions read from one service.
struct AWSStatement {
    enum Service: String, CaseIterable {
        case secrets, parameters

        /// What the provider calls (`secrets_manager_provider.go`, `parameter_store_provider.go`).
        var actions: [String] {
            switch self {
            case .secrets: ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
            case .parameters: ["ssm:GetParameters"]
            }
        }
    }

    /// What is written for an account and a region that the class does not have.
    struct Names {
        var account: String
        var region: String
        /// Nil for the partition of the region.
        var partition: String?
    }

    let service: Service
    let users: [String]
    /// Unique in the policy; only letters and digits, as IAM demands.
    let sid: String
    private let items: [AWSResource]

    static func all(_ grants: [Grant]) -> [AWSStatement] {
        var items: [Service: [[String]: [AWSResource]]] = [:]
        for grant in grants {
            switch grant.access {
            case .awsSecret(let resource): items[.secrets, default: [:]][grant.users, default: []].append(resource)
            case .awsParameter(let resource):
                items[.parameters, default: [:]][grant.users, default: []].append(resource)
            default: continue
            }
        }
        var sids = UniqueNames()
        return Service.allCases.flatMap { service in
            (items[service] ?? [:]).sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { users, items in
                let sid = sids.insert(Self.sid(service, users))
                return AWSStatement(service: service, users: users, sid: sid, items: items)
            }
        }
    }

    /// `SecretsShopDatabase` for the secrets of `shop/database`.
    private static func sid(_ service: Service, _ users: [String]) -> String {
        let most = 3
        let words = users.prefix(most).flatMap { user in
            user.split { !$0.isASCII || !($0.isLetter || $0.isNumber) }
        }
        let rest = users.count > most ? "And\(users.count - most)More" : ""
        return ([Substring(service.rawValue)] + words).map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
            + rest
    }

    func resources(_ names: Names) -> [String] {
        items.flatMap { resource -> [String] in
            switch resource {
            case .arn(let arn):
                if service == .parameters { return [arn] }
                guard Self.isComplete(arn) else { return [arn + Self.suffix] }
                // A word such as "-master" can be the end of the name, or the six characters.
                return arn.utf8.suffix(6).allSatisfy { (0x61...0x7A).contains($0) } ? [arn, arn + Self.suffix] : [arn]
            case .named(let name, let own):
                let region = own ?? names.region
                let partition = names.partition ?? AWSName.partition(of: region)
                let start =
                    "arn:\(partition):\(service == .secrets ? "secretsmanager" : "ssm"):\(region):\(names.account)"
                // The slash at the start of a parameter's name occurs once in its ARN.
                return [
                    service == .secrets
                        ? "\(start):secret:\(name)\(Self.suffix)" : "\(start):parameter/\(name.drop { $0 == "/" })"
                ]
            }
        }
    }

    /// The six random characters that Secrets Manager appends to a name. `-*` would match other secrets as well
    /// (docs.aws.amazon.com/secretsmanager, "Limiting access to specific secrets").
    private static let suffix = "-??????"

    /// Whether an ARN ends with the six characters.
    private static func isComplete(_ arn: String) -> Bool {
        let end = arn.utf8.suffix(7)
        return end.first == UInt8(ascii: "-")
            && end.dropFirst().allSatisfy { (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) }
    }
}
