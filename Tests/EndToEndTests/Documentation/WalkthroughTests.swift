import Glibc
import TestSupport
import TestTraits
import Testing

/// Uses its own server: the pages install the definition and use all namespaces.
@Suite("A page with a walkthrough", .endsIfHung)
struct WalkthroughTests {
    @Test(
        "works as described, on a real API server",
        arguments: [
            ("README.md", ["sidecar-example"]), ("docs/getting-started.md", ["sidecar-example"]),
            ("docs/how-to/plain-folder.md", []),
        ])
    func pages(path: String, files: [String]) async throws {
        let page = try Markdown(path)
        #expect(page.blocks.contains { $0.language == "sh" })
        let server = try await APIServer.start(.withWorkloads)
        let walk = try Walkthrough(
            page, files: files, kubectl: try await KubeTools.path("kubectl"), kubeconfig: try server.kubeconfig(),
            port: LoopbackPort.reserve())
        let ended = try await walk.run()
        await server.end()
        #expect(ended.status == 0, "\(ended.output)\n\(ended.errors)")
    }
}
