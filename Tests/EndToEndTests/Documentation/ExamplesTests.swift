import FoundationEssentials
import JSON
import ProviderClasses
import Stores
import TestSupport
import Testing
import YAML

/// Checks the examples and links on every page of the documentation.
@Suite("The documentation")
struct ExamplesTests {
    /// All Markdown files for users.
    static let pages: [String] = {
        var pages = ["README.md", "SECURITY.md", "CONTRIBUTING.md"]
        for folder in ["docs", "docs/how-to", "docs/adr", "sidecar-example"] {
            pages += names(in: World.path(folder)).filter { $0.hasSuffix(".md") }.map { "\(folder)/\($0)" }
        }
        return pages.sorted()
    }()

    @Test(
        "has only examples of distributions, policies and provider classes that the program accepts", arguments: pages)
    func manifests(path: String) throws {
        for block in try Markdown(path).blocks where block.language == "yaml" {
            let place = "\(path):\(block.line)"
            let documents = try YAMLParser.documents(in: Array(block.text.utf8)).map { try JSONValue(json: $0.json()) }
            #expect(!documents.isEmpty, "\(place)")
            for kind in documents.compactMap({ $0["kind"]?.string }) {
                switch kind {
                case "SecretsDistribution":
                    let parsed = Manifests.parse(Array(block.text.utf8), file: place)
                    #expect(parsed.problems.isEmpty && !parsed.distributions.isEmpty, "\(parsed.problems)")
                case "SecretsAccessPolicy":
                    let parsed = PolicyManifest.parse(Array(block.text.utf8), file: place)
                    #expect(parsed.problems.isEmpty, "\(parsed.problems)")
                case "SecretProviderClass":
                    let parsed = ClassManifests.parse(Array(block.text.utf8), file: place)
                    #expect(parsed.findings.isEmpty && !parsed.classes.isEmpty, "\(parsed.findings)")
                default: break
                }
            }
        }
    }

    /// `WalkthroughTests` runs the blocks of its pages. The remaining ones need a cloud or the network, so no test can
    /// run them.
    @Test("has only commands that a shell can parse", arguments: pages)
    func commands(path: String) async throws {
        for block in try Markdown(path).blocks where ["sh", "console"].contains(block.language) {
            // A session shows input after "$ ", followed by its output.
            let typed = block.text.split(separator: "\n").filter { $0.hasPrefix("$ ") }.map { $0.dropFirst(2) + "\n" }
            let text = typed.isEmpty ? block.text : typed.joined()
            let ended = try await Binary(["-n"], input: text, program: "/bin/bash").ended()
            #expect(ended.status == 0, "\(path):\(block.line): \(ended.errors)")
        }
    }

    @Test("has no broken link", arguments: pages)
    func links(path: String) throws {
        let page = try Markdown(path)
        let folder = path.split(separator: "/").dropLast().joined(separator: "/")
        for link in page.links where !link.contains("://") {
            let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let target = parts[0].isEmpty ? path : (folder.isEmpty ? "" : folder + "/") + parts[0]
            let file = World.path(target)
            #expect(FileManager.default.fileExists(atPath: file), "\(path) leads to \(link)")
            if parts.count == 2, target.hasSuffix(".md") {
                #expect(try Markdown(target).anchors.contains(String(parts[1])), "\(path) leads to \(link)")
            }
        }
    }
}
