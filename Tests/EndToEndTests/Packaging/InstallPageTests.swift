import FoundationEssentials
import JSON
import TestSupport
import TestTraits
import Testing
import YAML

/// Tests the examples of `docs/install.md`.
@Suite("The install page", .endsIfHung)
struct InstallPageTests {
    /// The page's YAML blocks, without their indentation.
    private func blocks() throws -> [String] {
        let page = String(decoding: try World.text("docs/install.md"), as: UTF8.self)
        return page.matches(of: /(?m)^( *)```yaml\n((?:.*\n)*?) *```$/).map { match in
            match.2.split(separator: "\n").map { $0.dropFirst(match.1.count) + "\n" }.joined()
        }
    }

    @Test("shows the kustomization of the example, and a working patch for another volume")
    func component() async throws {
        let blocks = try blocks()
        try #require(blocks.count == 4)
        #expect(try Array(blocks[0].utf8) == World.text("sidecar-example/existing-deployment/kustomization.yaml"))

        let directory = try TemporaryDirectory()
        let example = World.path("sidecar-example")
        try FileManager.default.copyItem(atPath: example, toPath: directory("example"))
        let folder = directory("example/existing-deployment")
        try writeFile(folder + "/kustomization.yaml", blocks[0] + blocks[1])
        let program = try await KubeTools.path("kustomize")
        let rendered = try RenderedManifests(try await ToolRun.run([program, "build", folder]))
        let sidecar = try #require(try rendered.pod()["initContainers"]?.named("secrets-distributor"))
        let mounts = sidecar["volumeMounts"]?.array ?? []
        #expect(
            mounts.contains { $0["name"] == "vault" && $0["mountPath"] == "/mnt/secrets" && $0["readOnly"] == true })
        #expect(mounts.count == 2)
    }

    @Test("shows the kustomization of one of several Deployments")
    func ownDistributions() async throws {
        let blocks = try blocks()
        try #require(blocks.count == 4)
        let directory = try TemporaryDirectory()
        try FileManager.default.copyItem(atPath: World.path("sidecar-example"), toPath: directory("example"))
        let folder = directory("example/existing-deployment")
        try writeFile(folder + "/kustomization.yaml", blocks[2])
        let program = try await KubeTools.path("kustomize")
        let rendered = try RenderedManifests(try await ToolRun.run([program, "build", folder]))
        let sidecar = try #require(try rendered.pod()["initContainers"]?.named("secrets-distributor"))
        #expect(sidecar["env"]?.named("MANAGED_BY")?["value"] == "shop")
        #expect(sidecar["env"]?.named("ONLY_ASSIGNED")?["value"] == "true")
    }

    @Test("shows values that the chart accepts")
    func values() async throws {
        let blocks = try blocks()
        try #require(blocks.count == 4)
        let file = try ScratchFolder().write("values.yaml", blocks[3])
        let chart = World.path("sidecar-example/helm")
        let rendered = try RenderedManifests(try await KubeTools.helm(["template", "vault", chart, file]))
        let agent = try #require(try rendered.pod()["containers"]?.named("secrets-distributor"))
        #expect(agent["volumeMounts"]?.named("vault")?["mountPath"] == "/mnt/secrets")
        #expect(try rendered.pod()["volumes"]?.named("vault")?["csi"] != nil)
    }

    @Test("and the pages about AKS and Flux show values for the identity that the pages about vaults describe")
    func valuesOfOtherPages() async throws {
        let chart = World.path("sidecar-example/helm")
        for (page, values) in [
            ("docs/how-to/aks.md", try valuesBlock("docs/how-to/aks.md")),
            ("docs/how-to/flux-and-argo-cd.md", try releaseValues("docs/how-to/flux-and-argo-cd.md")),
        ] {
            let file = try ScratchFolder().write("values.yaml", values)
            let rendered = try RenderedManifests(
                try await KubeTools.helm(["template", "secrets-distributor", chart, file]))
            let pod = try rendered.pod()
            #expect(pod["serviceAccountName"] == "secrets-distributor", "\(page)")
            let attributes = pod["volumes"]?.named("vault")?["csi"]?["volumeAttributes"]
            #expect(attributes?["secretProviderClass"] == "secrets-distributor", "\(page)")
        }
        let aks = String(decoding: try World.text("docs/how-to/aks.md"), as: UTF8.self)
        #expect(aks.contains("system:serviceaccount:secrets-distributor:secrets-distributor"))
    }

    /// The block of a page that is a values file.
    private func valuesBlock(_ page: String) throws -> String {
        let blocks = try Markdown(page).blocks.filter { $0.language == "yaml" }
        return try #require(blocks.first { $0.text.hasPrefix("image:") }).text
    }

    /// The values in a page's HelmRelease, as JSON, which is YAML too.
    private func releaseValues(_ page: String) throws -> String {
        let block = try #require(try Markdown(page).blocks.first { $0.text.contains("kind: HelmRelease") })
        let release = try JSONValue(json: try #require(YAMLParser.documents(in: Array(block.text.utf8)).first).json())
        return String(decoding: try #require(release["spec"]?["values"]).encoded(), as: UTF8.self)
    }
}
