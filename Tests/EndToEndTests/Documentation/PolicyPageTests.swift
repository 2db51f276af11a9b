import FoundationEssentials
import Glibc
import TestSupport
import Testing
import YAML

/// Runs the workflow of the page in a git repository with the page's files. Only Docker is replaced: the program itself
/// runs.
@Suite("The page docs/how-to/vault-policy-in-ci.md")
struct PolicyPageTests {
    private let page: Markdown
    private let root: TemporaryDirectory

    init() throws {
        page = try Markdown("docs/how-to/vault-policy-in-ci.md")
        root = try TemporaryDirectory()
        for folder in ["distributions", "vault", "bin"] { try makeDirectory(root(folder)) }
        // docker run --rm --volume X --workdir Y IMAGE ARGUMENT...
        try writeFile(root("bin/docker"), "#!/bin/sh\nshift 7\nexec \(Binary.path) \"$@\"\n")
        chmod(root("bin/docker"), 0o755)
    }

    private func block(_ kind: String) throws -> String {
        try #require(page.blocks.first { $0.language == "yaml" && $0.text.contains("kind: \(kind)\n") }).text
    }

    /// What the page shows as the output of `export`.
    private func policy() throws -> String {
        let session = try #require(page.blocks.first { $0.language == "console" }).text
        return session.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().joined(separator: "\n")
    }

    /// The commands of the workflow, as GitHub runs them.
    private func workflow() async throws -> Binary.Ended {
        let text = try #require(page.blocks.first { $0.text.contains("runs-on:") }).text
        let workflow = try #require(try YAMLParser.documents(in: Array(text.utf8)).first)
        let step = try #require(workflow["jobs"]?["vault"]?["steps"]?[1])
        try writeFile(root("bin/step"), "cd \(root.path)\n" + (try #require(step["run"]?.string)))
        let image = try #require(step["env"]?["IMAGE"]?.string)
        return try await Binary(
            ["-e", root("bin/step")], environment: ["PATH": "\(root("bin")):/usr/bin:/bin", "IMAGE": image],
            program: "/bin/bash"
        ).ended()
    }

    private func commit() async throws {
        let git = ["git", "-C", root.path, "-c", "user.name=t", "-c", "user.email=t@example.org"]
        for words in [
            ["init", "--quiet"], ["add", "distributions", "vault"], ["commit", "--quiet", "--message", "m"],
        ] {
            let ended = try await ToolRun.run(git + words)
            #expect(ended.status == 0, "\(ended.errors)")
        }
    }

    @Test("has a workflow that passes as long as manifests, class and policy agree, and fails when they do not")
    func workflowRuns() async throws {
        let distribution = try block("SecretsDistribution")
        let classes = try block("SecretProviderClass")
        try writeFile(root("distributions/web.yaml"), distribution)
        try writeFile(root("vault/class.yaml"), classes)
        try writeFile(root("vault/policy.hcl"), try policy())
        try await commit()
        let good = try await workflow()
        #expect(good.status == 0, "\(good.output)\(good.errors)")

        // Another path of the vault: the policy is out of date.
        try writeFile(root("vault/class.yaml"), classes.replacing("data/web\n        secretKey: key", with: "data/api"))
        let drift = try await workflow()
        #expect(drift.status == 1)
        #expect(drift.output.contains("+path \"secret/data/api\" {"), "\(drift.output)\(drift.errors)")

        // A typing error: no object gives the file.
        try writeFile(root("vault/class.yaml"), classes)
        try writeFile(root("distributions/web.yaml"), distribution.replacing("from: WebKey", with: "from: WebKez"))
        let missing = try await workflow()
        #expect(missing.status == 1)
        #expect(missing.output.contains("distributions/web.yaml:12: spec.secrets[1].from is \"WebKez\""))
    }
}
