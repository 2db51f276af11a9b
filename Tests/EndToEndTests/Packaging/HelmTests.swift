import Agent
import FoundationEssentials
import JSON
import Stores
import TestSupport
import TestTraits
import Testing

/// Tests the chart with Helm itself.
@Suite("The Helm chart", .endsIfHung)
struct HelmTests {
    private static let chart = World.path("sidecar-example/helm")
    /// The values of existing users.
    private static let values = World.path("Tests/Fixtures/python-operator/values.yaml")

    private func render(_ values: String = "", files: [String] = []) async throws -> RenderedManifests {
        let directory = try TemporaryDirectory()
        let file = directory("values.yaml")
        try writeFile(file, values)
        return try RenderedManifests(try await KubeTools.helm(["template", "vault", Self.chart] + files + [file]))
    }

    private func agent(_ rendered: RenderedManifests) throws -> JSONValue {
        try #require(try rendered.pod()["containers"]?.named("secrets-distributor"))
    }

    /// The environment variables with plain values.
    private func environment(_ rendered: RenderedManifests) throws -> [String: String] {
        let list = try agent(rendered)["env"]?.array ?? []
        let pairs = list.map { variable in
            let field = variable["valueFrom"]?["fieldRef"]?["fieldPath"]?.string
            return (variable["name"]?.string ?? "", variable["value"]?.string ?? field ?? "")
        }
        // Helm uses server-side apply, which rejects duplicate names.
        #expect(Set(pairs.map(\.0)).count == pairs.count)
        return Dictionary(pairs) { $1 }
    }

    @Test("passes Helm's own lint, and has the same resource definition as the example")
    func lint() async throws {
        let linted = try await KubeTools.helm(["lint", Self.chart])
        #expect(linted.status == 0, "\(linted.errors)")
        for (copy, file) in [
            ("crd.yaml", "crd.yaml"), ("cluster-crd.yaml", "cluster-crd.yaml"),
            ("prometheus-rule.yaml", "monitoring/prometheus-rule.yaml"),
            ("dashboard.json", "monitoring/dashboard.json"),
        ] {
            #expect(try World.text("sidecar-example/helm/files/\(copy)") == World.text("sidecar-example/\(file)"))
        }
    }

    @Test("follows a values file for the Python operator's chart")
    func formerValues() async throws {
        let rendered = try await render(files: [Self.values])
        #expect(
            rendered.names == [
                "ClusterRole/vault", "ClusterRoleBinding/vault",
                "CustomResourceDefinition/secretsdistributions.xlscsde.nhs.uk", "Deployment/vault/vault",
                "ServiceAccount/vault/vault",
            ])
        let values = try World.manifest("Tests/Fixtures/python-operator/values.yaml")
        let pod = try rendered.pod()
        let agent = try agent(rendered)
        #expect(try rendered.only("Deployment")["spec"]?["replicas"] == values["replicas"])
        #expect(agent["image"] == values["image"])
        #expect(pod["nodeSelector"] == values["nodeSelector"])
        #expect(pod["tolerations"] == values["tolerations"])
        let wanted = [(values, pod, "volumes"), (values, agent, "volumeMounts"), (values, agent, "env")]
        for (values, place, key) in wanted {
            let list = try #require(values[key]?.array)
            #expect(list.allSatisfy { place[key]?.array?.contains($0) == true }, "\(key)")
        }
        // Theirs are empty, which sets nothing.
        #expect(agent["resources"]?["limits"] != nil)
        let given = try await render("resources: {limits: {memory: 1Gi}}", files: [Self.values])
        #expect(try self.agent(given)["resources"]?["limits"]?["memory"] == "1Gi")
    }

    @Test("accepts an image as one string, or as repository with tag or digest")
    func images() async throws {
        let digest = "sha256:" + String(repeating: "a", count: 64)
        for (values, image) in [
            ("", "secrets-distributor:0.1.0"), ("image: r.example/x:1", "r.example/x:1"),
            ("image: {repository: r.example/x}", "r.example/x:0.1.0"),
            ("image: {repository: r.example/x, tag: v2}", "r.example/x:v2"),
            ("image: {repository: r.example/x, tag: v2, digest: '\(digest)'}", "r.example/x@\(digest)"),
        ] {
            let rendered = try await render(values)
            #expect(try agent(rendered)["image"]?.string == image)
        }
    }

    @Test("sets the variables from the values, and env overrides them")
    func environments() async throws {
        let plain = try await render()
        #expect(try environment(plain) == ["LOG_LEVEL": "info", "LOG_FORMAT": "json"])
        let all = try await render(
            """
            dryRun: true
            logLevel: debug
            replicas: 2
            rbac: {namespaces: [a, b]}
            policy: {default: Allow, rules: [{namespaces: [a], files: [b]}]}
            env: [{name: LOG_FORMAT, value: text}, {name: LEASE_NAME, value: mine}]
            """)
        #expect(
            try environment(all) == [
                "LOG_LEVEL": "debug", "LOG_FORMAT": "text", "DRY_RUN": "true", "WATCH_NAMESPACES": "a,b",
                "LEADER_ELECTION": "true", "LEASE_NAME": "mine", "POD_UID": "metadata.uid",
                "POLICY_PATH": "/etc/secrets-distributor/policy.yaml",
            ])
    }

    @Test("grants the rights of the example: everywhere, in named namespaces, and for the Lease")
    func rights() async throws {
        let rules = try World.manifest("sidecar-example/cluster-role.yaml")["rules"]
        let everywhere = try await render()
        #expect(try everywhere.only("ClusterRole")["rules"] == rules)

        let lease = try World.manifests("sidecar-example/leader-election/role.yaml").first?["rules"]
        for values in ["replicas: 2", "leaderElection: {enabled: true}"] {
            // The Lease has the name of the release.
            let rendered = try await render(values)
            let role = try rendered.only("Role")["rules"]?.array
            let theirs = try #require(role?.last)
            #expect(theirs["resourceNames"] == ["vault"])
            #expect(role?.map { $0.removing("resourceNames") } == lease?.array?.map { $0.removing("resourceNames") })
        }

        let named = try await render("rbac: {namespaces: [a, b]}")
        #expect(!named.names.contains { $0.hasPrefix("ClusterRole") })
        let roles = named.objects.filter { $0["kind"] == "Role" }
        #expect(roles.map { $0["metadata"]?["namespace"] } == ["a", "b"])
        #expect(roles.allSatisfy { $0["rules"] == rules })
        let bindings = named.objects.filter { $0["kind"] == "RoleBinding" }
        #expect(bindings.allSatisfy { $0["subjects"]?.array?.first?["namespace"] == "vault" })
        let none = try await render("rbac: {create: false}").names
        #expect(none.allSatisfy { !$0.contains("Role") })
    }

    @Test("grants cluster distributions, and roles to users, only on request")
    func optionalRights() async throws {
        let rendered = try await render("clusterDistributions: {enabled: true}\nrbac: {aggregate: true}")
        let role = { (name: String) in
            rendered.objects.first { $0["kind"] == "ClusterRole" && $0["metadata"]?["name"]?.string == name }
        }
        let example = { (file: String, index: Int) in try World.manifests("sidecar-example/\(file)/roles.yaml")[index] }
        #expect(try role("vault-cluster")?["rules"] == example("cluster-distributions", 0)["rules"])
        for (index, name) in ["view", "edit"].enumerated() {
            let theirs = try example("user-roles", index)
            let ours = try #require(role("vault-\(name)"))
            #expect(ours["rules"] == theirs["rules"])
            for (label, value) in theirs["metadata"]?["labels"]?.object ?? [:] {
                #expect(ours["metadata"]?["labels"]?[label] == value)
            }
        }
        #expect(
            rendered.names.contains("CustomResourceDefinition/clustersecretsdistributions.xlscsde.nhs.uk"))
        let directory = try TemporaryDirectory()
        let file = directory("values.yaml")
        try writeFile(file, "clusterDistributions: {enabled: true}\nrbac: {namespaces: [a]}")
        let refused = try await KubeTools.helm(["template", "vault", Self.chart, file])
        #expect(
            refused.status != 0 && refused.errors.contains("expected false with rbac.namespaces"), "\(refused.errors)")
    }

    @Test("lets the agent read the versions of the vault only on request, like the example")
    func vaultVersions() async throws {
        #expect(try await !render().names.contains { $0.contains("vault-versions") })
        let rendered = try await render("vaultVersions: {enabled: true}")
        let role = try World.manifests("sidecar-example/vault-versions/role.yaml")
        #expect(try rendered.only("Role")["rules"] == role[0]["rules"])
        let binding = try rendered.only("RoleBinding")
        #expect(binding["roleRef"]?["name"] == (try rendered.only("Role")["metadata"]?["name"]))
        #expect(binding["subjects"]?.array?.first?["namespace"] == "vault")
    }

    @Test("guards the agent's rights where the API server can, like the example")
    func guardPolicy() async throws {
        let kind = "ValidatingAdmissionPolicy"
        #expect(try await !render().names.contains { $0.hasPrefix(kind) })
        #expect(try await !render("guard: {enabled: false}").names.contains { $0.hasPrefix(kind) })
        let rendered = try await render("guard: {enabled: true}\nserviceAccount: {name: me}")
        let example = try World.manifests("sidecar-example/guard/policy.yaml")
        let policy = try rendered.only(kind)
        #expect(policy["spec"]?["validations"] == example[0]["spec"]?["validations"])
        #expect(policy["spec"]?["matchConstraints"] == example[0]["spec"]?["matchConstraints"])
        let condition = try #require(policy["spec"]?["matchConditions"]?.array?.first?["expression"]?.string)
        #expect(condition == "request.userInfo.username == 'system:serviceaccount:vault:me'")
        #expect(try rendered.only("\(kind)Binding")["spec"]?["policyName"] == policy["metadata"]?["name"])
        let marked = try await render("guard: {enabled: true}\nenv: [{name: MANAGED_BY, value: us}]")
        let text = try #require(try marked.only(kind)["spec"]?["validations"]?.array?.first?["expression"]?.string)
        #expect(text.hasSuffix("== 'us')"))
        let directory = try TemporaryDirectory()
        let file = directory("values.yaml")
        try writeFile(
            file, "guard: {enabled: true}\nenv: [{name: MANAGED_BY, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]"
        )
        let refused = try await KubeTools.helm(["template", "vault", Self.chart, file])
        #expect(
            refused.status != 0 && refused.errors.contains("MANAGED_BY in env has no plain value"), "\(refused.errors)")
    }

    @Test("creates a valid policy, and mounts the whole volume")
    func policy() async throws {
        let policy = try World.manifest("sidecar-example/policy/policy.yaml")["spec"]
        let text = String(decoding: try #require(policy).encoded(), as: UTF8.self)
        let rendered = try await render("policy: \(text)")
        let map = try rendered.only("ConfigMap")
        let file = try #require(map["data"]?["policy.yaml"]?.string)
        #expect(PolicyManifest.parse(Array(file.utf8), file: "policy.yaml").problems.map(\.description) == [])
        #expect(try RenderedManifests(file).objects.first?["spec"] == policy)
        let mount = try #require(try agent(rendered)["volumeMounts"]?.named("secrets-distributor-policy"))
        #expect(try environment(rendered)["POLICY_PATH"] == mount["mountPath"]?.string.map { $0 + "/policy.yaml" })
        #expect(mount["subPath"] == nil)
        let volume = try rendered.pod()["volumes"]?.named("secrets-distributor-policy")
        #expect(volume?["configMap"]?["name"] == map["metadata"]?["name"])
    }

    @Test("secures the pod as the example does")
    func security() async throws {
        let pod = try World.manifest("sidecar-example/deployment.yaml")["spec"]?["template"]?["spec"]
        let rendered = try await render()
        let (own, theirs) = (try agent(rendered), pod?["initContainers"]?.named("secrets-distributor"))
        #expect(try rendered.pod()["securityContext"] == pod?["securityContext"])
        #expect(try rendered.pod()["automountServiceAccountToken"] == false)
        #expect(own["securityContext"] == theirs?["securityContext"])
        #expect(own["resources"] == theirs?["resources"])
        // Otherwise `kubectl describe` shows only the exit code of an agent that has ended.
        #expect(own["terminationMessagePolicy"] == "FallbackToLogsOnError")
    }

    @Test("rejects an unknown value, and names it")
    func refuses() async throws {
        let directory = try TemporaryDirectory()
        for (values, name) in [
            ("replica: 2", "replica"), ("image: {repo: x}", "repo"), ("logLevel: loud", "logLevel"),
            ("rbac: {namespace: [a]}", "namespace"), ("serviceAccount: {create: false}", "serviceAccount.name"),
            ("fullnameOverride: A_b", "fullnameOverride"), ("enabled: maybe", "enabled"),
            ("podDisruptionBudget: {enabled: true, minAvailable: half}", "minAvailable"),
            ("monitoring: {podMonitor: {apiGroups: [x]}}", "apiGroups"),
            ("monitoring: {prometheusRule: {runbooks: docs/runbooks.md}}", "runbooks"),
            // The agent does not become ready with these.
            ("policy: {mode: Enforce}", "rules"), ("policy: {rules: []}", "rules"),
            ("policy: {rules: [{from: [a], namespaces: [web]}]}", "from"),
            ("policy: {rules: [{files: [a], namespace: [web]}]}", "namespace"),
            ("policy: {rules: [{files: a, namespaces: [web]}]}", "files"),
            ("env: [{name: A, value: true}]", "value"),
        ] {
            try writeFile(directory("values.yaml"), values)
            let refused = try await KubeTools.helm(["template", "vault", Self.chart, directory("values.yaml")])
            #expect(refused.status != 0 && refused.errors.contains(name), "\(values): \(refused.errors)")
        }
    }

    /// An upgrade without the definition would remove it, and with it every distribution.
    @Test("refuses to render without its resource definition")
    func needsDefinition() async throws {
        let directory = try TemporaryDirectory()
        let chart = try await copy(in: directory)
        removeTree(chart + "/files/crd.yaml")
        let refused = try await KubeTools.helm(["template", "vault", chart])
        #expect(refused.status != 0 && refused.errors.contains("files/crd.yaml is missing"), "\(refused.errors)")
    }

    // MARK: In a cluster

    @Test("installs and upgrades; an uninstall keeps the definition, the distributions and their Secrets")
    func lifecycle() async throws {
        try await onServer { world, kubectl, place in
            let directory = try TemporaryDirectory()
            let chart = try await copy(in: directory, for: world.server)
            // In the order of the install page: the definition, the distributions, and then the agent.
            let (none, more) = (directory("none.yaml"), directory("more.yaml"))
            try writeFile(none, "replicas: 0")
            try writeFile(
                more,
                """
                replicas: 2
                podDisruptionBudget: {enabled: true}
                networkPolicy: {enabled: true, from: [{podSelector: {}}]}
                monitoring: {dashboard: {enabled: true}}
                topologySpreadConstraints:
                  - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway}
                """)
            try await helm(["install", "vault", chart] + place + [Self.values, none])
            #expect(try await kubectl("get", "deployment,serviceaccount,clusterrole", "vault").status == 0)
            let replicas = try await kubectl("get", "deployment", "vault", "--output", "jsonpath={.spec.replicas}")
            #expect(replicas.output == "0")
            try await distribute(in: world)

            try await helm(["upgrade", "vault", chart] + place + [Self.values, more])
            let added = "role/vault-lease poddisruptionbudget/vault networkpolicy/vault configmap/vault-dashboard"
            for object in added.split(separator: " ") {
                #expect(try await kubectl("get", String(object)).status == 0, "\(object)")
            }

            try await helm(["uninstall", "vault"] + place)
            #expect(try await kubectl("get", "deployment", "vault").status != 0)
            #expect(try await kubectl("get", "crd", "secretsdistributions.xlscsde.nhs.uk").status == 0)
            try await world.expect("app", .synced)
            try await world.expect("app", ["a": "1"])
        }
    }

    /// That chart has the definition among its templates, and selects its pods by its own labels.
    @Test("takes over a release of the Python operator's chart, as the install page describes")
    func takesOver() async throws {
        try await onServer { world, kubectl, place in
            let directory = try TemporaryDirectory()
            try makeDirectory(directory("former/templates"))
            try writeFile(directory("former/Chart.yaml"), "{apiVersion: v2, name: former, version: 0.1.0}")
            let definition = try World.text("Tests/Fixtures/python-operator/crd.yaml")
            try writeFile(directory("former/templates/crd.yaml"), definition)
            let deployment = try RenderedManifests(
                try await KubeTools.helm(["template", "former", Self.chart, Self.values])
            ).only("Deployment").changing("metadata") { $0.removing("namespace") }
            let selected = String(decoding: deployment.encoded(), as: UTF8.self)
                .replacing(#""app.kubernetes.io/name""#, with: #""app""#)
            try writeFile(directory("former/templates/deployment.yaml"), selected)
            try await helm(["install", "former", directory("former")] + place)
            try await distribute(in: world)

            let chart = try await copy(in: directory, for: world.server)
            ran(try await kubectl("delete", "deployment", "former"))
            try await helm(["upgrade", "former", chart] + place + [Self.values])
            #expect(try await kubectl("get", "deployment,clusterrole", "former").status == 0)
            #expect(try await world.distribution("app").spec.name == "app")
            try await helm(["uninstall", "former"] + place)
            #expect(try await world.distribution("app").spec.name == "app")
            try await world.expect("app", ["a": "1"])
        }
    }

    /// Helm validates against the server, which may be older than the definition's validation rules. The server that
    /// `apiserver-assets` builds says that its version is 0.0.0, which no chart admits.
    private func copy(in directory: TemporaryDirectory, for server: APIServer? = nil) async throws -> String {
        let chart = directory("chart")
        try FileManager.default.copyItem(atPath: Self.chart, toPath: chart)
        if let server, try await !server.appliesRules() {
            let definition = try World.manifest("sidecar-example/crd.yaml").withoutRules
            try writeFile(chart + "/files/crd.yaml", definition.encoded())
            let metadata = try World.manifest("sidecar-example/helm/Chart.yaml").removing("kubeVersion")
            try writeFile(chart + "/Chart.yaml", metadata.encoded())
        }
        return chart
    }

    /// Uses its own server, because the definition is cluster-wide. Passes Helm's arguments for it and the world's
    /// namespace.
    private func onServer(_ body: (World, Kubectl, _ place: [String]) async throws -> Void) async throws {
        let server = try await APIServer.start(.withWorkloads)
        do {
            let world = try await World(on: server)
            let kubectl = try await Kubectl(on: server, namespace: world.namespace)
            try await body(world, kubectl, [world.namespace, try server.kubeconfig(namespace: world.namespace)])
        } catch {
            await server.end()
            throw error
        }
        await server.end()
    }

    private func helm(_ arguments: [String]) async throws { ran(try await KubeTools.helm(arguments)) }

    private func ran(_ run: ToolRun) { #expect(run.status == 0, "\(run.errors)") }

    /// Creates a distribution that deletes its Secret, and waits for the Secret.
    private func distribute(in world: World) async throws {
        try AtomicVolume(world.mount).write(["a": "1"])
        #expect(
            await eventually {
                (try? await world.create(world.distribution("app", [("a", "a")], policy: .delete))) != nil
            })
        try await world.withAgent { try await world.expect("app", ["a": "1"]) }
    }
}
