import Distribution
import Glibc
import Kube
import MountWatch
import Observability
import Planning
import Stores
import TestSupport
import TestTraits
import Testing

@Suite("The folders of local mode", .tags(.concurrent))
struct FolderStoreTests {
    private func outputStore(
        _ path: String, _ timing: WatchLoop.Timing = .usual, _ logger: Logger = .none
    ) throws -> FolderSecretStore {
        try FolderSecretStore(path: path, managedBy: "me", timing: timing, isDryRun: false, logger: logger)
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

    @Test("distributions are read from all documents of all manifests, including subfolders")
    func readsAll() async throws {
        let folder = try TemporaryDirectory()
        try makeDirectory(folder("sub"))
        try writeFile(folder("a.yaml"), manifest("one") + "\n---\n" + manifest("two", namespace: nil))
        try writeFile(folder("sub/b.yml"), manifest("three"))
        try writeFile(folder("notes.txt"), manifest("four"))
        let store = FolderDistributionStore(path: folder(""), timing: .usual, logger: .none)
        let keys = try await store.list(.all).map(\.key.description).sorted()
        #expect(keys == ["default/two", "web/one", "web/three"])
        #expect(try await store.list(.namespace("web")).count == 2)
    }

    @Test("an invalid file keeps its last valid content, and is reported once")
    func keepsTheLastGood() async throws {
        let folder = try TemporaryDirectory()
        let logs = LineRecorder()
        try writeFile(folder("a.yaml"), manifest("one"))
        let store = FolderDistributionStore(path: folder(""), timing: .usual, logger: logs.logger)
        #expect(try await store.list(.all).count == 1)
        try writeFile(folder("a.yaml"), "kind: [")
        #expect(try await store.list(.all).map(\.key.name) == ["one"])
        #expect(try await store.list(.all).count == 1)
        #expect(logs.count("its last valid content stays in force") == 1)
        unlink(folder("a.yaml"))
        try writeFile(folder("b.yaml"), manifest("two"))
        #expect(try await store.list(.all).map(\.key.name) == ["two"])
    }

    @Test("two files that define the same distribution are reported, and the first stays in force")
    func duplicates() async throws {
        let folder = try TemporaryDirectory()
        let logs = LineRecorder()
        try writeFile(folder("a.yaml"), manifest("one", from: "first"))
        try writeFile(folder("b.yaml"), manifest("one", from: "second"))
        let store = FolderDistributionStore(path: folder(""), timing: .usual, logger: logs.logger)
        let all = try await store.list(.all)
        #expect(all.map { $0.spec.files.map(\.text) } == [["first"]])
        #expect(logs.count("is already defined in another file") == 1)
    }

    @Test("the first problems of a distribution that one file defines repeatedly are reported")
    func manyDuplicates() async throws {
        let folder = try TemporaryDirectory()
        let logs = LineRecorder()
        let text = [String](repeating: manifest("one"), count: 1000).joined(separator: "\n---\n")
        try writeFile(folder("a.yaml"), text)
        let store = FolderDistributionStore(path: folder(""), timing: .usual, logger: logs.logger)
        #expect(try await store.list(.all).count == 1)
        #expect(logs.count("manifest has a problem") == 21)
        #expect(logs.count("979 more problems") == 1)
        #expect(await store.faults().count == 21)
    }

    @Test(
        "a namespace or name cannot lead out of the output folder",
        arguments: ["../../x", "a/b", "a/\u{301}", ".\u{301}", ".", ""])
    func noEscape(namespace: String) async throws {
        let folder = try TemporaryDirectory()
        try writeFile(folder("a.yaml"), manifest("one", namespace: "\"\(namespace)\""))
        let store = FolderDistributionStore(path: folder(""), timing: .usual, logger: .none)
        let keys = try await store.list(.all).map(\.key)
        #expect(keys.allSatisfy { $0.namespace == "default" })
        let output = try outputStore(folder("out"))
        guard !namespace.isEmpty else { return }
        await #expect(throws: StoreError.self) {
            _ = try await output.observe(ObjectKey(namespace: namespace, name: "x"))
        }
    }

    @Test("the first problems of a manifest with very many are reported")
    func manyProblems() {
        let fields = (0..<1000).map { "  unknown\($0): 1\n" }.joined()
        let parsed = Manifests.parse(Array((manifest("one") + "\n" + fields).utf8), file: "a.yaml")
        #expect(parsed.problems.count == 101)
        #expect(parsed.problems.contains { $0.message == "has 1000 problems; the first 100 are shown" })
    }

    @Test("leftovers of a killed write are removed at startup")
    func leftovers() async throws {
        let folder = try TemporaryDirectory()
        try makeDirectory(folder("out/web"))
        try writeFile(folder("out/web/.secrets-distributor-tmp-1"), "half a secret")
        try writeFile(folder("out/web/theirs.yaml"), "kind: ConfigMap")
        _ = try outputStore(folder("out"))
        #expect(names(in: folder("out/web")) == ["theirs.yaml"])
    }

    @Test("a file that is not a Secret belongs to nobody: it is not overwritten")
    func foreignFile() async throws {
        let folder = try TemporaryDirectory()
        try makeDirectory(folder("out/web"))
        try writeFile(folder("out/web/one.yaml"), "- a\n- list\n")
        let output = try outputStore(folder("out"))
        await #expect(throws: StoreError.self) {
            _ = try await output.observe(ObjectKey(namespace: "web", name: "one"))
        }
        #expect(try await output.list(.all).isEmpty)
    }

    /// Reporting all manifests after each of our own writes would cause quadratic work.
    @Test("after the first list, only changed manifests are reported")
    func changedOnes() async throws {
        let folder = try TemporaryDirectory()
        let output = try outputStore(folder("out"), .short)
        try makeDirectory(folder("out/web"))
        for name in ["one", "two", "three"] { try writeFile(folder("out/web/\(name).yaml"), secret(name)) }
        let (events, told) = AsyncStream<ListWatchEvent<ObservedTarget>>.makeStream()
        let observer = WatchHandler<ObservedTarget>(event: { told.yield($0) }, failed: { _ in })
        let watch = Task { await output.watch(.all, observer) }
        defer { watch.cancel() }
        var next = events.makeAsyncIterator()
        guard case .replace(let all, _)? = await next.next() else {
            Issue.record("expected the first list")
            return
        }
        #expect(all.count == 3)
        try writeFile(folder("out/web/.two"), secret("two", value: "amended"))
        try rename(folder("out/web/.two"), to: folder("out/web/two.yaml"))
        guard case .upsert(let amended)? = await next.next() else {
            Issue.record("expected the changed one")
            return
        }
        #expect(amended.key.name == "two")
        unlink(folder("out/web/one.yaml"))
        guard case .delete(let removed)? = await next.next() else {
            Issue.record("expected the removed one")
            return
        }
        #expect(removed.key.name == "one")
    }

    @Test("manifests in a folder that becomes unusable are not deleted; this is logged once")
    func unusableFolder() async throws {
        let folder = try TemporaryDirectory()
        let logs = LineRecorder()
        let output = try outputStore(folder("out"), .short, logs.logger)
        for path in ["out/lab", "out/web"] {
            try makeDirectory(folder(path))
            try writeFile(folder("\(path)/one.yaml"), secret("one"))
        }
        let (events, told) = AsyncStream<ListWatchEvent<ObservedTarget>>.makeStream()
        let observer = WatchHandler<ObservedTarget>(event: { told.yield($0) }, failed: { _ in })
        let watch = Task { await output.watch(.all, observer) }
        defer { watch.cancel() }
        var next = events.makeAsyncIterator()
        guard case .replace(let all, _)? = await next.next(), all.count == 2 else {
            Issue.record("expected the first list")
            return
        }
        #expect(chmod(folder("out/web"), 0o770) == 0)
        for round in 0..<3 {
            try writeFile(folder("out/lab/.one"), secret("one", value: "\(round)"))
            try rename(folder("out/lab/.one"), to: folder("out/lab/one.yaml"))
            guard case .upsert(let amended)? = await next.next(), amended.key.namespace == "lab" else {
                Issue.record("expected the readable one")
                return
            }
        }
        #expect(logs.count("manifest cannot be read") == 1 && logs.contains("manifest cannot be read", "file=web"))
        #expect(chmod(folder("out/web"), 0o700) == 0)
        unlink(folder("out/web/one.yaml"))
        guard case .delete(let removed)? = await next.next() else {
            Issue.record("expected the removed one")
            return
        }
        #expect(removed.key == ObjectKey(namespace: "web", name: "one"))
    }

    private func secret(_ name: String, value: String = "value") -> String {
        """
        apiVersion: v1
        kind: Secret
        metadata:
          name: \(name)
          namespace: web
          labels: {app.kubernetes.io/managed-by: me}
          annotations: {xlscsde.nhs.uk/managedBy: me}
        stringData: {a: \(value)}
        """
    }
}
