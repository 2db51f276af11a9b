import FoundationEssentials
import JSON
import TestSupport
import TestTraits
import Testing

/// Tests single values of the chart with Helm itself.
@Suite("The values of the chart", .endsIfHung)
struct HelmValuesTests {
    private func helm(_ values: String, chart: String = HelmChart.path) async throws -> ToolRun {
        try await HelmChart.template(values, chart: chart)
    }

    private func render(_ values: String) async throws -> RenderedManifests { try await HelmChart.render(values) }

    // MARK: What a value renders

    /// Values, and a field of what they render.
    struct Rendering: Sendable, CustomTestStringConvertible {
        let values: String
        let kind: String
        /// Keys, and indexes of lists.
        let path: [String]
        /// JSON; null if there is no such field.
        let expected: String

        init(_ values: String, _ kind: String, _ path: String, _ expected: String) {
            self.values = values
            self.kind = kind
            self.path = path.split(separator: " ").map(String.init)
            self.expected = expected
        }

        var testDescription: String { "\(values): \(kind) \(path.joined(separator: "."))" }
    }

    private static let selector =
        #"{"app.kubernetes.io/name": "secrets-distributor", "app.kubernetes.io/instance": "vault"}"#
    private static let container = "spec template spec containers 0"
    private static let prometheus = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}"

    static let renderings: [Rendering] = [
        // The name and the selector of a release never change: the API server rejects another selector.
        Rendering("", "Deployment", "metadata name", #""vault""#),
        Rendering("", "Deployment", "spec selector matchLabels", selector),
        Rendering("fullnameOverride: agent", "Deployment", "metadata name", #""agent""#),
        Rendering("fullnameOverride: agent", "Deployment", "spec selector matchLabels", selector),
        Rendering("fullnameOverride: agent", "Deployment", "spec template spec serviceAccountName", #""agent""#),
        Rendering("fullnameOverride: agent", "ServiceAccount", "metadata name", #""agent""#),
        Rendering("fullnameOverride: agent", "ClusterRoleBinding", "roleRef name", #""agent""#),
        Rendering("fullnameOverride: agent\nreplicas: 2", "Role", "rules 1 resourceNames", #"["agent"]"#),
        Rendering(
            "nameOverride: sync", "Deployment", "spec selector matchLabels app.kubernetes.io/name", #""sync""#),
        Rendering("nameOverride: sync", "Deployment", "metadata name", #""vault""#),

        Rendering("", "Deployment", "spec template spec topologySpreadConstraints", "null"),
        Rendering(
            "topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]",
            "Deployment", "spec template spec topologySpreadConstraints",
            #"[{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector":"#
                + #" {"matchLabels": \#(selector)}}]"#),
        Rendering(
            "topologySpreadConstraints: [{topologyKey: zone, labelSelector: {matchLabels: {a: b}}}]", "Deployment",
            "spec template spec topologySpreadConstraints 0 labelSelector", #"{"matchLabels": {"a": "b"}}"#),
        Rendering(
            "env: [{name: A, value: a}]\nextraEnv: [{name: B, value: b}]", "Deployment", "\(container) env 3",
            #"{"name": "B", "value": "b"}"#),
        Rendering(
            "volumes: [{name: a, emptyDir: {}}]\nextraVolumes: [{name: b, emptyDir: {}}]", "Deployment",
            "spec template spec volumes 1", #"{"name": "b", "emptyDir": {}}"#),
        Rendering(
            "volumeMounts: [{name: a, mountPath: /a}]\nextraVolumeMounts: [{name: b, mountPath: /b}]", "Deployment",
            "\(container) volumeMounts 1", #"{"name": "b", "mountPath": "/b"}"#),
        Rendering(
            "statusPage: {enabled: true}", "Deployment", "\(container) env 2",
            #"{"name": "STATUS_PAGE", "value": "true"}"#),

        Rendering("podDisruptionBudget: {enabled: true}", "PodDisruptionBudget", "spec maxUnavailable", "1"),
        Rendering(
            "podDisruptionBudget: {enabled: true}", "PodDisruptionBudget", "spec selector matchLabels", selector),
        Rendering(
            "podDisruptionBudget: {enabled: true, minAvailable: 50%}", "PodDisruptionBudget", "spec minAvailable",
            #""50%""#),
        Rendering(
            "podDisruptionBudget: {enabled: true, minAvailable: 0}", "PodDisruptionBudget", "spec maxUnavailable",
            "null"),

        // A policy without rules admits nobody; a rule without peers would admit everybody.
        Rendering("networkPolicy: {enabled: true}", "NetworkPolicy", "spec ingress", "null"),
        Rendering("networkPolicy: {enabled: true}", "NetworkPolicy", "spec policyTypes", #"["Ingress"]"#),
        Rendering("networkPolicy: {enabled: true}", "NetworkPolicy", "spec podSelector matchLabels", selector),
        Rendering(
            "networkPolicy: {enabled: true, from: [\(prometheus)]}\nenv: [{name: LISTEN_ADDRESS, value: ':9000'}]",
            "NetworkPolicy", "spec ingress",
            #"[{"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],"#
                + #" "ports": [{"port": 9000, "protocol": "TCP"}]}]"#),
        Rendering(
            "networkPolicy: {enabled: true, ingress: [{ports: [{port: 80}]}], egress: [{}]}", "NetworkPolicy",
            "spec ingress", #"[{"ports": [{"port": 80}]}]"#),
        Rendering(
            "networkPolicy: {enabled: true, ingress: [{ports: [{port: 80}]}], egress: [{}]}", "NetworkPolicy",
            "spec egress",
            "[{}]"),
        Rendering(
            "networkPolicy: {enabled: true, from: [{}]}\nenv: [{name: LISTEN_ADDRESS, value: '127.0.0.1:9895'}]",
            "NetworkPolicy", "spec ingress", "null"),

        // The Role allows the Lease that the pod uses, whatever its mark is.
        Rendering(
            "replicas: 2\nenv: [{name: MANAGED_BY, value: team-a}]", "Role", "rules 1 resourceNames", #"["vault"]"#),
        Rendering(
            "replicas: 2\nenv: [{name: MANAGED_BY, value: team-a}]", "Deployment", "\(container) env 1",
            #"{"name": "LEASE_NAME", "value": "vault"}"#),
        Rendering("env: [{name: LEADER_ELECTION, value: 'true'}]", "Role", "rules 1 resourceNames", #"["vault"]"#),
        Rendering(
            "replicas: 2\nenv: [{name: LEASE_NAMESPACE, value: leases}]", "Role", "metadata namespace", #""leases""#),
        Rendering(
            "replicas: 2\nenv: [{name: LEASE_NAMESPACE, value: leases}]", "RoleBinding", "subjects 0 namespace",
            #""vault""#),
    ]

    @Test("render what the comments say", arguments: renderings)
    func rendered(_ rendering: Rendering) async throws {
        let object = try await render(rendering.values).only(rendering.kind)
        let expected = try JSONValue(json: Array(rendering.expected.utf8))
        #expect((object.at(rendering.path) ?? .null) == expected)
    }

    @Test("render optional objects only on request")
    func optionalObjects() async throws {
        let kinds = try await Set(render("").objects.compactMap { $0["kind"]?.string })
        #expect(
            kinds == ["ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Deployment", "ServiceAccount"])
    }

    /// Helm removes a value that is null, with its members and their defaults.
    @Test("may be null if they are objects, and then have no members")
    func nullObjects() async throws {
        let values = try World.manifest("sidecar-example/helm/values.yaml")
        let names = (values.object ?? [:]).filter { $0.value.object != nil }.map(\.key)
        #expect(names.count >= 15)
        // Without a service account of its own, the pod needs the name of another one.
        for name in names where name != "serviceAccount" {
            let run = try await helm("\(name): null")
            #expect(run.status == 0, "\(name): \(run.errors)")
        }
        let members = try await helm(
            """
            crd: {annotations: null}
            serviceAccount: {name: null, annotations: null}
            rbac: {namespaces: null}
            podDisruptionBudget: {enabled: true, minAvailable: null, maxUnavailable: null}
            networkPolicy: {enabled: true, from: null, ingress: null, egress: null}
            monitoring:
              podMonitor: {enabled: true, labels: null}
              prometheusRule: {enabled: true, labels: null, runbooks: null}
              dashboard: {enabled: true, labels: null, annotations: null}
            """)
        let budget = try RenderedManifests(members).only("PodDisruptionBudget")
        #expect(budget["spec"]?["maxUnavailable"] == 1 && budget["spec"]?["minAvailable"] == nil)
        let refused = try await helm("serviceAccount: null")
        #expect(refused.status != 0 && refused.errors.contains("serviceAccount.name is empty"), "\(refused.errors)")
    }

    @Test("label each object with the version")
    func version() async throws {
        let chart = try World.manifest("sidecar-example/helm/Chart.yaml")
        let rendered = try await render(
            "replicas: 2\npodDisruptionBudget: {enabled: true}\npolicy: {rules: [{namespaces: [a], files: [b]}]}")
        for object in rendered.objects {
            let labels = object["metadata"]?["labels"]
            #expect(labels?["app.kubernetes.io/version"] == chart["appVersion"])
            #expect(labels?["app.kubernetes.io/managed-by"] == "Helm")
        }
        #expect(chart["kubeVersion"] == ">=1.20.0-0")
    }

    // MARK: Variables

    /// Values that the chart rejects, and what the error says.
    static let contradictions: [(String, String)] = [
        ("dryRun: true\nenv: [{name: DRY_RUN, value: 'false'}]", #"env DRY_RUN is "false", expected "true""#),
        ("dryRun: true\nenv: [{name: DRY_RUN, value: ''}]", #"env DRY_RUN is "", expected "true""#),
        ("logLevel: debug\nenv: [{name: LOG_LEVEL, value: info}]", #"env LOG_LEVEL is "info", expected "debug""#),
        ("logFormat: text\nextraEnv: [{name: LOG_FORMAT, value: json}]", #"env LOG_FORMAT is "json", expected "text""#),
        ("replicas: 2\nenv: [{name: LEADER_ELECTION, value: 'false'}]", "replicas sets this variable"),
        (
            "leaderElection: {enabled: true}\nenv: [{name: LEADER_ELECTION, value: '0'}]",
            "leaderElection.enabled sets this variable"
        ),
        (
            "rbac: {namespaces: [a, b]}\nenv: [{name: WATCH_NAMESPACES, value: a}]",
            #"env WATCH_NAMESPACES is "a", expected "a,b""#
        ),
        (
            "clusterDistributions: {enabled: true}\nenv: [{name: WATCH_NAMESPACES, value: a}]",
            "expected no such entry with clusterDistributions.enabled"
        ),
        (
            "policy: {rules: [{namespaces: [a], files: [b]}]}\nenv: [{name: POLICY_PATH, value: /x}]",
            #"env POLICY_PATH is "/x""#
        ),
        ("statusPage: {enabled: true}\nenv: [{name: STATUS_PAGE, value: 'false'}]", #"env STATUS_PAGE is "false""#),
        ("statusPage: {enabled: true}\nenv: [{name: LISTEN_ADDRESS, value: ''}]", "statusPage.enabled needs one"),
        (
            "env: [{name: LISTEN_ADDRESS, value: ''}]\nextraEnv: [{name: STATUS_PAGE, value: 'true'}]",
            #"env LISTEN_ADDRESS is "", expected an address: STATUS_PAGE needs one"#
        ),
        ("env: [{name: A, value: b}]\nextraEnv: [{name: A, value: b}]", "extraEnv sets A"),
        ("env: [{name: LISTEN_ADDRESS, value: '10.0.0.1:9895'}]", #"env LISTEN_ADDRESS is "10.0.0.1:9895""#),
        ("env: [{name: LISTEN_ADDRESS, value: '127.1.2.300:9895'}]", #"env LISTEN_ADDRESS is "127.1.2.300:9895""#),
        ("env: [{name: LISTEN_ADDRESS, value: ':0'}]", #"env LISTEN_ADDRESS is ":0", expected a port from 1 to 65535"#),
        ("env: [{name: LISTEN_ADDRESS, value: ':99999'}]", #"is ":99999", expected a port from 1 to 65535"#),
        (
            "statusPage: {enabled: true}\nenv: [{name: LISTEN_ADDRESS, value: '127.0.0.1:0'}]",
            #"is "127.0.0.1:0", expected a port from 1 to 65535"#
        ),
        (
            "env: [{name: LISTEN_ADDRESS, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]",
            "env LISTEN_ADDRESS has no plain value"
        ),
        (
            "env: [{name: LISTEN_ADDRESS, value: '127.0.0.1:9895'}]\nmonitoring: {podMonitor: {enabled: true}}",
            "monitoring.podMonitor.enabled is true, expected false"
        ),
        (
            "replicas: 2\nenv: [{name: LEASE_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]",
            "env LEASE_NAME has no plain value"
        ),
    ]

    @Test("reject a variable that contradicts them, in one sentence", arguments: contradictions)
    func contradicted(_ values: String, _ message: String) async throws {
        let run = try await helm(values)
        #expect(run.status != 0 && run.errors.contains(message), "\(run.errors)")
        #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }

    @Test(
        "accept a variable that agrees with them, or replaces a default",
        arguments: [
            "dryRun: true\nenv: [{name: DRY_RUN, value: '1'}]", "env: [{name: DRY_RUN, value: 'true'}]",
            "env: [{name: LOG_LEVEL, value: debug}]", "replicas: 2\nenv: [{name: LEADER_ELECTION, value: 'True'}]",
            "rbac: {namespaces: [a, b]}\nenv: [{name: WATCH_NAMESPACES, value: 'b, a'}]",
            "rbac: {namespaces: [vault]}\n"
                + "env: [{name: WATCH_NAMESPACES, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}]",
            "statusPage: {enabled: true}\nenv: [{name: LISTEN_ADDRESS, value: '[::1]:9895'}]",
            "env: [{name: LISTEN_ADDRESS, value: '0.0.0.0:9000'}]",
        ])
    func agreed(_ values: String) async throws {
        let container = try #require(try await render(values).pod()["containers"]?.named("secrets-distributor"))
        let names = container["env"]?.array?.compactMap { $0["name"]?.string } ?? []
        #expect(Set(names).count == names.count)
    }

    @Test(
        "set no probe that cannot reach the agent",
        arguments: ["127.0.0.1:9895", "127.1.2.3:9000", "[::1]:9895", ""])
    func closed(_ address: String) async throws {
        let values = "env: [{name: LISTEN_ADDRESS, value: '\(address)'}]"
        let run = try await helm(
            values
                + """

                livenessProbe: {exec: {command: [check]}, httpGet: null}
                readinessProbe: {grpc: {port: 9895}, httpGet: null}
                """)
        let agent = try #require(try RenderedManifests(run).pod()["containers"]?.named("secrets-distributor"))
        #expect(agent["ports"] == nil)
        #expect(agent["startupProbe"] == nil && agent["readinessProbe"] == nil)
        #expect(agent["livenessProbe"]?["exec"] == ["command": ["check"]])
        #expect(run.errors.contains("the kubelet does not probe the agent"), "\(run.errors)")
        // On a loopback address, the program's default is to serve the page.
        #expect(run.errors.contains("The status page is on") == !address.isEmpty, "\(run.errors)")
    }

    // MARK: Notes

    @Test(
        "appear in the notes if the user must know them",
        arguments: [
            ("", "No access policy is set", true),
            ("policy: {rules: [{namespaces: [a], files: [b]}]}", "No access policy is set", false),
            ("env: [{name: POLICY_PATH, value: /p}]", "No access policy is set", false),
            ("", "has no registry", true), ("image: {repository: example.com/agent}", "has no registry", false),
            ("env: [{name: LISTEN_ADDRESS, value: '[::1]:1'}]", "whoever reaches the pod's loopback address", true),
            ("", "The status page is on", false), ("", "the kubelet does not probe the agent", false),
            ("statusPage: {enabled: true}", "port-forward deployment/vault 9895", true),
            (
                "statusPage: {enabled: true}\nfullnameOverride: a\nenv: [{name: LISTEN_ADDRESS, value: ':9000'}]",
                "port-forward deployment/a 9000", true
            ),
            ("env: [{name: LISTEN_ADDRESS, value: '[::1]:9895'}, {name: STATUS_PAGE, value: 'false'}]", "is on", false),
            ("", "No volume is mounted", true),
            ("volumeMounts: [{name: a, mountPath: /mnt/secrets}]", "No volume is mounted", false),
            ("env: [{name: DRY_RUN, value: 'true'}]", "writes nothing, because DRY_RUN is true", true),
            ("env: [{name: SECRETS_PATH, value: /vault}]", "distributes the files of /vault", true),
        ] as [(String, String, Bool)])
    func notes(_ example: (values: String, text: String, isShown: Bool)) async throws {
        let run = try await helm(example.values)
        #expect(run.status == 0)
        #expect(run.errors.contains(example.text) == example.isShown, "\(run.errors)")
    }

    // MARK: Parent charts

    /// The parent has templates with the names that this chart used before they had a prefix.
    @Test("work in a parent chart, which may turn the chart off", arguments: [true, false])
    func parent(_ isEnabled: Bool) async throws {
        let directory = try TemporaryDirectory()
        try makeDirectory(directory("parent/templates"))
        try makeDirectory(directory("parent/charts"))
        try FileManager.default.copyItem(
            atPath: HelmChart.path, toPath: directory("parent/charts/secrets-distributor"))
        let version = try #require(try World.manifest("sidecar-example/helm/Chart.yaml")["version"]?.string)
        try writeFile(
            directory("parent/Chart.yaml"),
            """
            apiVersion: v2
            name: platform
            version: 1.0.0
            dependencies:
              - name: secrets-distributor
                version: \(version)
                condition: secrets-distributor.enabled
            """)
        let names = ["labels", "selector", "serviceAccount", "image", "elects", "leaseName", "port", "env", "rules"]
        try writeFile(
            directory("parent/templates/_helpers.tpl"),
            names.map { "{{- define \"\($0)\" }}theirs{{ end }}\n" }.joined())
        let values = "secrets-distributor: {enabled: \(isEnabled), replicas: 2}"
        let run = try await helm(values, chart: directory("parent"))
        #expect(run.status == 0, "\(run.errors)")
        #expect(!run.output.contains("theirs"))
        #expect(run.output.contains("kind: Deployment") == isEnabled)
    }

    // MARK: Definitions

    @Test("annotate both definitions, so that Helm and Argo CD keep them")
    func definitions() async throws {
        let rendered = try await render(
            """
            clusterDistributions: {enabled: true}
            crd: {annotations: {team: platform, helm.sh/resource-policy: delete}}
            """)
        let definitions = rendered.objects.filter { $0["kind"] == "CustomResourceDefinition" }
        #expect(definitions.count == 2)
        for definition in definitions {
            let annotations = definition["metadata"]?["annotations"]
            #expect(annotations?["helm.sh/resource-policy"] == "keep")
            #expect(annotations?["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false")
            #expect(annotations?["team"] == "platform")
        }
    }
}

extension JSONValue {
    /// The value at a path of keys and, in lists, indexes.
    fileprivate func at(_ path: [String]) -> JSONValue? {
        var value: JSONValue? = self
        for key in path {
            if let list = value?.array {
                value = Int(key).flatMap { list.indices.contains($0) ? list[$0] : nil }
            } else {
                value = value?[key]
            }
        }
        return value
    }
}
