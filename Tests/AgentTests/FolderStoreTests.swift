import Agent
import Distribution
import Glibc
import Kube
import TestSupport
import Testing

@Suite("Local mode's folders")
struct FolderStoreTests {
    private func settings() -> Settings {
        var settings = Settings()
        settings.managedBy = "me"
        return settings
    }

    private func manifest(_ name: String, namespace: String? = "web", from: String = "a") -> String {
        """
        apiVersion: xlscsde.nhs.uk/v1
        kind: SecretsDistribution
        metadata:
          name: \(name)
        \(namespace.map { "  namespace: \($0)" } ?? "")
        spec:
          name: \(name)
          secrets: [{from: \(from), to: a}]
        """
    }

    @Test("distributions are read from all documents of all manifests, also below subfolders")
    func readsAll() async throws {
        let folder = try TemporaryDirectory()
        try makeDirectory(folder("sub"))
        try writeFile(folder("a.yaml"), manifest("one") + "\n---\n" + manifest("two", namespace: nil))
        try writeFile(folder("sub/b.yml"), manifest("three"))
        try writeFile(folder("notes.txt"), manifest("four"))
        let store = FolderDistributionStore(settings: settings(), path: folder(""), logger: .none)
        let keys = try await store.list(.all).map(\.key.description).sorted()
        #expect(keys == ["default/two", "web/one", "web/three"])
        #expect(try await store.list(.namespace("web")).count == 2)
    }

    @Test("a file that cannot be parsed keeps what it last said, and is complained of once")
    func keepsTheLastGood() async throws {
        let folder = try TemporaryDirectory()
        let logs = LineRecorder()
        try writeFile(folder("a.yaml"), manifest("one"))
        let store = FolderDistributionStore(settings: settings(), path: folder(""), logger: logs.logger)
        #expect(try await store.list(.all).count == 1)
        try writeFile(folder("a.yaml"), "kind: [")
        #expect(try await store.list(.all).map(\.key.name) == ["one"])
        #expect(try await store.list(.all).count == 1)
        #expect(logs.count("what it last said stays in force") == 1)
        unlink(folder("a.yaml"))
        try writeFile(folder("b.yaml"), manifest("two"))
        #expect(try await store.list(.all).map(\.key.name) == ["two"])
    }

    @Test("two files that define the same distribution are complained of, and the first stays in force")
    func duplicates() async throws {
        let folder = try TemporaryDirectory()
        let logs = LineRecorder()
        try writeFile(folder("a.yaml"), manifest("one", from: "first"))
        try writeFile(folder("b.yaml"), manifest("one", from: "second"))
        let store = FolderDistributionStore(settings: settings(), path: folder(""), logger: logs.logger)
        let all = try await store.list(.all)
        #expect(all.map { $0.spec.mappings.map(\.from.text) } == [["first"]])
        #expect(logs.count("stands in another file already") == 1)
    }

    @Test(
        "a namespace or name cannot lead out of the output folder",
        arguments: ["../../x", "a/b", "a/\u{301}", ".\u{301}", ".", ""])
    func noEscape(namespace: String) async throws {
        let folder = try TemporaryDirectory()
        try writeFile(folder("a.yaml"), manifest("one", namespace: "\"\(namespace)\""))
        let store = FolderDistributionStore(settings: settings(), path: folder(""), logger: .none)
        let keys = try await store.list(.all).map(\.key)
        #expect(keys.allSatisfy { $0.namespace == "default" })
        let output = try FolderSecretStore(settings: settings(), root: folder("out"), logger: .none)
        guard !namespace.isEmpty else { return }
        await #expect(throws: StoreError.self) {
            _ = try await output.observe(ObjectKey(namespace: namespace, name: "x"))
        }
    }

    @Test("of a manifest with problems without number the first ones are told")
    func manyProblems() {
        let fields = (0..<1000).map { "  unknown\($0): 1\n" }.joined()
        let parsed = Manifests.parse(Array((manifest("one") + "\n" + fields).utf8), file: "a.yaml")
        #expect(parsed.problems.count == 101)
        #expect(parsed.problems.contains { $0.message == "has 1000 problems, of which the first 100 are told" })
    }

    @Test("what a killed write left behind is removed at the start")
    func leftovers() async throws {
        let folder = try TemporaryDirectory()
        try makeDirectory(folder("out/web"))
        try writeFile(folder("out/web/.secrets-distributor-tmp-1"), "half a secret")
        try writeFile(folder("out/web/theirs.yaml"), "kind: ConfigMap")
        _ = try FolderSecretStore(settings: settings(), root: folder("out"), logger: .none)
        #expect(names(in: folder("out/web")) == ["theirs.yaml"])
    }

    @Test("a file that is no Secret is nobody's: it is not overwritten")
    func foreignFile() async throws {
        let folder = try TemporaryDirectory()
        try makeDirectory(folder("out/web"))
        try writeFile(folder("out/web/one.yaml"), "- a\n- list\n")
        let output = try FolderSecretStore(settings: settings(), root: folder("out"), logger: .none)
        await #expect(throws: StoreError.self) {
            _ = try await output.observe(ObjectKey(namespace: "web", name: "one"))
        }
        #expect(try await output.list(.all).isEmpty)
    }
}
