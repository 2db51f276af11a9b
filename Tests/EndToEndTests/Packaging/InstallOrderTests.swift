import JSON
import Kube
import TestSupport
import TestTraits
import Testing

/// Runs the commands of the install pages on a real API server, with an agent that starts when its Deployment exists,
/// as a kubelet would start it.
@Suite("Installed as the pages describe", .endsIfHung)
struct InstallOrderTests {
    /// The commands of the block that installs the example, one per line.
    private func commands(_ page: String) throws -> [String] {
        let blocks = try Markdown(page).blocks.filter { $0.language == "sh" }
        let block = try #require(blocks.first { $0.text.contains("kubectl apply -k sidecar-example\n") })
        return block.text.split(separator: "\n").map(String.init)
    }

    @Test("the sidecar's first pass finds the example's distributions, and its application finds their Secrets")
    func order() async throws {
        let commands = try commands("sidecar-example/README.md")
        #expect(try self.commands("docs/install.md") == commands)
        let server = try await APIServer.start(.withWorkloads)
        do {
            try await server.install(definition: Self.providerClasses)
            let world = try await World(on: server)
            let pair = try TLSPair.make()
            try AtomicVolume(world.mount).write([
                "WildcardCertificate": pair.certificate, "WildcardCertificateKey": pair.key,
                "JupyterCookieSecret": "cookie",
            ])
            for command in commands {
                try await run(command, on: server)
                if try await isDeployed(on: server) { break }
            }
            #expect(try await isDeployed(on: server))
            try await world.withAgent {
                $0.watchNamespaces = nil
            } _: {
                #expect(await eventually { world.logs.contains("first pass done") })
                #expect(world.logs.contains("first pass done", "distributions=3"))
                // The startup probe passes at this point.
                for (namespace, name) in [
                    ("dashboards", "wildcard-tls-secret"), ("jupyterhub", "wildcard-tls-secret"),
                    ("jupyterhub", "jupyter-cookie"),
                ] {
                    let secret = try await world.client.get(
                        LiveSecret.self, .secrets, namespace: namespace, name: name)
                    #expect(secret.data?.isEmpty == false)
                }
            }
        } catch {
            await server.end()
            throw error
        }
        await server.end()
    }

    /// Adds what an older server needs, as the page of the example describes.
    private func run(_ command: String, on server: APIServer) async throws {
        let words = command.split(separator: " ").dropFirst().map {
            $0.hasPrefix("sidecar-example") ? World.path(String($0)) : String($0)
        }
        let kubectl = try await Kubectl(on: server, namespace: "default")
        let ended: ToolRun
        if words.starts(with: ["apply", "-k"]), try await !server.hasNativeSidecars() {
            let rendered = try RenderedManifests(try await kubectl.run(["kustomize", words[2]]))
            ended = try await kubectl.apply(try await rendered.text(for: server), "--validate=false")
        } else {
            let isOld = try await !server.appliesRules() && words.first == "apply"
            ended = try await kubectl.run(words + (isOld ? ["--validate=false"] : []))
        }
        #expect(ended.status == 0, "\(command): \(ended.errors)")
    }

    private func isDeployed(on server: APIServer) async throws -> Bool {
        let deployments = Resource(group: "apps", plural: "deployments")
        let all = try await server.client.list(MetadataOnly.self, deployments)
        return all.items.contains { $0.metadata.name == "secrets-distributor" }
    }

    /// A substitute for the CSI driver's definition.
    private static let providerClasses: JSONValue = [
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": ["name": "secretproviderclasses.secrets-store.csi.x-k8s.io"],
        "spec": [
            "group": "secrets-store.csi.x-k8s.io", "scope": "Namespaced",
            "names": [
                "kind": "SecretProviderClass", "plural": "secretproviderclasses", "singular": "secretproviderclass",
                "listKind": "SecretProviderClassList",
            ],
            "versions": [
                [
                    "name": "v1", "served": true, "storage": true,
                    "schema": [
                        "openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
                    ],
                ]
            ],
        ],
    ]
}
