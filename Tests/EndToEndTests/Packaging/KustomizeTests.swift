import Agent
import Distribution
import FoundationEssentials
import JSON
import Kube
import Stores
import TestSupport
import TestTraits
import Testing

/// Tests the kustomizations of the example with the real kustomize.
@Suite("The kustomizations", .endsIfHung)
struct KustomizeTests {
    private func folder(_ path: String) -> String { World.path(path) }

    private func build(_ path: String) async throws -> RenderedManifests {
        try RenderedManifests(try await ToolRun.run([try await KubeTools.path("kustomize"), "build", path]))
    }

    /// A copy of the example that the test may change.
    private func copy() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        try FileManager.default.copyItem(atPath: folder("sidecar-example"), toPath: directory("sidecar-example"))
        return directory
    }

    @Test(
        "render alike with kustomize and with kubectl, including an old one",
        arguments: ["", "/distributions", "/application"])
    func render(_ path: String) async throws {
        let path = folder("sidecar-example\(path)")
        let rendered = try await build(path)
        #expect(!rendered.objects.isEmpty)
        for version in Kubectl.Version.allCases {
            let program = try await KubeTools.path(version.rawValue)
            let same = try RenderedManifests(try await ToolRun.run([program, "kustomize", path]))
            #expect(same.names == rendered.names)
            #expect(rendered.objects.allSatisfy { same.objects.contains($0) }, "\(version)")
        }
    }

    @Test("render with all their components")
    func components() async throws {
        let directory = try copy()
        let file = directory("sidecar-example/kustomization.yaml")
        let text = String(decoding: try World.text("sidecar-example/kustomization.yaml"), as: UTF8.self)
        let uncommented = text.replacing("# components:", with: "components:").replacing("#   - ", with: "  - ")
        try writeFile(file, uncommented)
        let rendered = try await build(directory("sidecar-example"))
        // No rights for the agent in the whole cluster, only roles for users.
        #expect(
            rendered.names.filter { $0.hasPrefix("Cluster") } == [
                "ClusterRole/secrets-distributor-edit", "ClusterRole/secrets-distributor-view",
            ])
        for name in [
            "ConfigMap/secrets-distributor/secrets-distributor-policy", "Role/dashboards/secrets-distributor",
            "Role/secrets-distributor/secrets-distributor-lease",
            "ValidatingAdmissionPolicy/secrets-distributor", "ValidatingAdmissionPolicyBinding/secrets-distributor",
        ] { #expect(rendered.names.contains(name), "\(rendered.names)") }
        #expect(try rendered.only("Deployment")["spec"]?["replicas"] == 2)
        let sidecar = try #require(try rendered.pod()["initContainers"]?.named("secrets-distributor"))
        let variables = Set(sidecar["env"]?.array?.compactMap { $0["name"]?.string } ?? [])
        #expect(
            variables == [
                "SECRETS_PATH", "MANAGED_BY", "WATCH_NAMESPACES", "LEADER_ELECTION", "LEASE_NAME", "POD_UID",
                "POLICY_PATH",
            ])
        // The Role allows the Lease that the sidecar uses, whatever its mark is.
        let role = try #require(rendered.objects.first { $0["metadata"]?["name"] == "secrets-distributor-lease" })
        #expect(role["rules"]?.array?.last?["resourceNames"] == [try #require(variable("LEASE_NAME", sidecar))])
    }

    @Test("render with the rights for cluster distributions")
    func clusterDistributions() async throws {
        let directory = try copy()
        let file = directory("sidecar-example/kustomization.yaml")
        let text = String(decoding: try World.text("sidecar-example/kustomization.yaml"), as: UTF8.self)
        try writeFile(file, text + "components:\n  - cluster-distributions\n")
        let rendered = try await build(directory("sidecar-example"))
        #expect(rendered.names.contains("ClusterRole/secrets-distributor-cluster"))
        let binding = try #require(
            rendered.objects.first { $0["metadata"]?["name"] == "secrets-distributor-cluster" && $0["roleRef"] != nil })
        let account = try rendered.only("ServiceAccount")["metadata"]
        #expect(binding["subjects"]?.array?.first?["name"] == account?["name"])
        #expect(binding["subjects"]?.array?.first?["namespace"] == account?["namespace"])
        // Its example is valid.
        let example = Manifests.parse(
            try World.text("sidecar-example/cluster-distributions/wildcard-tls.yaml"), file: "wildcard-tls.yaml")
        #expect(example.problems.isEmpty && example.distributions.count == 1)
    }

    @Test("render an application that reads files, with an init container and a sidecar of the same settings")
    func application() async throws {
        let rendered = try await build(folder("sidecar-example/application"))
        #expect(rendered.names.filter { !$0.hasPrefix("ConfigMap/shop/") } == ["Deployment/shop/shop"])
        let pod = try rendered.pod()
        let containers = pod["initContainers"]?.array ?? []
        #expect(containers.map { $0["name"]?.string } == ["secrets", "secrets-distributor"])
        let (first, sidecar) = (try #require(containers.first), try #require(containers.last))
        #expect(first["args"] == ["sync"])
        #expect(sidecar["args"] == nil && sidecar["restartPolicy"] == "Always")
        for key in ["env", "image", "securityContext", "volumeMounts"] { #expect(first[key] == sidecar[key]) }
        // A signal needs the same user and the pod's process namespace.
        #expect(pod["shareProcessNamespace"] == true)
        let application = try #require(pod["containers"]?.array?.first)
        for container in [application] + containers {
            #expect(container["securityContext"]?["runAsUser"] == nil)
            for mount in container["volumeMounts"]?.array ?? [] {
                #expect(pod["volumes"]?.named(mount["name"]?.string ?? "") != nil, "\(mount)")
            }
        }
        // The application gets the output, read-only, and not the vault.
        let mounts = try #require(application["volumeMounts"])
        #expect(mounts.named("output")?["readOnly"] == true)
        #expect(mounts.named("vault") == nil)
        #expect(pod["volumes"]?.named("output")?["emptyDir"]?["medium"] == "Memory")
        let text = try World.text("sidecar-example/application/distribution.yaml")
        let parsed = Manifests.parse(text, file: "distribution.yaml")
        #expect(parsed.problems.isEmpty && parsed.distributions.count == 1)

        // The program accepts these settings, with the paths of this test.
        let world = try OutputWorld("files")
        try writeFile(world.root("in/distribution.yaml"), text)
        let pair = try TLSPair.make()
        try world.source("ShopCertificate", pair.certificate + pair.key)
        var settings: [String: String] = [:]
        for variable in first["env"]?.array ?? [] {
            guard let name = variable["name"]?.string, !name.hasSuffix("_PATH") else { continue }
            settings[name] = variable["value"]?.string
        }
        #expect(settings["NOTIFY_PROCESS"] == "nginx")
        let ended = try await world.run("sync", settings)
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(world.file("tls/tls.crt") == pair.certificate)
        #expect(world.file("tls/tls.key") == pair.key)
    }

    // MARK: The component for an existing Deployment

    @Test("add the sidecar to an existing Deployment, and change nothing else in it")
    func addsSidecar() async throws {
        let before = try World.manifest("sidecar-example/existing-deployment/deployment.yaml")
        let rendered = try await build(folder("sidecar-example/existing-deployment"))
        #expect(
            rendered.names == [
                "Deployment/shop/shop", "Role/shop/secrets-distributor-shop",
                "RoleBinding/shop/secrets-distributor-shop",
            ])
        let pod = try rendered.pod()
        let containers = pod["initContainers"]?.array ?? []
        // The sidecar is first: the containers after it start when its Secrets are in sync.
        #expect(containers.map { $0["name"]?.string } == ["secrets-distributor", "migrate"])
        let sidecar = try #require(containers.first)
        #expect(sidecar["restartPolicy"] == "Always")
        #expect(sidecar["image"] == "registry.example/secrets-distributor:0.1.0")
        for mount in sidecar["volumeMounts"]?.array ?? [] {
            #expect(pod["volumes"]?.named(mount["name"]?.string ?? "") != nil, "\(mount)")
        }
        let after = try rendered.only("Deployment").changing("spec", "template", "spec") { pod in
            pod.changing("initContainers") { .array($0.array?.filter { $0["name"] != "secrets-distributor" } ?? []) }
                .changing("volumes") {
                    .array($0.array?.filter { $0["name"] != "secrets-distributor-api-access" } ?? [])
                }
        }
        #expect(after == before)

        let subjects = try rendered.only("RoleBinding")["subjects"]
        #expect(subjects == [["kind": "ServiceAccount", "name": "shop", "namespace": "shop"]])
        let lease = try World.manifests("sidecar-example/leader-election/role.yaml").first?["rules"]?.array ?? []
        let rules = try World.manifest("sidecar-example/cluster-role.yaml")["rules"]?.array ?? []
        let granted = try rendered.only("Role")["rules"]?.array ?? []
        #expect(granted.map { $0.removing("resourceNames") } == (rules + lease).map { $0.removing("resourceNames") })
        #expect(granted.last?["resourceNames"] == [try #require(variable("LEASE_NAME", sidecar))])
        #expect(try rendered.only("RoleBinding")["roleRef"]?["name"] == "secrets-distributor-shop")
    }

    /// The example and a copy of it, both with the component for their own distributions, in one kustomization.
    private func twoDeployments() async throws -> RenderedManifests {
        let directory = try copy()
        let example = directory("sidecar-example")
        let text = { (file: String) in
            String(decoding: try World.text("sidecar-example/existing-deployment/\(file).yaml"), as: UTF8.self)
        }
        let kustomization = try text("kustomization")
            .replacing("[../component]", with: "[../component, ../component/own-distributions]")
        let deployment = try text("deployment")
        for (folder, name) in [("one", "shop"), ("two", "my-billing")] {
            try makeDirectory(example + "/" + folder)
            try writeFile(example + "/\(folder)/kustomization.yaml", kustomization)
            try writeFile(
                example + "/\(folder)/deployment.yaml",
                deployment.replacing("name: shop", with: "name: \(name)")
                    .replacing("serviceAccountName: shop", with: "serviceAccountName: \(name)"))
        }
        try makeDirectory(example + "/both")
        try writeFile(example + "/both/kustomization.yaml", "resources: [../one, ../two]\n")
        return try await build(example + "/both")
    }

    @Test("add sidecars to two Deployments of a namespace, which share neither roles nor a Lease nor distributions")
    func twoSidecars() async throws {
        let rendered = try await twoDeployments()
        let names = ["shop", "my-billing"]
        #expect(
            Set(rendered.names)
                == Set(
                    names.flatMap { name in
                        let role = "shop/secrets-distributor-\(name)"
                        return ["Deployment/shop/\(name)", "Role/\(role)", "RoleBinding/\(role)"]
                    }))
        let world = try await World()
        let second = try await World(sharing: world)
        let volumes = [try AtomicVolume(world.mount), try AtomicVolume(second.directory("mount-2"))]
        let users = ["alice", "bob"]
        var settings: [Settings] = []
        for (index, name) in names.enumerated() {
            try volumes[index].write(["file-\(index)": "\(index)"])
            // Only this Deployment's volume has the file.
            try await world.create(
                world.distribution(
                    name, [("file-\(index)", "key")], annotations: [WellKnownKeys.managedBy: name]))
            let objects = rendered.objects.filter { $0["metadata"]?["name"]?.string?.hasSuffix(name) == true }
            try await grant(objects, to: users[index], in: world)
            let pod = objects.first { $0["kind"] == "Deployment" }?["spec"]?["template"]?["spec"]
            let sidecar = try #require(pod?["initContainers"]?.named("secrets-distributor"))
            #expect(variable("LEADER_ELECTION", sidecar) == "true")
            var own = world.settings
            own.secretsPath = volumes[index].path
            own.managedBy = try #require(variable("MANAGED_BY", sidecar)?.string)
            own.onlyAssigned = variable("ONLY_ASSIGNED", sidecar) == "true"
            own.leaderElection = true
            own.lease.name = try #require(variable("LEASE_NAME", sidecar)?.string)
            own.lease.policy.retryPeriod = .milliseconds(200)
            settings.append(own)
        }
        let (one, two) = (settings[0], settings[1])
        try await world.withAgent(as: .named(users[0])) {
            $0 = one
        } _: {
            try await second.withAgent(as: .named(users[1])) {
                $0 = two
            } _: {
                for (index, name) in names.enumerated() {
                    try await world.expect(name, ["key": "\(index)"])
                    try await world.expect(name, .synced)
                }
                // Each sidecar leads, and follows its own volume.
                for (index, name) in names.enumerated() {
                    try volumes[index].write(["file-\(index)": "rotated"])
                    try await world.expect(name, ["key": "rotated"])
                }
            }
        }
    }

    /// Creates the Role and its binding in the world's namespace, for a user instead of the service account.
    private func grant(_ objects: [JSONValue], to user: String, in world: World) async throws {
        let group = "rbac.authorization.k8s.io"
        let here: JSONValue = ["metadata": ["namespace": .string(world.namespace)]]
        for (kind, plural) in [("Role", "roles"), ("RoleBinding", "rolebindings")] {
            var object = try #require(objects.first { $0["kind"]?.string == kind }).merging(here)
            if kind == "RoleBinding" {
                object = object.merging([
                    "subjects": [["kind": "User", "name": .string(user), "apiGroup": .string(group)]]
                ])
            }
            try await world.client.create(
                Resource(group: group, plural: plural), namespace: world.namespace, object)
        }
    }

    /// The plain value of a variable.
    private func variable(_ name: String, _ container: JSONValue) -> JSONValue? {
        container["env"]?.named(name)?["value"]
    }

    @Test("add a sidecar like the one of the example, except for what depends on the Deployment")
    func sameSidecar() async throws {
        let sidecar = { (rendered: RenderedManifests) in
            try #require(try rendered.pod()["initContainers"]?.named("secrets-distributor"))
        }
        let added = try sidecar(try await build(folder("sidecar-example/existing-deployment")))
        let own = try sidecar(try await build(folder("sidecar-example")))
        for key in ["restartPolicy", "imagePullPolicy", "terminationMessagePolicy", "resources"] {
            #expect(added[key] == own[key], "\(key)")
        }
        // Otherwise `kubectl describe` shows only the exit code of an agent that has ended.
        #expect(own["terminationMessagePolicy"] == "FallbackToLogsOnError")
        for (key, value) in own["securityContext"]?.object ?? [:] { #expect(added["securityContext"]?[key] == value) }
    }

    @Test("add a sidecar that an API server accepts, on an older cluster as an ordinary container")
    func isTaken() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let rendered = try await build(folder("sidecar-example/existing-deployment"))
        let text = try await rendered.text(in: namespace, for: server)
        let kubectl = try await Kubectl(on: server, namespace: namespace)
        let applied = try await kubectl.apply(text)
        #expect(applied.status == 0, "\(applied.errors)")
        // If the volume of the Deployment has another name, the server rejects it and names the missing one.
        let other = text.replacing(
            #""secretProviderClass":"shop"}},"name":"secrets""#,
            with: #""secretProviderClass":"shop"}},"name":"vault""#)
        #expect(other != text)
        let refused = try await kubectl.apply(other)
        #expect(refused.status != 0)
        #expect(refused.errors.contains(#"Not found: "secrets""#), "\(refused.errors)")
    }

    @Test(
        "reject a Deployment without a service account or a namespace",
        arguments: ["      serviceAccountName: shop\n", "  namespace: shop\n"])
    func refuses(_ line: String) async throws {
        let directory = try copy()
        let text = String(
            decoding: try World.text("sidecar-example/existing-deployment/deployment.yaml"), as: UTF8.self)
        #expect(text.contains(line))
        try writeFile(
            directory("sidecar-example/existing-deployment/deployment.yaml"), text.replacing(line, with: ""))
        let program = try await KubeTools.path("kustomize")
        let refused = try await ToolRun.run([program, "build", directory("sidecar-example/existing-deployment")])
        #expect(refused.status != 0)
        let field = line.split(separator: ":")[0].split(separator: " ")[0]
        #expect(refused.errors.contains("\(field)` is missing"), "\(refused.errors)")
    }
}
