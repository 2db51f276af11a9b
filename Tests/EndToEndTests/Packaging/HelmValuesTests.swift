import FoundationEssentials
import JSON
import TestSupport
import TestTraits
import Testing

/// Tests single values of the chart with Helm itself.
@Suite("The values of the chart", .endsIfHung)
struct HelmValuesTests {
    private static let chart = World.path("sidecar-example/helm")

    private func helm(_ values: String, chart: String = HelmValuesTests.chart) async throws -> ToolRun {
        let directory = try TemporaryDirectory()
        try writeFile(directory("values.yaml"), values)
        return try await KubeTools.helm(["template", "vault", chart, directory("values.yaml")])
    }

    private func render(_ values: String) async throws -> RenderedManifests {
        try RenderedManifests(try await helm(values))
    }

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

    @Test("label each object with the version")
    func version() async throws {
        let chart = try World.manifest("sidecar-example/helm/Chart.yaml")
        let rendered = try await render("replicas: 2\npodDisruptionBudget: {enabled: true}\npolicy: {default: Deny}")
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
        ("policy: {default: Deny}\nenv: [{name: POLICY_PATH, value: /x}]", #"env POLICY_PATH is "/x""#),
        ("statusPage: {enabled: true}\nenv: [{name: STATUS_PAGE, value: 'false'}]", #"env STATUS_PAGE is "false""#),
        ("statusPage: {enabled: true}\nenv: [{name: LISTEN_ADDRESS, value: ''}]", "statusPage.enabled needs one"),
        ("env: [{name: A, value: b}]\nextraEnv: [{name: A, value: b}]", "extraEnv sets A"),
        ("env: [{name: LISTEN_ADDRESS, value: '10.0.0.1:9895'}]", #"env LISTEN_ADDRESS is "10.0.0.1:9895""#),
        ("env: [{name: LISTEN_ADDRESS, value: ':0'}]", #"env LISTEN_ADDRESS is ":0""#),
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
        let run = try await helm(values + "\nlivenessProbe: {exec: {command: [check]}, httpGet: null}")
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
            ("", "No access policy is set", true), ("policy: {default: Deny}", "No access policy is set", false),
            ("env: [{name: POLICY_PATH, value: /p}]", "No access policy is set", false),
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
            atPath: Self.chart, toPath: directory("parent/charts/secrets-distributor"))
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

    // MARK: Monitoring

    @Test("create a PodMonitor for each API group, and for Azure with the limits that it asks for")
    func podMonitors() async throws {
        let rendered = try await render(
            """
            monitoring:
              podMonitor: {enabled: true, apiGroups: [monitoring.coreos.com, azmonitoring.coreos.com]}
            """)
        let monitors = rendered.objects.filter { $0["kind"] == "PodMonitor" }
        #expect(monitors.map { $0["apiVersion"] } == ["monitoring.coreos.com/v1", "azmonitoring.coreos.com/v1"])
        #expect(monitors.map { $0["spec"]?["labelLimit"] } == [nil, 63])
        let specs = monitors.compactMap {
            $0["spec"]?.removing("labelLimit").removing("labelNameLengthLimit").removing("labelValueLengthLimit")
        }
        #expect(specs.count == 2 && specs[0] == specs[1])
    }

    @Test("make the links of the alerts absolute")
    func runbooks() async throws {
        let page = "https://git.example/docs/runbooks.md"
        let rendered = try await render("monitoring: {prometheusRule: {enabled: true, runbooks: '\(page)'}}")
        let groups = try rendered.only("PrometheusRule")["spec"]?["groups"]?.array ?? []
        let rules = groups.flatMap { $0["rules"]?.array ?? [] }
        #expect(rules.count >= 15)
        for rule in rules {
            let anchor = rule["alert"]?.string?.lowercased() ?? ""
            #expect(rule["annotations"]?["runbook_url"]?.string == "\(page)#\(anchor)")
        }
    }

    @Test("create the dashboard for Grafana's sidecar")
    func dashboard() async throws {
        let rendered = try await render(
            "monitoring: {dashboard: {enabled: true, labels: {team: a}, annotations: {grafana_folder: Vault}}}")
        let map = try rendered.only("ConfigMap")
        #expect(map["metadata"]?["name"] == "vault-dashboard")
        #expect(map["metadata"]?["labels"]?["grafana_dashboard"] == "1")
        #expect(map["metadata"]?["labels"]?["team"] == "a")
        #expect(map["metadata"]?["annotations"] == ["grafana_folder": "Vault"])
        let text = try #require(map["data"]?["secrets-distributor.json"]?.string)
        let example = try JSONValue(json: try World.text("sidecar-example/monitoring/dashboard.json"))
        #expect(try JSONValue(json: Array(text.utf8)) == example)
    }

    // MARK: Schema and documentation

    @Test("have a schema each, at any depth, which rejects others")
    func schema() throws {
        let schema = try JSONValue(json: try World.text("sidecar-example/helm/values.schema.json"))
        let values = try World.manifest("sidecar-example/helm/values.yaml")
        #expect(uncovered(values, schema, of: schema) == [])
    }

    /// The values that the schema does not describe, and the objects with known members that permit others.
    private func uncovered(_ value: JSONValue, _ schema: JSONValue, of root: JSONValue, path: String = "") -> [String] {
        var schema = schema
        if let name = schema["$ref"]?.string?.split(separator: "/").last {
            guard let definition = root["definitions"]?[String(name)] else { return ["\(path): no definition \(name)"] }
            schema = definition
        }
        // An image is a string or an object.
        if let object = schema["oneOf"]?.array?.first(where: { $0["properties"] != nil }) { schema = object }
        guard let properties = schema["properties"]?.object else { return [] }
        var found = schema["additionalProperties"] == false ? [] : ["\(path) permits others"]
        for (name, value) in value.object ?? [:] {
            let path = path.isEmpty ? name : "\(path).\(name)"
            guard let property = properties[name] else {
                found.append(path)
                continue
            }
            found += uncovered(value, property, of: root, path: path)
        }
        return found.sorted()
    }

    @Test("are all on the page that Tests/Tools/chart-values makes")
    func page() async throws {
        let run = try await ToolRun.run([World.path("Tests/Tools/chart-values")])
        #expect(run.status == 0, "\(run.errors)")
        let page = String(decoding: try World.text("docs/chart-values.md"), as: UTF8.self)
        #expect(page == run.output, "run Tests/Tools/chart-values >docs/chart-values.md")
        for name in try World.manifest("sidecar-example/helm/values.yaml").object?.keys.map({ $0 }) ?? [] {
            #expect(page.contains("\n| `\(name)"), "\(name)")
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
