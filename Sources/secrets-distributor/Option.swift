import Admin
import Agent
import LinuxIO
import Notify
import Observability
import Stores

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
    /// Whether an empty variable is a value. Otherwise it counts as not set, because a chart may leave it empty.
    var takesEmpty = false
    /// Stores a value in the settings. Returns false if the value is invalid.
    let apply: @Sendable (String, inout Settings) -> Bool

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

extension Option {
    static let all: [Option] = [
        .path("SECRETS_PATH", "/mnt/secrets", "the mount", \.secretsPath),
        Option(
            variable: "MANAGED_BY", standard: "secrets-distributor",
            help: "owner mark; lets several instances share a cluster",
            takes: "a label's value: 1 to 63 letters, digits, \"-\", \"_\" and \".\"",
            apply: { value, settings in
                settings.managedBy = value
                return isLabelValue(value)
            }),
        .bool(
            "ONLY_ASSIGNED", "leave distributions without the managedBy annotation to another instance", \.onlyAssigned),
        Option(
            variable: "WATCH_NAMESPACES", standard: "all", help: "namespaces to serve, comma-separated",
            takes: "names of namespaces, separated by commas",
            apply: { value, settings in
                guard let names = namespaces(in: value) else { return false }
                settings.watchNamespaces = names.isEmpty ? nil : names
                return true
            }),
        .duration("DEBOUNCE_QUIET", "200ms", "quiet time after the last change", \.debounceQuiet, from: .zero),
        .duration("DEBOUNCE_MAX", "2s", "maximum wait after a change", \.debounceMax, from: .zero),
        .duration(
            "POLL_INTERVAL", "10s", "interval of a cheap check of the mount, in addition to inotify", \.pollInterval,
            from: .milliseconds(100)),
        .duration(
            "RESYNC_INTERVAL", "10m", "interval of the full comparison of all targets", \.resyncInterval,
            from: .seconds(1)),
        Option(
            variable: "MAX_IN_FLIGHT", standard: "32", help: "maximum number of API writes in flight",
            takes: "a whole number from 1 to 1000",
            apply: { value, settings in
                guard let number = Int(value), (1...1000).contains(number) else { return false }
                settings.maxInFlight = number
                return true
            }),
        .bool("LEADER_ELECTION", "use a Lease to elect the one replica that writes", \.leaderElection),
        .name(
            "LEASE_NAMESPACE", "the pod's own", "namespace of the Lease", \.lease.namespace,
            takes: "the name of a namespace", isNamespace),
        .name(
            "LEASE_NAME", "from MANAGED_BY", "name of the Lease", \.lease.name,
            takes: "1 to 253 lower-case letters, digits, \"-\" and \".\"", isObjectName),
        .duration(
            "LEASE_DURATION", "15s", "how long others wait for a silent leader; whole seconds",
            \.lease.policy.duration, from: .seconds(1)),
        .duration(
            "LEASE_RENEW_DEADLINE", "10s", "how long a leader that cannot renew the Lease keeps writing",
            \.lease.policy.renewDeadline,
            from: .milliseconds(100)),
        .duration(
            "LEASE_RETRY_PERIOD", "2s", "interval between checks of the Lease", \.lease.policy.retryPeriod,
            from: .milliseconds(10)),
        .name(
            "POD_UID", "from the mounts",
            "the pod's UID; lets a restarted agent take over its predecessor's Lease at once",
            \.lease.podUID, takes: "a pod's UID: letters, digits and \"-\"", isNamespace),
        .choice(
            "LOG_LEVEL", "info", "lowest level that is logged", Logger.Level.allCases.map { ($0.name, $0) },
            \.logLevel),
        .choice(
            "LOG_FORMAT", "json", "json, or text for people", Logger.Format.allCases.map { ($0.rawValue, $0) },
            \.logFormat),
        .optionalPath(
            "KUBECONFIG", "none", "kubeconfig files, separated by \":\"; if none, ~/.kube/config outside a cluster",
            \.kubeconfig),
        .optionalPath(
            "POLICY_PATH", "none", "access policy file: which files may go to which namespaces",
            \.policyPath),
        .optionalPath(
            "DISTRIBUTIONS_PATH", "none", "local mode: folder with SecretsDistribution manifests", \.distributionsPath),
        .optionalPath(
            "ANNOTATIONS_PATH", "none",
            "local mode: file with the pod's annotations of kees, instead of manifests", \.annotationsPath),
        Option(
            variable: "ANNOTATION_DOMAIN", standard: "bsycorp.com", help: "domain of the annotations of kees",
            takes: "a domain such as example.com",
            apply: { value, settings in
                settings.annotationDomain = value
                return isObjectName(value)
            }),
        .optionalPath(
            "OUTPUT_PATH", "none", "local mode: folder for what is written", \.outputPath),
        .choice(
            "OUTPUT_FORMAT", "manifests", "local mode: what is written, Secret manifests or files for an application",
            OutputSettings.Format.allCases.map { ($0.rawValue, $0) }, \.output.format),
        Option(
            variable: "OUTPUT_MODE", standard: "0440", help: "local mode: mode of the files; manifests have 0600",
            takes: "an octal mode with read permission for the owner and without write permission for others, such as"
                + " 0440",
            apply: { value, settings in
                guard value.utf8.count <= 4, let mode = UInt32(value, radix: 8), mode <= 0o777, mode & 0o402 == 0o400,
                    value.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") })
                else { return false }
                settings.output.attributes.mode = mode
                return true
            }),
        Option(
            variable: "OUTPUT_GROUP", standard: "the agent's", help: "local mode: group of the files, a gid or a name",
            takes: "a gid or the name of a group of this system",
            apply: { value, settings in
                settings.output.attributes.group = SystemGroup.identifier(value)
                return settings.output.attributes.group != nil
            }),
        Option(
            variable: "NOTIFY_URL", standard: "none",
            help: "local mode: URL that gets a POST when new content is in place",
            takes: "an http or https URL without user and fragment",
            apply: { value, settings in
                settings.notifyURL = NotificationURL(value)
                return value.isEmpty || settings.notifyURL != nil
            }),
        .name(
            "NOTIFY_PROCESS", "none", "local mode: name of the processes that get a signal then", \.notifyProcess,
            takes: "the name of a process, without \"/\""
        ) { value in
            value.utf8.count <= 255 && !value.utf8.contains { $0 <= 0x20 || $0 == UInt8(ascii: "/") || $0 == 0x7f }
        },
        Option(
            variable: "NOTIFY_SIGNAL", standard: "HUP", help: "local mode: signal for NOTIFY_PROCESS",
            takes: "a signal such as HUP, SIGUSR1 or 10",
            apply: { value, settings in
                guard let signal = SignalNumber(value) else { return false }
                settings.notifySignal = signal
                return true
            }),
        Option(
            variable: "NAMESPACES", standard: "none",
            help: "local mode: namespaces for cluster distributions, comma-separated, besides Namespace manifests",
            takes: "names of namespaces, separated by commas",
            apply: { value, settings in
                guard let names = namespaces(in: value) else { return false }
                settings.namespaces = names
                return true
            }),
        .bool("DRY_RUN", "write nothing, and log what would be written", \.dryRun),
        Option(
            variable: "LISTEN_ADDRESS", standard: ":9895",
            help: "address for metrics, probes and status page; if empty, none is served",
            takes: "an address and a port such as \":9895\" or \"127.0.0.1:9895\", or an empty value", takesEmpty: true,
            apply: { value, settings in
                settings.listenAddress = ListenAddress(value)
                return value.isEmpty || settings.listenAddress != nil
            }),
    ]

    private static func path(
        _ variable: String, _ standard: String, _ help: String,
        _ keyPath: any WritableKeyPath<Settings, String> & Sendable
    ) -> Option {
        Option(
            variable: variable, standard: standard, help: help, takes: "an absolute path",
            apply: { value, settings in
                settings[keyPath: keyPath] = value
                return value.hasPrefix("/")
            })
    }

    /// A relative path is relative to the working directory. An empty value means none.
    private static func optionalPath(
        _ variable: String, _ standard: String, _ help: String,
        _ keyPath: any WritableKeyPath<Settings, String?> & Sendable
    ) -> Option {
        Option(
            variable: variable, standard: standard, help: help, takes: "a path",
            apply: { value, settings in
                settings[keyPath: keyPath] = value.isEmpty ? nil : value
                return !value.contains("\0")
            })
    }

    private static func name(
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

    private static func bool(
        _ variable: String, _ help: String, _ keyPath: any WritableKeyPath<Settings, Bool> & Sendable
    ) -> Option {
        Option(
            variable: variable, standard: "false", help: help, takes: "true or false", isSwitch: true,
            apply: { value, settings in
                guard let flag = ["true": true, "false": false, "1": true, "0": false][value.lowercased()] else {
                    return false
                }
                settings[keyPath: keyPath] = flag
                return true
            })
    }

    private static func duration(
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

    private static func choice<Value: Sendable>(
        _ variable: String, _ standard: String, _ help: String, _ values: [(String, Value)],
        _ keyPath: any WritableKeyPath<Settings, Value> & Sendable
    ) -> Option {
        Option(
            variable: variable, standard: standard, help: help,
            takes: values.map(\.0).joined(separator: ", ").replacingLast(", ", with: " or "),
            apply: { value, settings in
                guard let match = values.first(where: { $0.0 == value.lowercased() }) else { return false }
                settings[keyPath: keyPath] = match.1
                return true
            })
    }

    private static func isLabelValue(_ value: String) -> Bool {
        let edge: (Character) -> Bool = { $0.isASCII && ($0.isLetter || $0.isNumber) }
        guard let first = value.first, let last = value.last, value.utf8.count <= 63 else { return false }
        return edge(first) && edge(last) && value.allSatisfy { edge($0) || "-_.".contains($0) }
    }

    /// RFC 1123, as the API server requires for most names.
    private static func isObjectName(_ value: String) -> Bool {
        value.utf8.count <= 253
            && value.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                part.first != "-" && part.last != "-" && !part.isEmpty
                    && part.allSatisfy { $0.isASCII && ($0.isNumber || $0.isLowercase) || $0 == "-" }
            }
    }

    /// Names of namespaces without duplicates, in their order; nil if one is invalid.
    private static func namespaces(in value: String) -> [String]? {
        // Spaces are allowed around names only: "a b" is not the namespace "ab".
        let names = value.split(separator: ",").map { $0.split(separator: " ").joined(separator: " ") }
            .filter { !$0.isEmpty }
        var unique: [String] = []
        for name in names where !unique.contains(name) { unique.append(name) }
        // A value of commas only must not mean all namespaces.
        return unique.allSatisfy(isNamespace) && (value.isEmpty || !unique.isEmpty) ? unique : nil
    }

    private static func isNamespace(_ value: String) -> Bool {
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
