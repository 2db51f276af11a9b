import Admin
import FoundationEssentials
import JSON
import Kube
import Stores
import TestSupport
import TestTraits
import Testing

@Suite("The example")
struct ExampleTests {
    private static let group = "rbac.authorization.k8s.io"

    /// Binds exactly the rules of `cluster-role.yaml` in the namespaces of its own distributions.
    @Test("grants exactly the rights that its distributions need")
    func rolesAreEnough() async throws {
        let world = try await World()
        let roles = Resource(group: Self.group, plural: "clusterroles")
        let bindings = Resource(group: Self.group, plural: "clusterrolebindings")
        let name = JSONValue.string("example-\(world.namespace)")
        let role = try World.manifest("sidecar-example/cluster-role.yaml").merging(["metadata": ["name": name]])
        try await world.client.create(roles, role)
        try await world.client.create(
            bindings,
            [
                "apiVersion": .string("\(Self.group)/v1"), "kind": "ClusterRoleBinding", "metadata": ["name": name],
                "roleRef": ["apiGroup": .string(Self.group), "kind": "ClusterRole", "name": name],
                "subjects": [["kind": "User", "name": "dave", "apiGroup": .string(Self.group)]],
            ])
        let volume = try AtomicVolume(world.mount)
        let pair = try TLSPair.make()
        try volume.write([
            "WildcardCertificate": pair.certificate, "WildcardCertificateKey": pair.key,
            "JupyterCookieSecret": "cookie",
        ])
        let manifests =
            try World.manifests("sidecar-example/distributions/wildcard-tls.yaml")
            + World.manifests("sidecar-example/distributions/jupyter-cookie.yaml")
        #expect(manifests.count == 3)
        // Two namespaces of the test replace two namespaces of the example.
        let second = try await world.server.namespace()
        var places: [String: String] = [:]
        for manifest in manifests {
            let old = try #require(manifest["metadata"]?["namespace"]?.string)
            let place = places[old] ?? (places.isEmpty ? world.namespace : second)
            places[old] = place
            try await world.client.create(
                .secretsDistributions, namespace: place,
                manifest.merging(["metadata": ["namespace": .string(place)]]))
        }
        try await world.withAgent(as: .named("dave")) {
            $0.watchNamespaces = [world.namespace, second]
        } _: {
            for manifest in manifests {
                let place = try #require(places[manifest["metadata"]?["namespace"]?.string ?? ""])
                let secret = manifest["spec"]?["name"]?.string ?? ""
                #expect(
                    await eventually {
                        let found = try? await world.client.get(
                            LiveSecret.self, .secrets, namespace: place, name: secret)
                        return found?.data?.isEmpty == false
                    }, "\(secret) in \(place)")
            }
            // Cluster distributions are optional, and are told as such.
            let refused = world.logs.lines.filter { $0.contains("forbids") }
            #expect(refused.allSatisfy { $0.contains("clustersecretsdistributions") }, "\(refused)")
        }
    }

    @Test("has a definition that rejects typing errors and hostile values", .endsIfHung)
    func definitionRefuses() async throws { try await withServer { try await definitionRefuses(in: $0) } }

    /// Uses its own server: the shared one has the definition without its validation rules.
    private func definitionRefuses(in world: World) async throws {
        let definitions = Resource(
            group: "apiextensions.k8s.io", plural: "customresourcedefinitions")
        let kept = try await world.client.get(
            JSONValue.self, definitions, name: "secretsdistributions.xlscsde.nhs.uk")
        let appliesRules = try await world.server.appliesRules()
        #expect((kept != kept.withoutRules) == appliesRules)
        var bad: [JSONValue] = [
            ["name": "Upper", "secrets": [["from": "a", "to": "a"]]],
            ["name": "a", "secrets": [["from": "/etc/passwd", "to": "a"]]],
            ["name": "a", "secrets": [["from": "a", "to": "not a key"]]],
            ["name": "a", "secrets": [["from": "a", "to": "a"], ["from": "b", "to": "a"]]],
            ["name": "a", "secrets": [["from": "a", "to": "a"]], "deletionPolicy": "Sometimes"],
            ["name": "a", "secrets": [["from": "a", "to": "a"]], "validation": "Some"],
            ["secrets": [["from": "a", "to": "a"]]],
        ]
        if appliesRules {
            bad += [
                ["name": "a", "secrets": [["from": "a", "to": "a"]], "type": "kubernetes.io/service-account-token"],
                ["name": "a", "secrets": [["from": "a", "to": "a"]], "type": "bootstrap.kubernetes.io/token"],
                ["name": "a", "secrets": [["from": "a/../../b", "to": "a"]]],
            ]
        }
        for spec in bad {
            let error = await #expect(throws: KubeError.self) {
                try await world.create(world.distribution("bad", [], extra: [:]).replacing("spec", spec))
            }
            if case .invalid = error?.kind {} else { Issue.record("\(spec): \(String(describing: error))") }
        }
    }

    @Test("has a valid policy that permits its distributions")
    func policy() throws {
        let text = try World.text("sidecar-example/policy/policy.yaml")
        let parsed = PolicyManifest.parse(text, file: "policy.yaml")
        #expect(parsed.problems.map(\.description) == [])
        for name in ["wildcard-tls", "jupyter-cookie"] {
            let manifest = try World.text("sidecar-example/distributions/\(name).yaml")
            #expect(
                Manifests.parse(manifest, file: name, policy: parsed.policy).problems.map(\.description) == [])
        }
        #expect(try World.manifest("sidecar-example/policy/kustomization.yaml")["configMapGenerator"] != nil)
    }

    @Test("has probes that the agent answers, as in the documentation")
    func probes() throws {
        let deployment = try World.manifest("sidecar-example/deployment.yaml")
        let sidecar = try #require(
            deployment["spec"]?["template"]?["spec"]?["initContainers"]?.array?.first)
        #expect(sidecar["ports"] == [["name": "admin", "containerPort": .int(Int(ListenAddress.standard.port))]])
        for (probe, route) in [
            ("startupProbe", Route.startupz(isVerbose: false)), ("livenessProbe", .healthz(isVerbose: false)),
            ("readinessProbe", .readyz(isVerbose: false)),
        ] {
            let target = try #require(sidecar[probe]?["httpGet"])
            #expect(target["port"] == "admin")
            #expect(Route(target: target["path"]?.string ?? "") == route)
        }
        let lines = { (file: String) throws in
            String(decoding: try World.text(file), as: UTF8.self).split(separator: "\n").map(String.init)
        }
        let shown = try lines("docs/admin-endpoint.md").drop { $0 != "```yaml" }.dropFirst().prefix { $0 != "```" }
        #expect(shown.count > 10)
        #expect(try lines("sidecar-example/deployment.yaml").contains(shown.map { "          \($0)" }))
    }

    @Test("is complete: every file that its kustomizations name exists")
    func kustomizations() throws {
        for folder in [
            "", "/distributions", "/leader-election", "/monitoring", "/namespaced", "/cluster-distributions",
            "/user-roles", "/guard",
        ].map({ "sidecar-example" + $0 }) {
            let kustomization = try World.manifest("\(folder)/kustomization.yaml")
            let files = kustomization["resources"]?.array?.compactMap(\.string) ?? []
            #expect(!files.isEmpty)
            for file in files { #expect(try !World.manifests("\(folder)/\(file)").isEmpty) }
        }
    }
}

extension JSONValue {
    fileprivate func replacing(_ key: String, _ value: JSONValue) -> JSONValue {
        guard case .object(var members) = self else { return self }
        members[key] = value
        return .object(members)
    }
}
