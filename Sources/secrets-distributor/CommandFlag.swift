import ProviderClasses

/// A flag that has no environment variable, because it is about one call of a command.
enum CommandFlag: String, CaseIterable {
    case policy = "--policy"
    case providerClass = "--provider-class"
    case output = "--output"
    case format = "--format"
    case account = "--account"
    case region = "--region"

    var flag: String { rawValue }

    var commands: [Invocation.Command] {
        switch self {
        case .policy: [.check]
        case .providerClass: [.check, .export]
        case .output: [.sync, .plan, .explain, .check]
        case .format, .account, .region: [.export]
        }
    }

    /// The valid values if there are only a few.
    func choices(of command: Invocation.Command) -> [String] {
        switch (self, command) {
        case (.output, .check): CheckReport.Format.allCases.map(\.rawValue)
        case (.output, .explain): OutputFormat.allCases.map(\.rawValue)
        case (.output, _): [OutputFormat.table, .json].map(\.rawValue)
        case (.format, _): ExportFormat.allCases.map(\.rawValue)
        default: []
        }
    }

    var takesFile: Bool { self == .policy || self == .providerClass }

    /// The name of the value in the help.
    private var value: String {
        switch self {
        case .policy: "FILE"
        case .providerClass: "[FOLDER=]FILE"
        case .output, .format: "FORMAT"
        case .account: "ID"
        case .region: "NAME"
        }
    }

    private func help(of command: Invocation.Command) -> String {
        switch (self, command) {
        case (.policy, _):
            """
            an access policy; its own problems are reported, and each mapping that it denies. In
            mode Audit, a mapping that it would deny is a remark, not a problem.
            """
        case (.providerClass, .check):
            """
            SecretProviderClass manifests of the mount's volumes; may be given several times.
            Reports their own problems, each source that none of their objects gives, and as a
            remark each object that no distribution uses. FOLDER is where the volume is mounted
            below SECRETS_PATH, if it is not SECRETS_PATH itself.
            """
        case (.providerClass, _):
            """
            SecretProviderClass manifests of the mount's volumes; may be given several times.
            FOLDER is where the volume is mounted below SECRETS_PATH, if it is not SECRETS_PATH
            itself.
            """
        case (.output, .check):
            """
            text, json for scripts (one object on one line), or github for annotations of a pull
            request (default: text)
            """
        case (.output, .explain):
            """
            table, json for scripts (one object on one line), or mermaid for a picture from file to
            key to Secret to namespace (default: table)
            """
        case (.output, _): "table, or json for scripts (one object on one line) (default: table)"
        case (.format, _):
            """
            aws-iam (IAM policy), azure-rbac (script of az), gcp-iam (script of gcloud),
            vault-policy (HCL), terraform, or objects (the classes with only the objects that are
            used)
            """
        case (.account, _): "aws-iam, terraform: the account of secrets without an ARN"
        case (.region, _): "aws-iam, terraform: the region of classes without one"
        }
    }

    /// The lines of the help of a command.
    static func help(of command: Invocation.Command) -> [Help.Line] {
        allCases.filter { $0.commands.contains(command) }.map { flag in
            Help.Line("\(flag.flag) \(flag.value)", flag.help(of: command))
        }
    }
}
