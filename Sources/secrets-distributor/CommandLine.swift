import Agent
import Glibc
import Kube

/// What the command line asks for.
struct Invocation {
    enum Command: String, CaseIterable {
        case run, sync, plan, explain, check, version, help
    }

    var command = Command.run
    var settings = Settings()
    /// What follows the command and is no flag.
    var operands: [String] = []
    /// `check`: the file of a policy to test manifests against.
    var policy: String?
    /// `sync`, `plan`, `explain`: how the result is printed.
    var output = OutputFormat.table
    /// Variables that have a value, by their own or their flag's.
    private var given: [String: String] = [:]
    /// `--help` with a command.
    var wantsHelp = false
}

/// The command line itself is wrong, not a value.
struct UsageError: Error, CustomStringConvertible {
    let description: String
}

extension Invocation.Command {
    /// It needs settings.
    fileprivate var isConfigured: Bool { [.run, .sync, .plan, .explain].contains(self) }
    fileprivate var hasOutputFormats: Bool { [.sync, .plan, .explain].contains(self) }
}

extension Invocation {
    /// - Throws: `UsageError` or `OptionError`. A flag wins over the variable of the same name, and a variable that is
    ///   overruled is not looked at.
    init(_ arguments: [String], environment: (String) -> String?) throws {
        var flags: [String: String] = [:]
        var words: [String] = []
        var format: String?
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                words += rest
                break
            }
            if argument == "--help" || argument == "-h" {
                wantsHelp = true
            } else if argument == Self.policyFlag || argument.hasPrefix("\(Self.policyFlag)=") {
                policy = try Self.value(of: Self.policyFlag, argument, &rest)
            } else if argument == Self.outputFlag || argument.hasPrefix("\(Self.outputFlag)=") {
                format = try Self.value(of: Self.outputFlag, argument, &rest)
            } else if argument.hasPrefix("--") {
                let (option, value) = try Self.flag(argument, &rest)
                flags[option.variable] = value
            } else if argument.hasPrefix("-"), argument != "-" {
                throw UsageError(description: "there is no flag \(argument)")
            } else {
                words.append(argument)
            }
        }
        if let word = words.first {
            guard let command = Command(rawValue: word) else {
                let names = Command.allCases.map(\.rawValue).joined(separator: ", ")
                throw UsageError(description: "there is no command \"\(word)\", expected one of \(names)")
            }
            self.command = command
            operands = Array(words.dropFirst())
        }
        try apply(flags, environment)
        guard command == .check || policy == nil else {
            throw UsageError(description: "\(Self.policyFlag) is a flag of check alone; expected --policy-path")
        }
        if let format { output = try outputFormat(format) }
        if command == .explain {
            guard wantsHelp || operands.count == 1 else {
                throw UsageError(description: "explain takes one operand, FROM, got \(operands.count)")
            }
        } else if command != .check, let operand = operands.first {
            throw UsageError(description: "\(command.rawValue) takes no operand, got \"\(operand)\"")
        }
    }

    private func outputFormat(_ text: String) throws(UsageError) -> OutputFormat {
        guard command.hasOutputFormats else {
            throw UsageError(description: "\(Self.outputFlag) is a flag of sync, plan and explain alone")
        }
        guard let format = OutputFormat(rawValue: text) else {
            throw UsageError(description: "\(Self.outputFlag) is \"\(text)\": it takes table or json")
        }
        return format
    }

    /// Whether somebody has set this variable, or its flag.
    func isGiven(_ variable: String) -> Bool { given[variable] != nil }

    private static func flag(_ argument: String, _ rest: inout ArraySlice<String>) throws -> (Option, String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let option = Option.all.first(where: { $0.flag == parts[0] }) else {
            throw UsageError(description: "there is no flag \(parts[0])")
        }
        if option.isSwitch, parts.count == 1 { return (option, "true") }
        return (option, try value(of: option.flag, argument, &rest))
    }

    /// What follows `=`, or else the next argument.
    private static func value(
        of flag: String, _ argument: String, _ rest: inout ArraySlice<String>
    ) throws -> String {
        if argument != flag { return String(argument.dropFirst(flag.count + 1)) }
        guard let value = rest.popFirst() else { throw UsageError(description: "\(flag) needs a value") }
        return value
    }

    private static let policyFlag = "--policy"
    private static let outputFlag = "--output"

    private mutating func apply(_ flags: [String: String], _ environment: (String) -> String?) throws {
        // A wrong variable must not keep the others from working.
        guard !wantsHelp, command.isConfigured else { return }
        // Their result says all that is to be said.
        if command == .plan || command == .explain { settings.logLevel = .error }
        for option in Option.all {
            let name = flags[option.variable] == nil ? option.variable : "\(option.variable) (\(option.flag))"
            guard let value = flags[option.variable] ?? environment(option.variable) else { continue }
            if value.isEmpty, flags[option.variable] == nil, !option.takesEmpty { continue }
            guard option.apply(value, &settings) else {
                throw OptionError(name: name, value: value, takes: option.takes)
            }
            given[option.variable] = value
        }
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
        if command == .sync, settings.dryRun {
            throw OptionError(
                name: "DRY_RUN", value: given["DRY_RUN"] ?? "",
                takes: "nothing but false with sync; plan shows what sync would write")
        }
        settings.dryRun = settings.dryRun || command == .plan
        switch (settings.distributionsPath, settings.outputPath) {
        // No Secret is looked at.
        case (_?, nil) where command == .explain: break
        case (nil, let path?):
            throw OptionError(
                name: "OUTPUT_PATH", value: path, takes: "a path only together with DISTRIBUTIONS_PATH (local mode)")
        case (let path?, nil):
            throw OptionError(
                name: "DISTRIBUTIONS_PATH", value: path, takes: "a path only together with OUTPUT_PATH (local mode)")
        default: break
        }
    }

    private func checkElection() throws(OptionError) {
        guard settings.leaderElection, command == .run || command == .sync else { return }
        let refuse = { (name: String, standard: String, takes: String) in
            OptionError(name: name, value: given[name] ?? standard, takes: takes)
        }
        if command == .sync {
            throw refuse(
                "LEADER_ELECTION", "", "nothing but false with sync, which makes its pass and waits for nobody")
        }
        if settings.distributionsPath != nil || settings.outputPath != nil {
            throw refuse("LEADER_ELECTION", "", "nothing but false in local mode, where there is no Lease")
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
        // As client-go does.
        if policy.renewDeadline <= policy.retryPeriod * LeaderElection<ContinuousClock.Instant>.jitterFactor {
            throw refuse(
                "LEASE_RENEW_DEADLINE", "10s",
                "a time longer than 1.2 times LEASE_RETRY_PERIOD, which is \(given["LEASE_RETRY_PERIOD"] ?? "2s")")
        }
    }
}
