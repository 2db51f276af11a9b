import Agent
import Observability

/// One setting: an environment variable and the flag of the same name.
struct Option: Sendable {
    /// For example `SECRETS_PATH`; its flag is `--secrets-path`.
    let variable: String
    /// The default value as the help shows it.
    let standard: String
    let help: String
    /// The valid values, as the end of a sentence.
    let takes: String
    /// Whether the flag can be given without a value.
    var isSwitch = false
    /// The valid values if there are only a few, for completion.
    var choices: [String] = []
    /// Whether the value is the path of a file or folder.
    var isPath = false
    /// The commands that use it. The others ignore it, because containers of one pod may share their environment
    /// and their arguments.
    var commands: Set<Invocation.Command> = [.run, .sync, .plan, .explain]
    /// Whether an empty variable is a value. Otherwise it counts as not set, because a chart may leave it empty.
    var takesEmpty = false
    /// Stores a value in the settings. Returns false if the value is invalid.
    let apply: @Sendable (String, inout Settings) -> Bool

    /// The default value of a command, as the help shows it.
    func standard(of command: Invocation.Command) -> String {
        variable == "LOG_LEVEL" && command.printsResultOnly ? "error" : standard
    }

    func used(by commands: Invocation.Command...) -> Option {
        var copy = self
        copy.commands = Set(commands)
        return copy
    }

    var flag: String { "--" + variable.lowercased().map { $0 == "_" ? "-" : String($0) }.joined() }
}

/// An invalid value of an option, or values that do not go together.
struct OptionError: Error, CustomStringConvertible {
    let name: String
    let value: String
    let takes: String

    var description: String { "\(name) is \(JSONText.quoted(shown)), expected \(takes)" }

    /// The user, the path and the query of a URL may hold a token, so only the scheme and the host are shown.
    private var shown: String {
        guard name.hasPrefix("NOTIFY_URL") else { return value }
        let scheme = value.firstRange(of: "://").map { value[..<$0.upperBound] } ?? ""
        let rest = value.dropFirst(scheme.count)
        let address = rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
        let host = address.prefix { !"/?#".contains($0) }
        return "\(scheme)\(address.count < rest.count ? "…@" : "")\(host)\(host.count < address.count ? "…" : "")"
    }
}

// MARK: Kinds of options

extension Option {
    static func path(
        _ variable: String, _ standard: String, _ help: String,
        _ keyPath: any WritableKeyPath<Settings, String> & Sendable
    ) -> Option {
        Option(
            variable: variable, standard: standard, help: help, takes: "an absolute path", isPath: true,
            apply: { value, settings in
                settings[keyPath: keyPath] = value
                return value.hasPrefix("/")
            })
    }

    /// A relative path is relative to the working directory. An empty value means none.
    static func optionalPath(
        _ variable: String, _ standard: String, _ help: String,
        _ keyPath: any WritableKeyPath<Settings, String?> & Sendable
    ) -> Option {
        Option(
            variable: variable, standard: standard, help: help, takes: "a path", isPath: true,
            apply: { value, settings in
                settings[keyPath: keyPath] = value.isEmpty ? nil : value
                return !value.contains("\0")
            })
    }

    static func name(
        _ variable: String, _ standard: String, _ help: String,
        _ keyPath: any WritableKeyPath<Settings, String?> & Sendable, takes: String,
        _ isValid: @escaping @Sendable (String) -> Bool
    ) -> Option {
        Option(
            variable: variable, standard: standard, help: help, takes: takes,
            apply: { value, settings in
                settings[keyPath: keyPath] = value.isEmpty ? nil : value
                return value.isEmpty || isValid(value)
            })
    }

    static func bool(
        _ variable: String, _ help: String, _ keyPath: any WritableKeyPath<Settings, Bool> & Sendable
    ) -> Option {
        Option(
            variable: variable, standard: "false", help: help, takes: "true or false", isSwitch: true,
            choices: ["true", "false"],
            apply: { value, settings in
                guard let flag = flag(value) else { return false }
                settings[keyPath: keyPath] = flag
                return true
            })
    }

    static func flag(_ value: String) -> Bool? {
        ["true": true, "false": false, "1": true, "0": false][value.lowercased()]
    }

    static func duration(
        _ variable: String, _ standard: String, _ help: String,
        _ keyPath: any WritableKeyPath<Settings, Duration> & Sendable, from least: Duration
    ) -> Option {
        Option(
            variable: variable, standard: standard, help: help,
            takes: "a time such as 200ms, 2s, 10m or 1h" + (least > .zero ? ", at least \(least)" : ""),
            apply: { value, settings in
                guard let duration = DurationText.parse(value), duration >= least else { return false }
                settings[keyPath: keyPath] = duration
                return true
            })
    }

    static func choice<Value: Sendable>(
        _ variable: String, _ standard: String, _ help: String, _ values: [(String, Value)],
        _ keyPath: any WritableKeyPath<Settings, Value> & Sendable
    ) -> Option {
        Option(
            variable: variable, standard: standard, help: help,
            takes: values.map(\.0).joined(separator: ", ").replacingLast(", ", with: " or "),
            choices: values.map(\.0),
            apply: { value, settings in
                guard let match = values.first(where: { $0.0 == value.lowercased() }) else { return false }
                settings[keyPath: keyPath] = match.1
                return true
            })
    }

    static func isLabelValue(_ value: String) -> Bool {
        let edge: (Character) -> Bool = { $0.isASCII && ($0.isLetter || $0.isNumber) }
        guard let first = value.first, let last = value.last, value.utf8.count <= 63 else { return false }
        return edge(first) && edge(last) && value.allSatisfy { edge($0) || "-_.".contains($0) }
    }

    /// RFC 1123, as the API server requires for most names.
    static func isObjectName(_ value: String) -> Bool {
        value.utf8.count <= 253
            && value.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                part.first != "-" && part.last != "-" && !part.isEmpty
                    && part.allSatisfy { $0.isASCII && ($0.isNumber || $0.isLowercase) || $0 == "-" }
            }
    }

    /// Names of namespaces without duplicates, in their order; nil if one is invalid.
    static func namespaces(in value: String) -> [String]? {
        // Spaces are allowed around names only: "a b" is not the namespace "ab".
        let names = value.split(separator: ",").map { $0.split(separator: " ").joined(separator: " ") }
            .filter { !$0.isEmpty }
        var unique: [String] = []
        for name in names where !unique.contains(name) { unique.append(name) }
        // A value of commas only must not mean all namespaces.
        return unique.allSatisfy(isNamespace) && (value.isEmpty || !unique.isEmpty) ? unique : nil
    }

    static func isNamespace(_ value: String) -> Bool {
        isLabelValue(value) && value.allSatisfy { $0.isNumber || $0.isLowercase || $0 == "-" }
    }
}

extension String {
    fileprivate func replacingLast(_ part: String, with other: String) -> String {
        let pieces = split(separator: part)
        guard let last = pieces.last, pieces.count > 1 else { return self }
        return pieces.dropLast().joined(separator: part) + other + last
    }
}
