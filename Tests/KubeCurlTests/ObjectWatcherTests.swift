import Kube
import KubeCurl
import Observability
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ObjectWatcherTests {
    typealias Watcher = ObjectWatcher<MetadataOnly>

    /// Short waits, so that a test is.
    private var policy: WatchStateMachine<MetadataOnly>.Policy {
        var policy = WatchStateMachine<MetadataOnly>.Policy()
        policy.retry = RetryDelay(first: .milliseconds(50), maximum: .milliseconds(500))
        policy.forbidden = .milliseconds(100)
        policy.healthy = .zero
        return policy
    }

    /// Runs a watcher while `body` runs.
    private func watching(
        _ watcher: Watcher, _ body: (Transcript) async throws -> Void
    ) async throws {
        let transcript = Transcript()
        try await withThrowingTaskGroup { group in
            group.addTask { await watcher.run(transcript.record) }
            try await body(transcript)
            group.cancelAll()
        }
    }

    @Test func `all objects come first, then each change`() async throws {
        let server = try await APIServer.shared()
        let client = server.client
        let namespace = try await server.namespace()
        for name in ["a", "b", "c"] { try await client.create(.secrets, namespace: namespace, secret(name)) }
        var scope = Watcher.Scope(.secrets, namespace: namespace)
        scope.pageSize = 2
        try await watching(Watcher(client, scope, policy: policy, logger: .none)) { transcript in
            #expect(try await eventually { transcript.lines == ["replace a b c"] })
            let new = try await client.create(.secrets, namespace: namespace, secret("d"))
            try await client.patch(.secrets, namespace: namespace, name: "a", ["data": ["k": "AA=="]])
            try await client.delete(.secrets, namespace: namespace, name: "d", uid: new.uid)
            #expect(
                try await eventually {
                    transcript.lines == ["replace a b c", "upsert d", "upsert a", "delete d"]
                })
        }
    }

    @Test func `with a label selector an object that loses the label is deleted`() async throws {
        let server = try await APIServer.shared()
        let client = server.client
        let namespace = try await server.namespace()
        try await client.create(.secrets, namespace: namespace, secret("ours", labels: ["owner": "us"]))
        try await client.create(.secrets, namespace: namespace, secret("theirs"))
        let scope = Watcher.Scope(.secrets, namespace: namespace, labelSelector: "owner=us")
        try await watching(Watcher(client, scope, policy: policy, logger: .none)) { transcript in
            #expect(try await eventually { transcript.lines == ["replace ours"] })
            try await client.patch(
                .secrets, namespace: namespace, name: "ours", ["metadata": ["labels": ["owner": nil]]])
            #expect(try await eventually { transcript.lines == ["replace ours", "delete ours"] })
        }
    }

    @Test func `a watch that the server ends goes on where it was`() async throws {
        let server = try await APIServer.shared()
        let client = server.client
        let namespace = try await server.namespace()
        var short = policy
        short.watch = .seconds(1)...(.seconds(1))
        let scope = Watcher.Scope(.secrets, namespace: namespace)
        let counter = CountingTransport(client)
        try await watching(Watcher(counter, scope, policy: short, logger: .none)) { transcript in
            #expect(try await eventually { counter.watches > 2 })
            try await client.create(.secrets, namespace: namespace, secret("late"))
            #expect(try await eventually { transcript.lines == ["replace", "upsert late"] })
        }
        #expect(counter.lists == 1)
    }

    @Test func `a role that is added later is picked up`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let carol = try server.client(.named("carol"))
        defer { carol.shutdown() }
        let lines = Mutex<[String]>([])
        let logger = Logger(format: .text, write: { line in lines.withLock { $0.append(line) } })
        let watcher = Watcher(carol, .init(.secrets, namespace: namespace), policy: policy, logger: logger)
        try await watching(watcher) { transcript in
            let before = watcher.lastSign
            #expect(try await eventually { watcher.lastError != nil && watcher.lastSign > before })
            try await server.allow("carol", ["list", "watch"], .secrets, in: namespace)
            #expect(try await eventually { transcript.lines == ["replace"] && watcher.lastError == nil })
        }
        let warnings = lines.withLock { $0.filter { $0.contains("watch failed") } }
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("cannot list secrets in namespace \(namespace)") == true)
    }

    @Test func `a server that is restarted is watched again`() async throws {
        let server = try await APIServer.start()
        let client = try KubeClient(configuration: server.configuration(), logger: .none, attempts: 1)
        let namespace = try await server.namespace()
        let watcher = Watcher(client, .init(.secrets, namespace: namespace), policy: policy, logger: .none)
        try await watching(watcher) { transcript in
            #expect(try await eventually { transcript.lines == ["replace"] })
            try await client.create(.secrets, namespace: namespace, secret("before"))
            #expect(try await eventually { transcript.contains("upsert before") })
            await server.stop()
            #expect(try await eventually { watcher.lastError != nil })
            try await server.restart()
            try await server.client.create(.secrets, namespace: namespace, secret("after"))
            #expect(
                try await eventually {
                    transcript.contains("upsert after") || transcript.contains("replace after before")
                })
            #expect(watcher.lastError == nil)
        }
        client.shutdown()
        await server.end()
    }

    @Test func `an old resource version and an old token have expired`() async throws {
        let server = try await APIServer.start()
        let client = server.client
        let namespace = try await server.namespace()
        for name in ["a", "b", "c"] { try await client.create(.secrets, namespace: namespace, secret(name)) }
        let page = try await client.list(MetadataOnly.self, .secrets, namespace: namespace, limit: 1)
        try await client.create(.secrets, namespace: namespace, secret("d"))
        try await server.compact()
        let list = await failure { () throws(KubeError) in
            try await client.list(
                MetadataOnly.self, .secrets, namespace: namespace, limit: 1, continue: page.nextPage)
        }
        #expect(list == .expired)
        // The server remembers recent changes itself: only a new one has forgotten them.
        try await server.restart()
        let old = OldWatches(client, resourceVersion: "1")
        let watcher = Watcher(old, .init(.secrets, namespace: namespace), policy: policy, logger: .none)
        try await watching(watcher) { transcript in
            // The first watch is told that its version is gone, and the second list is followed by a good one.
            #expect(try await eventually { transcript.lines.count == 2 })
            try await client.create(.secrets, namespace: namespace, secret("e"))
            #expect(try await eventually { transcript.lines == ["replace a b c d", "replace a b c d", "upsert e"] })
        }
        await server.end()
    }

    @Test func `cancellation ends a watch`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let watcher = Watcher(server.client, .init(.secrets, namespace: namespace), policy: policy, logger: .none)
        let transcript = Transcript()
        let task = Task { await watcher.run(transcript.record) }
        #expect(try await eventually { !transcript.lines.isEmpty })
        task.cancel()
        await task.value
    }
}
