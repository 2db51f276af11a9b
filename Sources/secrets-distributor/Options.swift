import Admin
import Agent
import LinuxIO
import Notify
import Observability
import Stores

extension Option {
    /// All options by subject, in the order of the help.
    static let subjects: [(name: String, options: [Option])] = [
        ("The mount", mount),
        ("What is served", served),
        ("Writes", writes),
        ("Leader election", election),
        ("Local mode, which uses no cluster", local),
        ("Notification of an application, in local mode", notification),
        ("Log, metrics, probes", observation),
    ]

    static let all: [Option] = subjects.flatMap(\.options)

    private static let mount: [Option] = [
        .path("SECRETS_PATH", "/mnt/secrets", "the mount", \.secretsPath),
        .duration("DEBOUNCE_QUIET", "200ms", "quiet time after the last change", \.debounceQuiet, from: .zero)
            .used(by: .run),
        .duration("DEBOUNCE_MAX", "2s", "maximum wait after a change", \.debounceMax, from: .zero)
            .used(by: .run),
        .duration(
            "POLL_INTERVAL", "10s", "interval of a cheap check of the mount, in addition to inotify", \.pollInterval,
            from: .milliseconds(100)
        )
        .used(by: .run),
    ]

    private static let served: [Option] = [
        Option(
            variable: "MANAGED_BY", standard: "secrets-distributor",
            help: "owner mark; lets several instances share a cluster",
            takes: "a label's value: 1 to 63 letters, digits, \"-\", \"_\" and \".\"",
            apply: { value, settings in
                settings.managedBy = value
                return isLabelValue(value)
            }
        )
        .used(by: .run, .sync, .plan, .explain, .convert),
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
        .optionalPath(
            "POLICY_PATH", "none", "access policy file: which files may go to which namespaces",
            \.policyPath),
        .optionalPath(
            "KUBECONFIG", "none", "kubeconfig files, separated by \":\"; if none, ~/.kube/config outside a cluster",
            \.kubeconfig),
    ]

    private static let writes: [Option] = [
        Option(
            variable: "MAX_IN_FLIGHT", standard: "32", help: "maximum number of API writes in flight",
            takes: "a whole number from 1 to 1000",
            apply: { value, settings in
                guard let number = Int(value), (1...1000).contains(number) else { return false }
                settings.maxInFlight = number
                return true
            }
        )
        .used(by: .run, .sync),
        .duration(
            "RESYNC_INTERVAL", "10m", "interval of the full comparison of all targets", \.resyncInterval,
            from: .seconds(1)
        )
        .used(by: .run),
        .bool("DRY_RUN", "write nothing, and log what would be written", \.dryRun)
            .used(by: .run),
    ]

    private static let election: [Option] = [
        .bool("LEADER_ELECTION", "use a Lease to elect the one replica that writes", \.leaderElection)
            .used(by: .run),
        .name(
            "LEASE_NAMESPACE", "the pod's own", "namespace of the Lease", \.lease.namespace,
            takes: "the name of a namespace", isNamespace
        )
        .used(by: .run),
        .name(
            "LEASE_NAME", "from MANAGED_BY", "name of the Lease", \.lease.name,
            takes: "1 to 253 lower-case letters, digits, \"-\" and \".\"", isObjectName
        )
        .used(by: .run),
        .duration(
            "LEASE_DURATION", "15s", "how long others wait for a silent leader; whole seconds",
            \.lease.policy.duration, from: .seconds(1)
        )
        .used(by: .run),
        .duration(
            "LEASE_RENEW_DEADLINE", "10s", "how long a leader that cannot renew the Lease keeps writing",
            \.lease.policy.renewDeadline,
            from: .milliseconds(100)
        )
        .used(by: .run),
        .duration(
            "LEASE_RETRY_PERIOD", "2s", "interval between checks of the Lease", \.lease.policy.retryPeriod,
            from: .milliseconds(10)
        )
        .used(by: .run),
        .name(
            "POD_UID", "from the mounts",
            "the pod's UID; lets a restarted agent take over its predecessor's Lease at once",
            \.lease.podUID, takes: "a pod's UID: letters, digits and \"-\"", isNamespace
        )
        .used(by: .run),
    ]

    private static let local: [Option] = [
        .optionalPath(
            "DISTRIBUTIONS_PATH", "none", "folder with SecretsDistribution manifests", \.distributionsPath),
        .optionalPath(
            "ANNOTATIONS_PATH", "none",
            "file with the pod's annotations of kees, instead of manifests", \.annotationsPath),
        Option(
            variable: "ANNOTATION_DOMAIN", standard: "bsycorp.com", help: "domain of the annotations of kees",
            takes: "a domain such as example.com",
            apply: { value, settings in
                settings.annotationDomain = value
                return isObjectName(value)
            }
        )
        .used(by: .run, .sync, .plan, .explain, .convert),
        Option(
            variable: "NAMESPACES", standard: "none",
            help: "namespaces for cluster distributions, comma-separated, besides Namespace manifests",
            takes: "names of namespaces, separated by commas",
            apply: { value, settings in
                guard let names = namespaces(in: value) else { return false }
                settings.namespaces = names
                return true
            }),
        .optionalPath(
            "OUTPUT_PATH", "none", "folder for what is written", \.outputPath
        )
        .used(by: .run, .sync, .plan),
        .choice(
            "OUTPUT_FORMAT", "manifests", "what is written, Secret manifests or files for an application",
            OutputSettings.Format.allCases.map { ($0.rawValue, $0) }, \.output.format),
        Option(
            variable: "OUTPUT_MODE", standard: "0440", help: "mode of the files; manifests have 0600",
            takes: "an octal mode with read permission for the owner and without write permission for others, such as"
                + " 0440",
            apply: { value, settings in
                guard value.utf8.count <= 4, let mode = UInt32(value, radix: 8), mode <= 0o777, mode & 0o402 == 0o400,
                    value.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") })
                else { return false }
                settings.output.attributes.mode = mode
                return true
            }
        )
        .used(by: .run, .sync, .plan),
        Option(
            variable: "OUTPUT_GROUP", standard: "the agent's", help: "group of the files, a gid or a name",
            takes: "a gid or the name of a group of this system",
            apply: { value, settings in
                settings.output.attributes.group = SystemGroup.identifier(value)
                return settings.output.attributes.group != nil
            }
        )
        .used(by: .run, .sync, .plan),
    ]

    private static let notification: [Option] = [
        Option(
            variable: "NOTIFY_URL", standard: "none",
            help: "URL that gets a POST when new content is in place",
            takes: "an http or https URL without user and fragment",
            apply: { value, settings in
                settings.notifyURL = NotificationURL(value)
                return value.isEmpty || settings.notifyURL != nil
            }
        )
        .used(by: .run),
        .name(
            "NOTIFY_PROCESS", "none", "name of the processes that get a signal then", \.notifyProcess,
            takes: "the name of a process, without \"/\""
        ) { value in
            value.utf8.count <= 255 && !value.utf8.contains { $0 <= 0x20 || $0 == UInt8(ascii: "/") || $0 == 0x7f }
        }
        .used(by: .run),
        Option(
            variable: "NOTIFY_SIGNAL", standard: "HUP", help: "signal for NOTIFY_PROCESS",
            takes: "a signal such as HUP, SIGUSR1 or 10",
            apply: { value, settings in
                guard let signal = SignalNumber(value) else { return false }
                settings.notifySignal = signal
                return true
            }
        )
        .used(by: .run),
    ]

    private static let observation: [Option] = [
        .choice(
            "LOG_LEVEL", "info", "lowest level that is logged", Logger.Level.allCases.map { ($0.name, $0) },
            \.logLevel),
        .choice(
            "LOG_FORMAT", "json; text on a terminal", "json, or text for people",
            Logger.Format.allCases.map { ($0.rawValue, $0) },
            \.logFormat),
        Option(
            variable: "LISTEN_ADDRESS", standard: ":9895",
            help: "address for metrics and probes; if empty, neither is served",
            takes: "an IP address and a port such as \":9895\" or \"127.0.0.1:9895\", or an empty value",
            takesEmpty: true,
            apply: { value, settings in
                settings.listenAddress = ListenAddress(value)
                return value.isEmpty || settings.listenAddress != nil
            }
        )
        .used(by: .run),
        Option(
            variable: "STATUS_PAGE", standard: "true if LISTEN_ADDRESS is a loopback address, otherwise false",
            help: "serve the status page, which has no password, beside metrics and probes",
            takes: "true or false", isSwitch: true, choices: ["true", "false"],
            apply: { value, settings in
                settings.statusPage = flag(value)
                return settings.statusPage != nil
            }
        )
        .used(by: .run),
    ]
}
