import Agent
import Glibc
import Kube
import Observability
import ProviderClasses

/// The parsed command line.
struct Invocation {
    enum Command: String, CaseIterable {
        case run, sync, plan, explain, check, convert, export, completion, version, help
    }

    var command = Command.run
    var settings = Settings()
    /// The arguments after the command that are not flags.
    var operands: [String] = []
    /// For `check`: the path of the policy to check manifests against.
    var policy: String?
    /// For `check` and `export`: the provider classes of the mount.
    var providerClasses: [ProviderClassArgument] = []
    var export = ExportCommand.Options()
    /// For `sync`, `plan` and `explain`: the output format.
    var output = OutputFormat.table
    /// For `check`: the output format.
    var report = CheckReport.Format.text
    /// The values of the variables that are set, by the variable or by its flag.
    private var given: [String: String] = [:]
    /// `--help` was given with a command.
    var wantsHelp = false
}

/// An error of the command line itself, not of a value.
struct UsageError: Error, CustomStringConvertible {
    let description: String
}

extension Invocation.Command {
    /// Whether the command needs settings.
    var isConfigured: Bool { [.run, .sync, .plan, .explain].contains(self) }
    /// Whether the output is the result alone, so that only errors are logged by default.
    var printsResultOnly: Bool { self == .plan || self == .explain }
    /// Variables that the command does not use, but rejects if they show that something else is meant.
    fileprivate var checked: [String] {
        switch self {
        case .sync: ["DRY_RUN", "LEADER_ELECTION"]
        case .explain: ["OUTPUT_PATH"]
        default: []
        }
    }
}

extension Invocation {
    /// Parses the command line and the environment. A flag overrides the variable of the same name, whose value is then
    /// not checked.
    ///
    /// - Throws: `UsageError` or `OptionError`.
    init(_ arguments: [String], environment: (String) -> String?) throws {
        var flags: [String: String] = [:]
        var words: [String] = []
        var commandFlags: [CommandFlag: [String]] = [:]
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                words += rest
                break
            }
            if argument == "--help" || argument == "-h" {
                wantsHelp = true
            } else if argument == "--version" {
                words.insert(Command.version.rawValue, at: 0)
            } else if let flag = CommandFlag.allCases.first(where: {
                argument == $0.flag || argument.hasPrefix("\($0.flag)=")
            }) {
                commandFlags[flag, default: []].append(try Self.value(of: flag.flag, argument, &rest))
            } else if argument.hasPrefix("--") {
                let (option, value) = try Self.flag(argument, &rest)
                flags[option.variable] = value
            } else if argument.hasPrefix("-"), argument != "-" {
                throw UsageError(description: "unknown flag \(argument)")
            } else {
                words.append(argument)
            }
        }
        if let word = words.first {
            guard let command = Command(rawValue: word) else {
                let names = Command.allCases.map(\.rawValue).joined(separator: ", ")
                throw UsageError(description: "unknown command \"\(word)\", expected one of \(names)")
            }
            self.command = command
            operands = Array(words.dropFirst())
        }
        if !command.isConfigured,
            let option = Option.all.first(where: {
                flags[$0.variable] != nil && !$0.commands.contains(command)
            })
        {
            throw UsageError(description: "\(command) does not use \(option.flag)")
        }
        try apply(flags, environment)
        try apply(commandFlags)
        try checkOperands()
    }

    private func checkOperands() throws(UsageError) {
        switch command {
        case .check, .convert, .export: break
        case .explain:
            guard wantsHelp || operands.count == 1 else {
                throw UsageError(description: "explain takes one operand, FROM, got \(operands.count)")
            }
        case .completion:
            guard wantsHelp || operands.count == 1 && Completion(rawValue: operands[0]) != nil else {
                let shells = Completion.allCases.map(\.rawValue).joined(separator: ", ")
                let got = operands.isEmpty ? "none" : operands.map { "\"\($0)\"" }.joined(separator: " ")
                throw UsageError(description: "completion takes one of \(shells), got \(got)")
            }
        case .help:
            guard let operand = operands.first, operands.count > 1 || Command(rawValue: operand) == nil else { return }
            throw UsageError(description: "help takes a command, got \"\(operands.joined(separator: " "))\"")
        case .run, .sync, .plan, .version:
            guard let operand = operands.first else { return }
            let isValue = ["true", "false"].contains(operand)
            let advice = isValue ? "; a flag takes this value after \"=\", as in --dry-run=\(operand)" : ""
            throw UsageError(description: "\(command.rawValue) takes no operand, got \"\(operand)\"\(advice)")
        }
    }

    /// Whether the variable or its flag is set.
    func isGiven(_ variable: String) -> Bool { given[variable] != nil }

    /// The format of the log on standard error: `text` on a terminal, unless it is set.
    var logFormat: Logger.Format {
        isGiven("LOG_FORMAT") || !Terminal.isTerminal(STDERR_FILENO) ? settings.logFormat : .text
    }

    /// The last value of a flag counts, except that provider classes add up.
    private mutating func apply(_ flags: [CommandFlag: [String]]) throws {
        for flag in CommandFlag.allCases where flags[flag] != nil && !flag.commands.contains(command) {
            let names = flag.commands.map(\.rawValue)
            let list =
                names.count == 1
                ? names[0] : "\(names.dropLast().joined(separator: ", ")) and \(names[names.count - 1])"
            let advice = flag == .policy ? "; expected --policy-path" : ""
            throw UsageError(description: "\(flag.flag) is a flag of \(list) only\(advice)")
        }
        policy = flags[.policy]?.last
        providerClasses = try flags[.providerClass]?.map { try ProviderClassArgument($0) } ?? []
        if let text = flags[.output]?.last {
            try expect(text, .output)
            report = CheckReport.Format(rawValue: text) ?? .text
            output = OutputFormat(rawValue: text) ?? .table
        }
        if command == .export, !wantsHelp { try applyExport(flags.compactMapValues(\.last)) }
    }

    private func expect(_ text: String, _ flag: CommandFlag) throws(UsageError) {
        let choices = flag.choices(of: command)
        guard !choices.contains(text) else { return }
        let list = "\(choices.dropLast().joined(separator: ", ")) or \(choices.last ?? "")"
        throw UsageError(description: "\(flag.flag) is \"\(text)\", expected \(list)")
    }

    private mutating func applyExport(_ flags: [CommandFlag: String]) throws {
        let formats = ExportFormat.allCases.map(\.rawValue).joined(separator: ", ")
        guard let text = flags[.format] else {
            throw UsageError(description: "export needs --format, one of \(formats)")
        }
        guard let format = ExportFormat(rawValue: text) else {
            throw UsageError(description: "--format is \"\(text)\", expected one of \(formats)")
        }
        if let flag = [CommandFlag.account, .region].first(where: { flags[$0] != nil }), !format.usesAccount {
            throw UsageError(description: "\(flag.flag) is a flag of the formats aws-iam and terraform only")
        }
        guard !providerClasses.isEmpty, !operands.isEmpty else {
            throw UsageError(
                description: "export needs \(CommandFlag.providerClass.flag) and at least one file with distributions")
        }
        export = ExportCommand.Options(format: format, account: flags[.account], region: flags[.region])
        if let account = export.account, account.utf8.count != 12 || !account.allSatisfy({ "0"..."9" ~= $0 }) {
            throw OptionError(name: "--account", value: account, takes: "the 12 digits of an AWS account")
        }
        if let region = export.region, !AccessExport.isRegion(region) {
            throw OptionError(name: "--region", value: region, takes: "an AWS region such as eu-west-2")
        }
    }

    private static func flag(_ argument: String, _ rest: inout ArraySlice<String>) throws -> (Option, String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let option = Option.all.first(where: { $0.flag == parts[0] }) else {
            throw UsageError(description: "unknown flag \(parts[0])")
        }
        if option.isSwitch, parts.count == 1 { return (option, "true") }
        return (option, try value(of: option.flag, argument, &rest))
    }

    /// The text after `=`, or else the next argument.
    private static func value(
        of flag: String, _ argument: String, _ rest: inout ArraySlice<String>
    ) throws -> String {
        if argument != flag { return String(argument.dropFirst(flag.count + 1)) }
        guard let value = rest.popFirst() else { throw UsageError(description: "\(flag) needs a value") }
        return value
    }

    private mutating func apply(_ flags: [String: String], _ environment: (String) -> String?) throws {
        // An invalid variable must not affect the commands that do not use it.
        guard !wantsHelp else { return }
        if command.printsResultOnly { settings.logLevel = .error }
        for option in Option.all
        where option.commands.contains(command) || command.checked.contains(option.variable) {
            let name = flags[option.variable] == nil ? option.variable : "\(option.variable) (\(option.flag))"
            guard let value = flags[option.variable] ?? environment(option.variable) else { continue }
            if value.isEmpty, flags[option.variable] == nil, !option.takesEmpty { continue }
            guard option.apply(value, &settings) else {
                throw OptionError(name: name, value: value, takes: option.takes)
            }
            given[option.variable] = value
        }
        guard command.isConfigured else { return }
        if settings.debounceMax < settings.debounceQuiet {
            let quiet = given["DEBOUNCE_QUIET"]
            throw given["DEBOUNCE_MAX"].map { longest in
                OptionError(
                    name: "DEBOUNCE_MAX", value: longest,
                    takes: "a time not shorter than DEBOUNCE_QUIET, which is \(quiet ?? "200ms")")
            }
                ?? OptionError(
                    name: "DEBOUNCE_QUIET", value: quiet ?? "",
                    takes: "a time not longer than DEBOUNCE_MAX, which is 2s")
        }
        try checkElection()
        if command == .run, settings.statusPage == true, settings.listenAddress == nil {
            throw OptionError(
                name: "STATUS_PAGE", value: given["STATUS_PAGE"] ?? "",
                takes: "LISTEN_ADDRESS as well, where the status page is served")
        }
        if command == .sync, settings.dryRun {
            throw OptionError(
                name: "DRY_RUN", value: given["DRY_RUN"] ?? "",
                takes: "false with sync; plan shows what sync would write")
        }
        settings.dryRun = settings.dryRun || command == .plan
        try checkAnnotations()
        switch (settings.distributionsPath ?? settings.annotationsPath, settings.outputPath) {
        // explain reads no Secrets, so it needs no OUTPUT_PATH.
        case (_?, nil) where command == .explain: break
        case (nil, let path?):
            throw OptionError(
                name: "OUTPUT_PATH", value: path, takes: "DISTRIBUTIONS_PATH as well: local mode needs both")
        case (let path?, nil):
            throw OptionError(
                name: settings.annotationsPath == nil ? "DISTRIBUTIONS_PATH" : "ANNOTATIONS_PATH", value: path,
                takes: "OUTPUT_PATH as well: local mode needs both")
        default: break
        }
        if settings.distributionsPath == nil, !settings.namespaces.isEmpty {
            throw OptionError(
                name: "NAMESPACES", value: given["NAMESPACES"] ?? "",
                takes: "DISTRIBUTIONS_PATH as well: a cluster has its own namespaces")
        }
        try checkOutput()
    }

    /// Options of `OUTPUT_PATH` alone must not be ignored silently.
    private func checkOutput() throws(OptionError) {
        let output = settings.output
        if settings.outputPath == nil, command != .explain {
            let names = [
                "OUTPUT_FORMAT", "OUTPUT_MODE", "OUTPUT_GROUP", "NOTIFY_URL", "NOTIFY_PROCESS", "NOTIFY_SIGNAL",
            ]
            for name in names {
                guard let value = given[name] else { continue }
                throw OptionError(name: name, value: value, takes: "OUTPUT_PATH as well: only local mode writes files")
            }
        }
        if settings.notifyURL != nil, let process = settings.notifyProcess {
            throw OptionError(
                name: "NOTIFY_PROCESS", value: process, takes: "no NOTIFY_URL beside it: only one of them is notified")
        }
        if settings.notifyProcess == nil, let signal = given["NOTIFY_SIGNAL"] {
            throw OptionError(
                name: "NOTIFY_SIGNAL", value: signal, takes: "NOTIFY_PROCESS as well: the processes that get the signal"
            )
        }
        if output.hasNamespaces {
            for name in ["OUTPUT_MODE", "OUTPUT_GROUP"] {
                guard let value = given[name] else { continue }
                throw OptionError(
                    name: name, value: value,
                    takes: "OUTPUT_FORMAT other than manifests as well: manifests keep mode 0600 and the agent's group")
            }
        } else if !settings.namespaces.isEmpty {
            throw OptionError(
                name: "NAMESPACES", value: given["NAMESPACES"] ?? "",
                takes: "OUTPUT_FORMAT manifests: other formats have no targets of cluster distributions")
        }
    }

    private func checkAnnotations() throws(OptionError) {
        guard let path = settings.annotationsPath else {
            guard let domain = given["ANNOTATION_DOMAIN"] else { return }
            throw OptionError(
                name: "ANNOTATION_DOMAIN", value: domain, takes: "ANNOTATIONS_PATH as well, which needs the domain")
        }
        if settings.distributionsPath != nil {
            throw OptionError(
                name: "ANNOTATIONS_PATH", value: path,
                takes: "no DISTRIBUTIONS_PATH: what is needed is in annotations or in manifests")
        }
        if let namespaces = given["WATCH_NAMESPACES"], settings.watchNamespaces != nil {
            throw OptionError(
                name: "WATCH_NAMESPACES", value: namespaces,
                takes: "no value with ANNOTATIONS_PATH, whose annotations are those of one pod")
        }
    }

    private func checkElection() throws(OptionError) {
        guard settings.leaderElection, command == .run || command == .sync else { return }
        let refuse = { (name: String, standard: String, takes: String) in
            OptionError(name: name, value: given[name] ?? standard, takes: takes)
        }
        if command == .sync {
            throw refuse(
                "LEADER_ELECTION", "", "false: sync does not wait for a Lease; set LEADER_ELECTION=false")
        }
        if settings.distributionsPath != nil || settings.annotationsPath != nil || settings.outputPath != nil {
            throw refuse("LEADER_ELECTION", "", "false in local mode, where there is no Lease")
        }
        let policy = settings.lease.policy
        if policy.duration.components.attoseconds != 0 {
            throw refuse("LEASE_DURATION", "15s", "whole seconds")
        }
        if policy.duration <= policy.renewDeadline {
            throw refuse(
                "LEASE_DURATION", "15s",
                "a time longer than LEASE_RENEW_DEADLINE, which is \(given["LEASE_RENEW_DEADLINE"] ?? "10s")")
        }
        // Same rule as in client-go.
        if policy.renewDeadline <= policy.retryPeriod * LeaderElection<ContinuousClock.Instant>.jitterFactor {
            throw refuse(
                "LEASE_RENEW_DEADLINE", "10s",
                "a time longer than 1.2 times LEASE_RETRY_PERIOD, which is \(given["LEASE_RETRY_PERIOD"] ?? "2s")")
        }
    }
}
