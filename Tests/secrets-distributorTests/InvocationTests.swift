import Admin
import Agent
import LinuxIO
import Testing

@testable import secrets_distributor

@Suite struct InvocationTests {
    @Test("Without arguments it runs with the defaults")
    func defaults() throws {
        let invocation = try Invocation([]) { _ in nil }
        #expect(invocation.command == .run)
        #expect(invocation.settings == Settings())
        #expect(invocation.operands.isEmpty && !invocation.wantsHelp)
    }

    @Test("Each variable has a flag of the same name, with the same meaning")
    func variablesAndFlags() throws {
        let values = [
            ("SECRETS_PATH", "--secrets-path", "/other"), ("MANAGED_BY", "--managed-by", "me"),
            ("ONLY_ASSIGNED", "--only-assigned", "true"), ("WATCH_NAMESPACES", "--watch-namespaces", "b, a,b,"),
            ("DEBOUNCE_QUIET", "--debounce-quiet", "300ms"), ("DEBOUNCE_MAX", "--debounce-max", "3s"),
            ("POLL_INTERVAL", "--poll-interval", "100ms"), ("RESYNC_INTERVAL", "--resync-interval", "1s"),
            ("MAX_IN_FLIGHT", "--max-in-flight", "1000"), ("LOG_LEVEL", "--log-level", "WARNING"),
            ("LOG_FORMAT", "--log-format", "Text"), ("KUBECONFIG", "--kubeconfig", "kube"),
            ("DISTRIBUTIONS_PATH", "--distributions-path", "in"), ("OUTPUT_PATH", "--output-path", "out"),
            ("POLICY_PATH", "--policy-path", "policy.yaml"),
            ("LISTEN_ADDRESS", "--listen-address", ":1"), ("STATUS_PAGE", "--status-page", "true"),
            ("LEADER_ELECTION", "--leader-election", "false"),
            ("LEASE_NAMESPACE", "--lease-namespace", "a-b"), ("LEASE_NAME", "--lease-name", "a.b"),
            ("LEASE_DURATION", "--lease-duration", "30s"), ("LEASE_RENEW_DEADLINE", "--lease-renew-deadline", "20s"),
            ("LEASE_RETRY_PERIOD", "--lease-retry-period", "1s"), ("POD_UID", "--pod-uid", "a-1"),
            ("DRY_RUN", "--dry-run", "true"), ("NAMESPACES", "--namespaces", "web, api,web"),
        ]
        // Set apart, because they exclude DISTRIBUTIONS_PATH.
        var expected = Settings()
        expected.secretsPath = "/other"
        expected.managedBy = "me"
        expected.onlyAssigned = true
        expected.watchNamespaces = ["b", "a"]
        expected.debounceQuiet = .milliseconds(300)
        expected.debounceMax = .seconds(3)
        expected.pollInterval = .milliseconds(100)
        expected.resyncInterval = .seconds(1)
        expected.maxInFlight = 1000
        expected.logLevel = .warning
        expected.logFormat = .text
        expected.kubeconfig = "kube"
        expected.distributionsPath = "in"
        expected.namespaces = ["web", "api"]
        expected.outputPath = "out"
        expected.policyPath = "policy.yaml"
        expected.listenAddress = ListenAddress(port: 1)
        expected.statusPage = true
        expected.dryRun = true
        expected.lease.namespace = "a-b"
        expected.lease.name = "a.b"
        expected.lease.podUID = "a-1"
        expected.lease.policy.duration = .seconds(30)
        expected.lease.policy.renewDeadline = .seconds(20)
        expected.lease.policy.retryPeriod = .seconds(1)
        let environment = Dictionary(uniqueKeysWithValues: values.map { ($0.0, $0.2) })
        #expect(try settings([], environment) == expected)
        #expect(try settings(values.map { "\($0.1)=\($0.2)" }) == expected)
        let switches = ["ONLY_ASSIGNED", "LEADER_ELECTION", "DRY_RUN", "STATUS_PAGE"]
        let separate = values.filter { !switches.contains($0.0) }.flatMap { [$0.1, $0.2] }
        #expect(try settings(separate + ["--only-assigned", "--dry-run", "--status-page"]) == expected)
        let others = Set(Self.ofFiles.map(\.0) + ["NOTIFY_URL", "ANNOTATIONS_PATH", "ANNOTATION_DOMAIN"])
        #expect(Set(Option.all.map(\.variable)) == Set(values.map(\.0)).union(others))
    }

    /// The variables of local mode that do not go together with all others.
    private static let ofFiles = [
        ("DISTRIBUTIONS_PATH", "--distributions-path", "in"), ("OUTPUT_PATH", "--output-path", "out"),
        ("OUTPUT_FORMAT", "--output-format", "JSON"), ("OUTPUT_MODE", "--output-mode", "400"),
        ("OUTPUT_GROUP", "--output-group", "12"), ("NOTIFY_PROCESS", "--notify-process", "app"),
        ("NOTIFY_SIGNAL", "--notify-signal", "usr1"),
    ]

    @Test("The variables of files for an application have flags with the same meaning")
    func variablesOfFiles() throws {
        var expected = Settings()
        expected.distributionsPath = "in"
        expected.outputPath = "out"
        expected.output.format = .json
        expected.output.attributes.mode = 0o400
        expected.output.attributes.group = 12
        expected.notifyProcess = "app"
        expected.notifySignal = try #require(SignalNumber("SIGUSR1"))
        let environment = Dictionary(uniqueKeysWithValues: Self.ofFiles.map { ($0.0, $0.2) })
        #expect(try settings([], environment) == expected)
        #expect(try settings(Self.ofFiles.map { "\($0.1)=\($0.2)" }) == expected)
        #expect(try settings(Self.ofFiles.flatMap { [$0.1, $0.2] }) == expected)
        let folders = ["DISTRIBUTIONS_PATH": "in", "OUTPUT_PATH": "out"]
        let url = "http://127.0.0.1:8080/-/reload"
        let notified = try settings(["--notify-url", url], folders)
        #expect(notified.notifyURL?.text == url)
        #expect(notified == (try settings([], folders.merging(["NOTIFY_URL": url]) { $1 })))
    }

    @Test(
        "An error about NOTIFY_URL shows its scheme and host only: the rest may hold a token",
        arguments: [
            ("http://user:token@host/a", "http://…@host…"), ("http://user:to/ken@host", "http://…@host"),
            ("user:token@host", "…@host"), ("ftp://host/token", "ftp://host…"), ("http://host?token#a", "http://host…"),
            ("host/token", "host…"),
        ])
    func notificationURL(value: String, shown: String) {
        let expected = "is \"\(shown)\", expected an http or https URL without user and fragment"
        #expect(error([], ["NOTIFY_URL": value]) == "NOTIFY_URL \(expected)")
        #expect(error(["--notify-url", value]) == "NOTIFY_URL (--notify-url) \(expected)")
    }

    @Test("A flag overrides its variable, whose value is not validated")
    func flagWins() throws {
        var asked: [String] = []
        let invocation = try Invocation(["--max-in-flight=5", "sync", "--secrets-path", "/a"]) { name in
            asked.append(name)
            return name == "MAX_IN_FLIGHT" ? "nonsense" : nil
        }
        #expect(invocation.command == .sync)
        #expect(invocation.settings.maxInFlight == 5 && invocation.settings.secretsPath == "/a")
        #expect(!asked.contains("MAX_IN_FLIGHT") && !asked.contains("SECRETS_PATH"))
        #expect(asked.contains("MANAGED_BY") && !asked.contains("POLL_INTERVAL"))
    }

    @Test("Of two equal flags the last one counts")
    func lastFlag() throws {
        #expect(try settings(["--max-in-flight=5", "--max-in-flight", "6"]).maxInFlight == 6)
    }

    @Test("An empty variable counts as not set", arguments: Option.all.filter { !$0.takesEmpty }.map(\.variable))
    func emptyVariable(variable: String) throws {
        #expect(try settings([], [variable: ""]) == Settings())
    }

    @Test(
        "LISTEN_ADDRESS is a port with or without an address, or empty for none",
        arguments: [
            (":0", ListenAddress(port: 0)), ("127.0.0.1:9895", ListenAddress(host: "127.0.0.1", port: 9895)),
            ("[::1]:65535", ListenAddress(host: "::1", port: 65535)),
            ("[fe80::1%eth0]:1", ListenAddress(host: "fe80::1%eth0", port: 1)), ("", nil),
        ])
    func listenAddress(text: String, address: ListenAddress?) throws {
        #expect(try settings([], ["LISTEN_ADDRESS": text]).listenAddress == address)
        #expect(address.map { $0.description == text } ?? true)
    }

    @Test(arguments: [
        "localhost:1", "1:1", "127.0.0.1%lo:1", "[fe80::1%]:1", "9895", ":", ":65536", ":-1", "::1:80",
        "[127.0.0.1]:80", "[::1]", "a b:1", "a\n:1", ":1 ", "x/y:1",
    ])
    func `a LISTEN_ADDRESS without a port is rejected`(text: String) {
        #expect(throws: OptionError.self) { try settings([], ["LISTEN_ADDRESS": text]) }
    }

    @Test("An empty flag overrides a variable if empty is a valid value, and is an error otherwise")
    func emptyFlag() throws {
        #expect(try settings(["--kubeconfig="], ["KUBECONFIG": "kube"]).kubeconfig == nil)
        #expect(try settings(["--watch-namespaces="], ["WATCH_NAMESPACES": "a"]).watchNamespaces == nil)
        #expect(error(["--managed-by="])?.hasPrefix("MANAGED_BY (--managed-by) is \"\", expected ") == true)
    }

    @Test(
        "An invalid value is reported with its variable and the expected values",
        arguments: [
            ("SECRETS_PATH", "mnt", "an absolute path"),
            ("MANAGED_BY", "a b", "a label's value: 1 to 63 letters, digits, \"-\", \"_\" and \".\""),
            ("MANAGED_BY", "-a", "a label's value: 1 to 63 letters, digits, \"-\", \"_\" and \".\""),
            ("MANAGED_BY", "é", "a label's value: 1 to 63 letters, digits, \"-\", \"_\" and \".\""),
            (
                "MANAGED_BY", String(repeating: "a", count: 64),
                "a label's value: 1 to 63 letters, digits, \"-\", \"_\" and \".\""
            ),
            ("ONLY_ASSIGNED", "yes", "true or false"),
            ("WATCH_NAMESPACES", "a,B", "names of namespaces, separated by commas"),
            ("WATCH_NAMESPACES", "a b", "names of namespaces, separated by commas"),
            ("WATCH_NAMESPACES", ", ,", "names of namespaces, separated by commas"),
            ("WATCH_NAMESPACES", "a.b", "names of namespaces, separated by commas"),
            ("DEBOUNCE_QUIET", "200", "a time such as 200ms, 2s, 10m or 1h"),
            ("DEBOUNCE_MAX", "soon", "a time such as 200ms, 2s, 10m or 1h"),
            ("POLL_INTERVAL", "99ms", "a time such as 200ms, 2s, 10m or 1h, at least 0.1 seconds"),
            ("RESYNC_INTERVAL", "0", "a time such as 200ms, 2s, 10m or 1h, at least 1.0 seconds"),
            ("MAX_IN_FLIGHT", "0", "a whole number from 1 to 1000"),
            ("MAX_IN_FLIGHT", "1001", "a whole number from 1 to 1000"),
            ("MAX_IN_FLIGHT", "1.5", "a whole number from 1 to 1000"),
            ("LOG_LEVEL", "loud", "debug, info, warning or error"), ("LOG_FORMAT", "xml", "json or text"),
            ("LEADER_ELECTION", "maybe", "true or false"),
            ("LEASE_NAMESPACE", "a.b", "the name of a namespace"),
            ("LEASE_NAME", "A", "1 to 253 lower-case letters, digits, \"-\" and \".\""),
            ("LEASE_NAME", "a..b", "1 to 253 lower-case letters, digits, \"-\" and \".\""),
            ("LEASE_NAME", "a.-b", "1 to 253 lower-case letters, digits, \"-\" and \".\""),
            ("LEASE_DURATION", "500ms", "a time such as 200ms, 2s, 10m or 1h, at least 1.0 seconds"),
            ("LEASE_RENEW_DEADLINE", "0", "a time such as 200ms, 2s, 10m or 1h, at least 0.1 seconds"),
            ("LEASE_RETRY_PERIOD", "0", "a time such as 200ms, 2s, 10m or 1h, at least 0.01 seconds"),
        ])
    func badValue(variable: String, value: String, takes: String) throws {
        #expect(error([], [variable: value]) == "\(variable) is \"\(value)\", expected \(takes)")
        let flag = try #require(Option.all.first { $0.variable == variable }).flag
        #expect(error(["\(flag)=\(value)"]) == "\(variable) (\(flag)) is \"\(value)\", expected \(takes)")
    }

    @Test("A command ignores the variables and flags of others, because containers share them")
    func unused() throws {
        #expect(error(["sync"], ["LISTEN_ADDRESS": "x", "NOTIFY_URL": "x", "LEASE_DURATION": "x"]) == nil)
        #expect(error(["plan", "--listen-address=x", "--leader-election"]) == nil)
        #expect(error(["explain", "a", "--max-in-flight=0"]) == nil)
        #expect(error(["sync"], ["MAX_IN_FLIGHT": "0"]) != nil)
    }

    @Test("The status page needs an address to be served at")
    func statusPage() throws {
        let expected = "STATUS_PAGE is \"true\", expected LISTEN_ADDRESS as well, where the status page is served"
        #expect(error([], ["STATUS_PAGE": "true", "LISTEN_ADDRESS": ""]) == expected)
        #expect(error([], ["STATUS_PAGE": "false", "LISTEN_ADDRESS": ""]) == nil)
        #expect(try settings(["--status-page"]).statusPage == true)
    }

    @Test("A value is shown in its error on one line")
    func oneLine() {
        #expect(
            error([], ["MAX_IN_FLIGHT": "1\n2"]) == "MAX_IN_FLIGHT is \"1\\n2\", expected a whole number from 1 to 1000"
        )
    }

    @Test("Local mode requires both of its paths")
    func localMode() throws {
        #expect(
            error([], ["OUTPUT_PATH": "/o"])
                == #"OUTPUT_PATH is "/o", expected DISTRIBUTIONS_PATH as well: local mode needs both"#)
        #expect(
            error(["--distributions-path=/d"])
                == #"DISTRIBUTIONS_PATH is "/d", expected OUTPUT_PATH as well: local mode needs both"#)
        #expect(error([], ["DISTRIBUTIONS_PATH": "/d", "OUTPUT_PATH": "/o"]) == nil)
        #expect(
            error([], ["NAMESPACES": "a,b"])
                == #"NAMESPACES is "a,b", expected DISTRIBUTIONS_PATH as well: a cluster has its own namespaces"#)
    }

    @Test("Annotations replace manifests, and are those of one pod")
    func annotations() throws {
        var expected = Settings()
        expected.annotationsPath = "/podinfo/annotations"
        expected.annotationDomain = "example.com"
        expected.outputPath = "/o"
        let environment = [
            "ANNOTATIONS_PATH": "/podinfo/annotations", "ANNOTATION_DOMAIN": "example.com", "OUTPUT_PATH": "/o",
        ]
        let flags = ["--annotations-path=/podinfo/annotations", "--annotation-domain=example.com", "--output-path=/o"]
        #expect(try settings([], environment) == expected)
        #expect(try settings(flags) == expected)
        #expect(
            error([], ["ANNOTATIONS_PATH": "/a"])
                == #"ANNOTATIONS_PATH is "/a", expected OUTPUT_PATH as well: local mode needs both"#)
        #expect(error(["explain", "a"], ["ANNOTATIONS_PATH": "/a"]) == nil)
        #expect(
            error([], environment.merging(["DISTRIBUTIONS_PATH": "/d"]) { $1 })?
                .hasPrefix(#"ANNOTATIONS_PATH is "/podinfo/annotations", expected no DISTRIBUTIONS_PATH"#) == true)
        #expect(
            error([], environment.merging(["WATCH_NAMESPACES": "a"]) { $1 })?
                .hasPrefix(#"WATCH_NAMESPACES is "a", expected no value with ANNOTATIONS_PATH"#) == true)
        #expect(error([], environment.merging(["LEADER_ELECTION": "true"]) { $1 })?.contains("local mode") == true)
        #expect(
            error([], ["ANNOTATION_DOMAIN": "example.com"])
                == #"ANNOTATION_DOMAIN is "example.com", expected ANNOTATIONS_PATH as well, which needs the domain"#)
        #expect(
            error([], ["ANNOTATION_DOMAIN": "a_b"])
                == #"ANNOTATION_DOMAIN is "a_b", expected a domain such as example.com"#)
    }

    @Test("convert uses the owner mark and the domain only")
    func convert() throws {
        let environment = ["MANAGED_BY": "me", "ANNOTATION_DOMAIN": "example.com", "SECRETS_PATH": "relative"]
        let invocation = try Invocation(["convert", "a.yaml", "-"]) { environment[$0] }
        #expect(invocation.operands == ["a.yaml", "-"])
        #expect(invocation.settings.managedBy == "me" && invocation.settings.annotationDomain == "example.com")
        #expect(invocation.settings.secretsPath == Settings().secretsPath)
        #expect(try Invocation(["convert", "--managed-by=you", "-"]) { environment[$0] }.settings.managedBy == "you")
    }

    @Test("The longest wait is at least the quiet time")
    func debounce() {
        #expect(
            error(["--debounce-quiet=5s"])?.hasPrefix("DEBOUNCE_QUIET is \"5s\", expected a time not longer")
                == true)
        #expect(error(["--debounce-quiet=2s"]) == nil)
    }

    @Test(
        "The times of leader election must be consistent, and it is only for run with a cluster",
        arguments: [
            (["run"], [:], nil),
            (
                ["sync"], [:],
                "LEADER_ELECTION is \"true\", expected false: sync does not wait for a Lease; set LEADER_ELECTION=false"
            ),
            (
                ["run"], ["DISTRIBUTIONS_PATH": "/d", "OUTPUT_PATH": "/o"],
                "LEADER_ELECTION is \"true\", expected false in local mode, where there is no Lease"
            ),
            (["run"], ["LEASE_DURATION": "15500ms"], "LEASE_DURATION is \"15500ms\", expected whole seconds"),
            (
                ["run"], ["LEASE_DURATION": "10s"],
                "LEASE_DURATION is \"10s\", expected a time longer than LEASE_RENEW_DEADLINE, which is 10s"
            ),
            (
                ["run"], ["LEASE_RENEW_DEADLINE": "15s"],
                "LEASE_DURATION is \"15s\", expected a time longer than LEASE_RENEW_DEADLINE, which is 15s"
            ),
            (["run"], ["LEASE_RENEW_DEADLINE": "2500ms"], nil),
            (
                ["run"], ["LEASE_RENEW_DEADLINE": "2400ms"],
                "LEASE_RENEW_DEADLINE is \"2400ms\", expected a time longer than 1.2 times LEASE_RETRY_PERIOD, which is 2s"
            ),
            (["run"], ["LEADER_ELECTION": "false", "LEASE_DURATION": "1s"], nil),
        ] as [([String], [String: String], String?)])
    func election(arguments: [String], environment: [String: String], text: String?) {
        #expect(error(arguments, ["LEADER_ELECTION": "true"].merging(environment) { $1 }) == text)
    }
}
