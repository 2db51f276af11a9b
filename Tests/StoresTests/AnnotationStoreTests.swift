import Distribution
import MountWatch
import Observability
import Planning
import Stores
import TestSupport
import TestTraits
import Testing

@Suite("Distributions from the annotations of a pod", .tags(.concurrent))
struct AnnotationStoreTests {
    private let folder: TemporaryDirectory
    private let volume: AtomicVolume
    private let logs = LineRecorder()

    init() throws {
        folder = try TemporaryDirectory()
        volume = try AtomicVolume(folder("podinfo"))
    }

    private func write(_ annotations: [String: String]) throws {
        let lines = annotations.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }
        try volume.write(["annotations": lines.joined(separator: "\n"), "labels": ""])
    }

    private func store(_ timing: WatchLoop.Timing = .usual, domain: String = "bsycorp.com")
        -> AnnotationDistributionStore
    {
        AnnotationDistributionStore(
            path: folder("podinfo/annotations"), domain: domain, managedBy: "me", timing: timing, logger: logs.logger)
    }

    /// By data key: the source.
    private func sources(_ distribution: SecretsDistribution) -> [String: String] {
        Dictionary(distribution.spec.mappings.map { ($0.to, $0.source.files.first?.text ?? "") }) { $1 }
    }

    @Test("are one distribution of one Secret, which belongs to the instance")
    func one() async throws {
        try write([
            "secret.bsycorp.com/db.password": "kind=REFERENCE,type=PASSWORD",
            "secret.bsycorp.com/key": "kind=DYNAMIC,type=RANDOM,size=8,storageKey=shared/key",
            "resource.bsycorp.com/url": "", "other": "x",
        ])
        let store = store()
        let all = try await store.list(.all)
        let distribution = try #require(all.first)
        #expect(all.count == 1 && distribution.refusal == nil)
        #expect(
            distribution.key.description == "default/annotations"
                && distribution.target?.description == "default/secrets")
        #expect(sources(distribution) == ["db.password": "db.password", "key": "shared/key", "url": "url"])
        #expect(distribution.belongs(to: "me", onlyAssigned: true))
        #expect(try await store.list(.cluster).isEmpty)
        #expect(try await store.list(.namespace("web")).isEmpty)
        #expect(try await store.current(distribution.key) == distribution)
        #expect(await store.faults() == [])
    }

    @Test("are held back as a whole if one annotation cannot be used")
    func faulty() async throws {
        try write([
            "secret.bsycorp.com/a": "kind=REFERENCE,type=PASSWORD", "secret.bsycorp.com/b": "kind=OTHER",
            "secret.bsycorp.com/c": "kind=REFERENCE,storageKey=../c",
        ])
        let refusal = try #require(try await store().list(.all).first?.refusal)
        #expect(refusal.reason == .invalidSpec)
        #expect(refusal.message.contains("secret.bsycorp.com/b has the kind \"OTHER\", expected one of"))
        #expect(refusal.message.contains("secret.bsycorp.com/c is \"../c\", which leads out"))
        try write(["secret.bsycorp.com/b": "kind=OTHER"])
        let alone = try #require(try await store().list(.all).first?.refusal)
        #expect(!alone.message.contains("empty"))
    }

    @Test("hold constants in local mode")
    func localMode() async throws {
        try write([
            "init.bsycorp.com/local-mode": "true",
            "secret.bsycorp.com/a": "kind=REFERENCE,type=PASSWORD,localModeValue=eA==",
        ])
        let distribution = try #require(try await store().list(.all).first)
        #expect(distribution.spec.mappings.map(\.source) == [.constant(ExactText("x"))])
        try write([
            "init.bsycorp.com/local-mode": "true", "secret.bsycorp.com/a": "kind=REFERENCE,type=PASSWORD",
        ])
        #expect(try await store().list(.all).first?.refusal?.message.contains("has no localModeValue") == true)
    }

    @Test("that are missing or damaged are an error at the start, and later the last ones stay")
    func keepsTheLastGood() async throws {
        let store = store()
        await #expect(throws: StoreError.self) { try await store.list(.all) }
        try volume.write(["labels": ""])
        await #expect {
            try await store.list(.all)
        } throws: {
            "\($0)".contains("podinfo/annotations does not exist, expected")
        }
        try write(["secret.bsycorp.com/a": "kind=REFERENCE"])
        #expect(try await store.list(.all).count == 1)
        #expect(await store.faults() == [])
        for (text, problem) in [
            ("secret.bsycorp.com/b=\"kind", "cannot be read on line 1"),
            ("", "has no annotation secret.bsycorp.com/NAME"),
            ("a=\"b\"", "has no annotation secret.bsycorp.com/NAME"),
        ] {
            try volume.write(["annotations": text])
            #expect(try await store.list(.all).map(sources) == [["a": "a"]])
            let faults = await store.faults()
            #expect(faults.first?.contains(problem) == true, "\(faults)")
        }
        #expect(try await store.list(.all).count == 1)
        // Each problem is logged once.
        #expect(logs.count("annotations have a problem") == 3)
    }

    @Test("of a lease are reported and hold nothing back")
    func lease() async throws {
        try write([
            "secret.bsycorp.com/a": "kind=REFERENCE", "lease.bsycorp.com/n": "kind=INDEX,rangeStart=0,rangeEnd=9",
        ])
        let store = store()
        #expect(try await store.list(.all).first?.refusal == nil)
        #expect(try await store.list(.all).count == 1)
        #expect(await store.faults() == [])
        #expect(logs.count("lease.bsycorp.com/n asks for a lease") == 1)
    }

    @Test("are followed when the volume is swapped, and keep their status", .timeLimit(.minutes(5)))
    func watch() async throws {
        let store = store(.short)
        let (stream, seen) = AsyncStream<[SecretsDistribution]>.makeStream()
        let (failures, failed) = AsyncStream<String>.makeStream()
        try volume.write(["labels": ""])
        let handler = WatchHandler<SecretsDistribution>(
            event: { if case .replace(let all, _) = $0 { seen.yield(all) } }, failed: { failed.yield($0.description) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await store.watch(.all, handler) }
            defer { group.cancelAll() }
            var failures = failures.makeAsyncIterator()
            #expect(await failures.next()?.contains("does not exist") == true)
            var readings = stream.makeAsyncIterator()
            try write(["secret.bsycorp.com/a": "kind=REFERENCE"])
            let first = try #require(await readings.next()?.first)
            #expect(sources(first) == ["a": "a"])
            var status = StoredStatus()
            status.statusText = "said"
            _ = try await store.write(
                status, to: first, on: DefinitionTraits(hasStatusSubresource: true, keepsConditions: true))
            try write(["secret.bsycorp.com/b": "kind=REFERENCE"])
            let second = try #require(await readings.next()?.first)
            #expect(sources(second) == ["b": "b"])
            #expect(second.status.statusText == "said")
        }
    }
}
