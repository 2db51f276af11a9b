import FoundationEssentials
import JSON
import TestSupport
import TestTraits
import Testing

/// Tests the examples of `docs/how-to/secret-in-the-same-pod.md`: a distribution, and two patches for a Deployment
/// whose application reads its Secret.
@Suite("The page about a Secret in the same pod", .endsIfHung)
struct SamePodPageTests {
    private static func block(_ index: Int) throws -> String {
        let blocks = try Markdown("docs/how-to/secret-in-the-same-pod.md").blocks.filter { $0.language == "yaml" }
        try #require(blocks.count == 3)
        return blocks[index].text
    }

    /// Secrets that the kubelet requires for volumes of the pod: without them it starts none of the containers.
    private static func needed(by pod: JSONValue) -> Set<String> {
        var names: Set<String> = []
        for volume in pod["volumes"]?.array ?? [] {
            let sources = (volume["projected"]?["sources"]?.array ?? []).compactMap { $0["secret"] }
            for secret in sources + [volume["secret"]].compactMap(\.self) where secret["optional"] != true {
                if let name = (secret["secretName"] ?? secret["name"])?.string { names.insert(name) }
            }
        }
        return names
    }

    private func render(patch: String) async throws -> RenderedManifests {
        let directory = try TemporaryDirectory()
        try FileManager.default.copyItem(atPath: World.path("sidecar-example"), toPath: directory("example"))
        let folder = directory("example/existing-deployment")
        let kustomization = try World.text("sidecar-example/existing-deployment/kustomization.yaml")
        try writeFile(
            folder + "/kustomization.yaml",
            String(decoding: kustomization, as: UTF8.self) + "patches: [{path: patch.yaml}]\n")
        try writeFile(folder + "/patch.yaml", patch)
        return try RenderedManifests(try await ToolRun.run([try await KubeTools.path("kustomize"), "build", folder]))
    }

    @Test("shows patches that the API server accepts, and that do not keep the pod from starting", arguments: [1, 2])
    func patches(index: Int) async throws {
        let distribution = try #require(try RenderedManifests(try Self.block(0)).objects.first)
        let target = try #require(distribution["spec"]?["name"]?.string)
        let key = try #require(distribution["spec"]?["secrets"]?.array?.first?["to"])
        let patch = try Self.block(index)
        let rendered = try await render(patch: patch)
        let pod = try rendered.pod()
        #expect(distribution["metadata"]?["namespace"] == "shop")
        #expect(!Self.needed(by: pod).contains(target))
        // The sidecar comes first, and the application starts when the sidecar has passed its startup probe.
        let sidecar = try #require(pod["initContainers"]?.array?.first)
        #expect(sidecar["name"] == "secrets-distributor" && sidecar["startupProbe"] != nil)

        let application = try #require(pod["containers"]?.named("shop"))
        if index == 1 {
            let reference = application["env"]?.array?.first?["valueFrom"]?["secretKeyRef"]
            #expect(reference == ["name": .string(target), "key": key])
        } else {
            let volume = try #require(pod["volumes"]?.array?.first { $0["secret"]?["secretName"]?.string == target })
            let mount = application["volumeMounts"]?.array?.first { $0["name"] == volume["name"] }
            // A missing Secret mounted by subPath would leave a folder in place of the file.
            #expect(mount != nil && mount?["subPath"] == nil)
            let required = try await render(patch: patch.replacing("optional: true", with: "optional: false"))
            #expect(Self.needed(by: try required.pod()) == [target])
        }

        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let kubectl = try await Kubectl(on: server, namespace: namespace)
        let applied = try await kubectl.apply(try await rendered.text(in: namespace, for: server))
        #expect(applied.status == 0, "\(applied.errors)")
    }

    @Test("agrees with the example: its pods start without a Secret", arguments: ["", "/existing-deployment"])
    func examples(folder: String) async throws {
        let program = try await KubeTools.path("kustomize")
        let rendered = try RenderedManifests(
            try await ToolRun.run([program, "build", World.path("sidecar-example\(folder)")]))
        #expect(Self.needed(by: try rendered.pod()).isEmpty)
    }
}
