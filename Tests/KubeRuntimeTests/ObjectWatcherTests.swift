import JSON
import Kube
import KubeRuntime
import LinuxIO
import Observability
import TestSupport
import TestTraits
import Testing

@Suite(.tags(.concurrent, .unsafeMemory), .endsIfHung)
struct ObjectWatcherTests {
    @Test func `all objects are delivered first, then each change`() async throws {
        let server = try await APIServer.shared()
        let client = server.client
        let namespace = try await server.namespace()
        for name in ["a", "b", "c"] { try await client.create(.secrets, namespace: namespace, secret(name)) }
        var scope = Watcher.Scope(.secrets, namespace: namespace)
        scope.pageSize = 2
        try await watching(Watcher(client, scope, policy: .short, logger: .none)) { transcript in
            #expect(await eventually { transcript.lines == ["replace a b c"] })
            let new = try await client.create(.secrets, namespace: namespace, secret("d"))
            try await client.patch(.secrets, namespace: namespace, name: "a", ["data": ["k": "AA=="]])
            try await client.delete(.secrets, namespace: namespace, name: "d", uid: new.uid)
            #expect(
                await eventually {
                    transcript.lines == ["replace a b c", "upsert d", "upsert a", "delete d"]
                })
        }
    }

    @Test func `with a label selector, an object that loses the label is deleted`() async throws {
        let server = try await APIServer.shared()
        let client = server.client
        let namespace = try await server.namespace()
        try await client.create(.secrets, namespace: namespace, secret("ours", labels: ["owner": "us"]))
        try await client.create(.secrets, namespace: namespace, secret("theirs"))
        let scope = Watcher.Scope(.secrets, namespace: namespace, labelSelector: "owner=us")
        try await watching(Watcher(client, scope, policy: .short, logger: .none)) { transcript in
            #expect(await eventually { transcript.lines == ["replace ours"] })
            try await client.patch(
                .secrets, namespace: namespace, name: "ours", ["metadata": ["labels": ["owner": nil]]])
            #expect(await eventually { transcript.lines == ["replace ours", "delete ours"] })
        }
    }

    @Test func `a watch that the server ends resumes at its version`() async throws {
        let server = try await APIServer.shared()
        let client = server.client
        let namespace = try await server.namespace()
        var short = WatchStateMachine<MetadataOnly>.Policy.short
        short.watch = .seconds(1)...(.seconds(1))
        let scope = Watcher.Scope(.secrets, namespace: namespace)
        let counter = CountingTransport(client)
        try await watching(Watcher(counter, scope, policy: short, logger: .none)) { transcript in
            #expect(await eventually { counter.watches > 2 })
            try await client.create(.secrets, namespace: namespace, secret("late"))
            #expect(await eventually { transcript.lines == ["replace", "upsert late"] })
        }
        #expect(counter.lists == 1)
    }

    @Test func `listed objects are not kept in memory during the watch that follows`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        try await server.client.create(.secrets, namespace: namespace, secret("a"))
        let counter = CountingTransport(server.client)
        let watcher = ObjectWatcher<TrackedObject>(counter, .init(.secrets, namespace: namespace), logger: .none)
        let listed = TrackedObject.WeakReferences()
        await withTaskGroup { group in
            group.addTask {
                await watcher.run { event in
                    guard case .replace(let items, _) = event else { return }
                    listed.add(items)
                }
            }
            #expect(await eventually { counter.watches == 1 && listed.count == 1 })
            #expect(await eventually { listed.living == 0 })
            group.cancelAll()
        }
        #expect(counter.watches == 1)
    }

    @Test func `a role that is added later is picked up`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let carol = try server.client(.named("carol"))
        defer { carol.shutdown() }
        let lines = Mutex<[String]>([])
        let logger = Logger(format: .text, write: { line in lines.withLock { $0.append(line) } })
        let watcher = Watcher(carol, .init(.secrets, namespace: namespace), policy: .short, logger: logger)
        try await watching(watcher) { transcript in
            #expect(await eventually { watcher.lastError != nil })
            try await server.allow("carol", ["list", "watch"], .secrets, in: namespace)
            #expect(await eventually { transcript.lines == ["replace"] && watcher.lastError == nil })
        }
        let warnings = lines.withLock { $0.filter { $0.contains("watch failed") } }
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("cannot list secrets in namespace \(namespace)") == true)
    }

    @Test func `an event that cannot be read is logged with the object that it is about`() async throws {
        let lines = LineRecorder()
        let metadata = #"{"name":"bad","namespace":"web","annotations":{"a":1}}"#
        let transport = OneEvent(#"{"type":"ADDED","object":{"metadata":\#(metadata)}}"#)
        let watcher = Watcher(transport, .init(.secrets), policy: .short, logger: lines.logger)
        try await watching(watcher) { _ in
            #expect(await eventually { lines.contains("watch event cannot be read", "object=web/bad") })
        }
    }

    @Test func `cancellation ends a watch`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let watcher = Watcher(server.client, .init(.secrets, namespace: namespace), policy: .short, logger: .none)
        let transcript = Transcript()
        let task = Task { await watcher.run(transcript.record) }
        #expect(await eventually { !transcript.lines.isEmpty })
        task.cancel()
        await task.value
    }
}

/// An object that shows whether it is still in memory.
private struct TrackedObject: KubeObject {
    final class Life: Sendable {}

    /// Weak references to objects.
    final class WeakReferences: Sendable {
        private struct Memory: Sendable { weak let life: Life? }
        private let memories = Mutex<[Memory]>([])

        var count: Int { memories.withLock { $0.count } }
        var living: Int { memories.withLock { $0.count { $0.life != nil } } }

        func add(_ items: [TrackedObject]) {
            memories.withLock { $0 += items.map { Memory(life: $0.life) } }
        }
    }

    let metadata: ObjectMeta
    let life = Life()

    init(reading json: JSONNode) throws(JSONBytes.Failure) {
        metadata = try MetadataOnly(reading: json).metadata
    }
}
