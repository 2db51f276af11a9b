import Kube
import KubeRuntime
import Scheduling
import TestSupport
import TestTraits
import Testing

/// Uses separate servers, which the tests stop and pause in turn.
@Suite(.serialized, .endsIfHung)
struct ServerOutageTests {
    private static let server = Task { try await APIServer.start() }

    @Test func `a read is repeated until the server is back`() async throws {
        let server = try await Self.server.value
        let client = try KubeClient(
            configuration: server.configuration(), logger: .none, attempts: 1000,
            retry: Backoff(initial: .milliseconds(20), longest: .milliseconds(100)))
        defer { client.shutdown() }
        _ = try await client.send(.get(path: "/version"))
        await server.stop()
        let created = await failure { () throws(KubeError) in try await client.create(.namespaces, [:]) }
        #expect(created?.isConnectionFailure == true)
        async let answer = client.send(.get(path: "/readyz"))
        try await server.restart()
        #expect(try await answer.isSuccess)
    }

    @Test func `a request to a silent server ends at its timeout, and a cancelled one at once`() async throws {
        let server = try await Self.server.value
        server.pause()
        var short = Request.get(path: "/version")
        short.timeout = .milliseconds(100)
        let once = try KubeClient(configuration: server.configuration(), logger: .none, attempts: 1)
        defer { once.shutdown() }
        let silent = await failure { () throws(KubeError) in try await once.send(short) }
        guard case .transport(.timeout) = silent else {
            Issue.record("\(String(describing: silent))")
            return
        }
        let task = Task {
            await failure { () throws(KubeError) in try await server.client.send(.get(path: "/version")) }
        }
        task.cancel()
        #expect(await task.value == .transport(.cancelled))
        server.resume()
        once.shutdown()
        let late = await failure { () throws(KubeError) in try await once.send(.get(path: "/version")) }
        #expect(late == .transport(.shutDown))
    }

    @Test func `a restarted server is watched again`() async throws {
        try await watchingRestart(attempts: 1) { server, namespace, watcher, transcript in
            try await server.client.create(.secrets, namespace: namespace, secret("after"))
            #expect(
                await eventually {
                    transcript.contains("upsert after") || transcript.contains("replace after before")
                })
            #expect(await eventually { watcher.lastError == nil })
        }
    }

    /// While it was away, it may have been restored from a backup, and may since have gone beyond the watch's version.
    @Test func `a server that was away is listed again, not only watched`() async throws {
        // The request for the version must not be repeated: it would succeed when the server is back.
        try await watchingRestart(attempts: .max) { _, _, _, transcript in
            #expect(await eventually { transcript.contains("replace before") })
        }
    }

    /// Runs `body` with a watch of Secrets that the server's restart has interrupted.
    ///
    /// - Parameter attempts: how often the watch's client sends a request that fails.
    private func watchingRestart(
        attempts: Int, _ body: (APIServer, String, Watcher, Transcript) async throws -> Void
    ) async throws {
        let server = try await Self.server.value
        let client = try KubeClient(
            configuration: server.configuration(), logger: .none, attempts: attempts,
            retry: Backoff(initial: .milliseconds(20), longest: .milliseconds(100)))
        defer { client.shutdown() }
        let namespace = try await server.namespace()
        let watcher = Watcher(client, .init(.secrets, namespace: namespace), policy: .short, logger: .none)
        try await watching(watcher) { transcript in
            #expect(await eventually { transcript.lines == ["replace"] })
            try await client.create(.secrets, namespace: namespace, secret("before"))
            #expect(await eventually { transcript.contains("upsert before") })
            await server.stop()
            // Not only the watch has failed, but also the request after it, which decides whether to list again.
            #expect(await eventually { watcher.lastError?.operation.verb == .list })
            try await server.restart()
            try await body(server, namespace, watcher, transcript)
        }
    }

    @Test func `an old resource version and an old continue token have expired`() async throws {
        let server = try await Self.server.value
        let client = server.client
        let namespace = try await server.namespace()
        for name in ["a", "b", "c"] { try await client.create(.secrets, namespace: namespace, secret(name)) }
        let page = try await client.list(MetadataOnly.self, .secrets, namespace: namespace, limit: 1)
        try await client.create(.secrets, namespace: namespace, secret("d"))
        try await server.compact()
        // The server itself caches recent changes, and newer servers serve the pages of a list from that cache: only a
        // restarted one has lost them.
        try await server.restart()
        let list = await failure { () throws(KubeError) in
            try await client.list(
                MetadataOnly.self, .secrets, namespace: namespace, limit: 1, continue: page.nextPage)
        }
        #expect(list == .expired)
        let old = OldWatches(client, resourceVersion: "1")
        let watcher = Watcher(old, .init(.secrets, namespace: namespace), policy: .short, logger: .none)
        try await watching(watcher) { transcript in
            // The first watch gets the error that its version is gone; the second list succeeds.
            #expect(await eventually { transcript.lines.count == 2 })
            try await client.create(.secrets, namespace: namespace, secret("e"))
            #expect(await eventually { transcript.lines == ["replace a b c d", "replace a b c d", "upsert e"] })
        }
    }
}

extension KubeError.Kind {
    fileprivate var isConnectionFailure: Bool {
        switch self {
        case .transport(.connect), .transport(.broken): true
        default: false
        }
    }
}
