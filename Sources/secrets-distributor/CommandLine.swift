import Agent
import Glibc
import Kube

/// What the command line asks for.
struct Invocation {
    enum Command: String, CaseIterable {
        case run, sync, check, version, help
    }

    var command = Command.run
    var settings = Settings()
    /// What follows the command and is no flag.
    var operands: [String] = []
    /// `check`: the file of a policy to test manifests against.
    var policy: String?
    /// `--help` with a command.
    var wantsHelp = false
}

/// The command line itself is wrong, not a value.
struct UsageError: Error, CustomStringConvertible {
    let description: String
}

extension Invocation {
    /// - Throws: `UsageError` or `OptionError`. A flag wins over the variable of the same name, and a variable that is
    ///   overruled is not looked at.
    init(_ arguments: [String], environment: (String) -> String?) throws {
        var flags: [String: String] = [:]
        var words: [String] = []
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
        guard command == .check || operands.isEmpty else {
            throw UsageError(description: "\(command.rawValue) takes no operand, got \"\(operands[0])\"")
        }
    }

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

    private mutating func apply(_ flags: [String: String], _ environment: (String) -> String?) throws {
        // These two need no settings: a wrong variable must not keep them from working.
        guard !wantsHelp, command == .run || command == .sync else { return }
        var given: [String: String] = [:]
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
        try checkElection(given)
        switch (settings.distributionsPath, settings.outputPath) {
        case (nil, let path?):
            throw OptionError(
                name: "OUTPUT_PATH", value: path, takes: "a path only together with DISTRIBUTIONS_PATH (local mode)")
        case (let path?, nil):
            throw OptionError(
                name: "DISTRIBUTIONS_PATH", value: path, takes: "a path only together with OUTPUT_PATH (local mode)")
        default: break
        }
    }

    private func checkElection(_ given: [String: String]) throws(OptionError) {
        guard settings.leaderElection else { return }
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
