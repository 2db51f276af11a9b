import Observability

/// An IAM policy of AWS, as JSON. JSON has no comments: the `Sid` of a statement names the distributions.
struct AWSPolicy {
    /// Characters without white space: the limit of a managed policy (IAM and AWS STS quotas).
    private static let mostCharacters = 6144

    private let statements: [AWSStatement]
    private let account: String?
    private let region: String?

    init(_ grants: [Grant], account: String?, region: String?) {
        statements = AWSStatement.all(grants)
        (self.account, self.region) = (account, region)
    }

    private var names: AWSStatement.Names {
        AWSStatement.Names(account: account ?? "ACCOUNT", region: region ?? "REGION")
    }

    var text: String {
        let blocks = statements.map { statement in
            let actions = statement.service.actions.map(JSONText.quoted)
            let resources = statement.resources(names).map(JSONText.quoted)
            return """
                    {
                      "Sid": \(JSONText.quoted(statement.sid)),
                      "Effect": "Allow",
                      "Action": [
                        \(actions.joined(separator: ",\n        "))
                      ],
                      "Resource": [
                        \(resources.joined(separator: ",\n        "))
                      ]
                    }
                """
        }
        return """
            {
              "Version": "2012-10-17",
              "Statement": [
            \(blocks.joined(separator: ",\n"))
              ]
            }

            """
    }

    /// What the reader must know before using it; one sentence each.
    var remarks: [String] {
        var remarks: [String] = []
        let arns = statements.flatMap { $0.resources(names) }
        if account == nil, arns.contains(where: { $0.contains(":ACCOUNT:") }) {
            remarks.append("the policy contains ACCOUNT in place of an account; give it with --account")
        }
        if region == nil, arns.contains(where: { $0.contains(":REGION:") }) {
            remarks.append("the policy contains REGION in place of a region; give it with --region")
        }
        let count = text.utf8.count { $0 != 0x20 && $0 != 0x0A }
        if count > Self.mostCharacters {
            remarks.append("the policy has \(count) characters, and a managed policy may have \(Self.mostCharacters)")
        }
        return remarks
    }
}
