import Distribution
import FoundationEssentials
import Glibc
import JSON
import LinuxIO
import Observability
import Planning
import Snapshots
import Stores
import TestSupport
import TestTraits
import Testing

/// `OUTPUT_PATH` of local mode: everything below it is accessed from one descriptor, and never through a link.
@Suite("The output folder", .tags(.concurrent))
struct OutputFolderTests {
    private let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder()
    }

    private func store(_ root: String? = nil, logger: Logger = .none) throws -> FolderSecretStore {
        try FolderSecretStore(
            path: root ?? folder("out"), managedBy: "me", timing: .usual, isDryRun: false, logger: logger)
    }

    // MARK: Exchanged while it is used

    /// The entry that is exchanged with a link to a similar one outside, and back.
    enum Exchanged: String, CaseIterable, CustomTestStringConvertible {
        case root = "the root"
        case namespace = "a namespace's folder"
        case manifest = "a manifest"
        case temporary = "a temporary file"

        var testDescription: String { rawValue }

        /// The minimum number of exchanges; a temporary file must be caught first.
        var times: Int { self == .temporary ? 20 : 3000 }
    }

    /// Runs each operation of the store repeatedly while another thread atomically exchanges its files and folders with
    /// links. Outside are attractive targets: a manifest with our mark, and a leftover.
    @Test("that is exchanged with a link at any moment leads nowhere", arguments: Exchanged.allCases)
    func exchanges(_ exchanged: Exchanged) async throws {
        for path in ["out/web", "outside/web"] { try makeDirectory(folder(path)) }
        let tempting = try desired("one", "outside").manifest()
        try writeFile(folder("outside/web/one.yaml"), tempting.encoded())
        try writeFile(folder("outside/web/.secrets-distributor-tmp-1"), "somebody's")
        let before = try contents(of: folder("outside"))
        let store = try store()
        let swapper = try Swapper(exchanged, in: folder)

        var succeeded = 0
        var refused = 0
        var rounds = 0
        while !swapper.isDone || rounds < 50 || (refused == 0 && rounds < 20_000) {
            rounds += 1
            // So large that a temporary file exists for a while.
            let desired = try desired("one", "inside-\(rounds)", size: exchanged == .temporary ? 256 << 10 : 1)
            for operation in 0..<6 {
                do {
                    switch operation {
                    case 0: _ = try await store.create(desired)
                    case 1:
                        if let found = try await store.observe(desired.key) {
                            #expect(!isOutside(found))
                            if case .update(let old, let patch) = Plan(
                                desired: desired, observed: found, managedBy: "me")
                            {
                                _ = try await store.update(old, patch)
                            }
                        }
                    case 2: for target in try await store.list(.all) { #expect(!isOutside(target)) }
                    case 3:
                        if let found = try await store.observe(desired.key) {
                            _ = try await store.recreate(found, as: desired)
                        }
                    case 4:
                        // Another start, which removes leftovers; the root itself may be a link in this case, because
                        // it is our own.
                        if exchanged != .root { _ = try self.store() }
                    default:
                        if let found = try await store.observe(desired.key) { try await store.delete(found) }
                    }
                    succeeded += 1
                } catch {
                    refused += 1
                }
            }
        }
        let swaps = swapper.end()
        #expect(swaps >= exchanged.times)
        #expect(succeeded > 0)
        // The test proves something only if it met links; a link in place of a temporary file becomes the manifest.
        #expect(refused > 0)
        #expect(try contents(of: folder("outside")) == before)
        // It works again when nothing is exchanged.
        unlink(folder("out/web/one.yaml"))
        _ = try await store.create(try desired("one", "last"))
        #expect(try await store.list(.all).map(\.key.name) == ["one"])
    }

    private func isOutside(_ target: ObservedTarget) -> Bool { target.digests["outside"] != nil }

    /// With one key `value` of this size.
    private func desired(_ name: String, _ value: String, size: Int = 1) throws -> DesiredTarget {
        let manifest: JSONValue = [
            "metadata": ["name": .string(name), "namespace": "web", "uid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"],
            "spec": ["name": .string(name), "secrets": [["from": "a", "to": .string(value)]]],
        ]
        let distribution = try JSONBytes.decode(SecretsDistribution.self, from: manifest.encoded())
        var pairs = CertificateCheckCache()
        return try DesiredTarget(
            distribution,
            from: Snapshot(
                generation: "1", createdAt: Timestamp(seconds: 0),
                files: ["a": SourceFile(SecretBytes([UInt8](repeating: 7, count: size)))]),
            managedBy: "me", checks: &pairs)
    }

    /// By path below `path`.
    private func contents(of path: String) throws -> [String: [UInt8]] {
        var contents: [String: [UInt8]] = [:]
        for name in names(in: path) {
            let below = "\(path)/\(name)"
            if let file = try FileDescriptor(reading: below).content(limit: 1 << 20) {
                contents[name] = file
            } else {
                for (inner, bytes) in try self.contents(of: below) { contents["\(name)/\(inner)"] = bytes }
            }
        }
        return contents
    }

    // MARK: Files for an application

    @Test("of files keeps a key whose visible link is missing, and a scan restores the link")
    func missingLink() async throws {
        let store = try FolderSecretStore(
            path: folder("out"), settings: OutputSettings(.files), managedBy: "me", timing: .usual, isDryRun: false,
            logger: .none)
        let written = try await store.create(try desired("one", "key"))
        unlink(folder("out/one/key"))
        let found = try #require(try await store.observe(written.key))
        #expect(found.digests == written.digests)
        _ = try await store.list(.all)
        #expect(access(folder("out/one/key"), F_OK) == 0)
    }

    @Test("of an application has one store at a time")
    func locked() throws {
        let make = { (format: OutputSettings.Format, isDryRun: Bool) in
            _ = try FolderSecretStore(
                path: folder("out"), settings: OutputSettings(format), managedBy: "me", timing: .usual,
                isDryRun: isDryRun, logger: .none)
        }
        let first = try FolderSecretStore(
            path: folder("out"), settings: OutputSettings(.json), managedBy: "me", timing: .usual, isDryRun: false,
            logger: .none)
        try withExtendedLifetime(first) {
            #expect(throws: ConfigurationError.self) { try make(.env, false) }
            try make(.env, true)
            try make(.manifests, false)
        }
    }

    // MARK: Moved, removed

    @Test("that was moved gets no writes until it is back, and the error says so")
    func moved() async throws {
        let store = try store()
        _ = try await store.create(try desired("one", "1"))
        try rename(folder("out"), to: folder("moved"))
        try makeDirectory(folder("out"))
        let expected = StoreError.unavailable(
            "\(folder("out")) was moved, removed or replaced since startup: restore it or restart the agent",
            retryAfter: nil)
        await #expect(throws: expected) { _ = try await store.list(.all) }
        await #expect(throws: expected) { _ = try await store.create(try desired("two", "2")) }
        #expect(names(in: folder("out")).isEmpty)
        rmdir(folder("out"))
        await #expect(throws: expected) { _ = try await store.observe(ObjectKey(namespace: "web", name: "one")) }
        try rename(folder("moved"), to: folder("out"))
        #expect(try await store.list(.all).map(\.key.name) == ["one"])
        _ = try await store.create(try desired("two", "2"))
    }

    // MARK: Others

    @Test("that others may write is rejected", arguments: [0o777, 0o1777, 0o770, 0o702] as [mode_t])
    func modes(mode: mode_t) throws {
        try makeDirectory(folder("out"))
        chmod(folder("out"), mode)
        #expect(
            refusal(folder("out"))
                == "OUTPUT_PATH is \"\(folder("out"))\", expected a folder that root and the agent's user"
                + " alone may write: its mode is 0\(String(mode, radix: 8)), so other users can write to it")
    }

    @Test("that another user owns is rejected", .enabled(if: geteuid() == 0, "requires root"))
    func owner() throws {
        try makeDirectory(folder("out"))
        chown(folder("out"), 65534, 65534)
        #expect(refusal(folder("out"))?.hasSuffix("uid 65534 owns it") == true)
    }

    @Test("is accepted through links that nobody else can have created, and through no others")
    func links() throws {
        try makeDirectory(folder("real"))
        try makeDirectory(folder("shared"))
        try makeLink(folder("link"), to: "real/../real/out")
        try makeLink(folder("shared/link"), to: folder("real"))
        #expect(refusal(folder("link")) == nil)
        #expect(refusal(folder("shared/link/new")) == nil)
        #expect(Set(names(in: folder("real"))) == ["out", "new"])
        chmod(folder("shared"), 0o777)
        #expect(
            refusal(folder("shared/link"))?.hasSuffix("another user may have created the link \(folder("shared/link"))")
                == true)
        #expect(refusal(folder("shared/link/more"))?.contains("OUTPUT_PATH") == true)
        #expect(!names(in: folder("real")).contains("more"))
        // A private folder in one that all may write, as in an emptyDir.
        #expect(refusal(folder("shared/own")) == nil)
        chmod(folder("shared"), 0o1777)
        #expect(refusal(folder("shared/link")) == nil)
        if geteuid() == 0 {
            lchown(folder("shared/link"), 65534, 65534)
            #expect(refusal(folder("shared/link")) != nil)
        }
    }

    @Test("that is a file or a loop of links is rejected")
    func noFolder() throws {
        try writeFile(folder("file"), "")
        try makeLink(folder("loop"), to: "loop")
        #expect(refusal(folder("file"))?.contains("Not a directory") == true)
        #expect(refusal(folder("file/below"))?.contains("Not a directory") == true)
        #expect(refusal(folder("loop"))?.contains("Too many levels of symbolic links") == true)
    }

    /// Nil: it is accepted.
    private func refusal(_ path: String) -> String? {
        do {
            _ = try store(path)
            return nil
        } catch let error as ConfigurationError {
            return error.description
        } catch {
            return "not a refusal: \(error)"
        }
    }

    @Test("serves its other namespaces if one is unusable: a link, a file, a folder that others may write")
    func namespaces() async throws {
        for path in ["out/shared", "elsewhere"] { try makeDirectory(folder(path)) }
        try makeLink(folder("out/link"), to: "../elsewhere")
        try writeFile(folder("out/file"), "")
        chmod(folder("out/shared"), 0o777)
        try writeFile(folder("elsewhere/.secrets-distributor-tmp-1"), "")
        try makeDirectory(folder("out/web/.secrets-distributor-tmp-folder"))
        let store = try store()
        _ = try await store.create(try desired("one", "1"))
        #expect(try await store.list(.all).map(\.key.name) == ["one"])
        for namespace in ["link", "file", "shared"] {
            do throws(StoreError) {
                _ = try await store.observe(ObjectKey(namespace: namespace, name: "one"))
                Issue.record("\(namespace) was used")
            } catch {
                guard case .rejected(let text) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(text.contains("out/\(namespace)"))
            }
        }
        #expect(names(in: folder("elsewhere")) == [".secrets-distributor-tmp-1"])
    }
}

/// A thread that exchanges an entry below `out` with a link to a similar one below `outside`, and back, some thousand
/// times.
private final class Swapper: Sendable {
    private struct State: ~Copyable {
        var swaps = 0
        var isDone = false
        var isStopping = false
        var thread: OwnedThread?
    }

    private let state = Mutex(State())

    init(_ exchanged: OutputFolderTests.Exchanged, in folder: ScratchFolder) throws {
        let path = folder("link")
        try makeLink(path, to: exchanged == .root ? "outside" : "\(folder("outside"))/web")
        try state.withLock { state in
            state.thread = try OwnedThread(name: "swapper") { [self] in
                var count = 0
                // Until the test ends: the test may have been suspended while others used the processors.
                while !isStopping {
                    count += swap(exchanged, path, folder)
                    // The interval between exchanges; nothing waits for it. The store needs time to make progress. A
                    // temporary file exists only for a moment.
                    if exchanged != .temporary { usleep(UInt32.random(in: 0..<400)) }
                    self.state.withLock { $0.swaps = count }
                    if count >= exchanged.times { self.state.withLock { $0.isDone = true } }
                }
            }
        }
    }

    var isDone: Bool { state.withLock { $0.isDone } }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    /// The number of exchanges.
    func end() -> Int {
        let thread = state.withLock { state in
            state.isStopping = true
            return state.thread.take()
        }
        if let thread { thread.join() }
        return state.withLock { $0.swaps }
    }

    private func swap(_ exchanged: OutputFolderTests.Exchanged, _ link: String, _ folder: ScratchFolder) -> Int {
        switch exchanged {
        case .root: return swapTwice(link, folder("out"))
        case .namespace: return swapTwice(link, folder("out/web"))
        case .manifest:
            unlink(folder("file"))
            _ = symlink("\(folder("outside"))/web/one.yaml", folder("file"))
            return swapTwice(folder("file"), folder("out/web/one.yaml"))
        case .temporary:
            for name in names(in: folder("out/web")) where name.hasPrefix(".secrets-distributor-tmp-") {
                // It counts if it still exists: the write that created it has not finished.
                unlink(folder("file"))
                _ = symlink("\(folder("outside"))/web/one.yaml", folder("file"))
                if exchange(folder("file"), folder("out/web/\(name)")) { return 1 }
            }
            // Or the manifest that it became: the next write finds none.
            unlink(folder("out/web/one.yaml"))
            return 0
        }
    }

    private func swapTwice(_ one: String, _ other: String) -> Int {
        guard exchange(one, other) else { return 0 }
        usleep(UInt32.random(in: 0..<200))
        return exchange(one, other) ? 2 : 1
    }
}
