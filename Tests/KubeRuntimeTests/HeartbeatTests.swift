import Kube
import KubeRuntime
import Observability
import TestSupport
import TestTraits
import Testing

/// The heartbeat of a watcher.
@Suite(.tags(.concurrent, .unsafeMemory), .endsIfHung)
struct HeartbeatTests {
    private let heartbeat = Heartbeat("watch", limit: .milliseconds(500))

    @Test func `a watch beats with each change, stops on a dead connection, and beats on a new one`()
        async throws
    {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let proxy = try FaultyProxy(to: server.port)
        defer { proxy.stop() }
        let client = try KubeClient(
            configuration: server.configuration(through: proxy.port), logger: .none, attempts: 1)
        defer { client.shutdown() }
        let watcher = Watcher(
            client, .init(.secrets, namespace: namespace), policy: .short, logger: .none, heartbeat: heartbeat)
        try await watching(watcher) { transcript in
            #expect(await eventually { transcript.lines == ["replace"] })
            let change = ContinuousClock.now
            try await server.client.create(.secrets, namespace: namespace, secret("a"))
            #expect(await eventually { transcript.contains("upsert a") })
            #expect(await heartbeat.beats(after: change))

            proxy.freeze()
            try await server.client.create(.secrets, namespace: namespace, secret("b"))
            #expect(await eventually { !heartbeat.isAlive })
            #expect(!transcript.contains("upsert b"))

            let cut = ContinuousClock.now
            proxy.cut()
            #expect(await heartbeat.beats(after: cut))
            #expect(await eventually { transcript.contains("upsert b") })
        }
    }

    @Test func `a watch whose events are not consumed stops beating, although the server sends more`() async throws {
        let server = try await APIServer.shared()
        let client = server.client
        let namespace = try await server.namespace()
        let watcher = Watcher(
            client, .init(.secrets, namespace: namespace), policy: .short, logger: .none, heartbeat: heartbeat)
        let (mayGoOn, isStuck) = (Switch(true), Switch(false))
        let begin = ContinuousClock.now
        try await withThrowingTaskGroup { group in
            group.addTask {
                await watcher.run { _ in
                    isStuck.isOn = !mayGoOn.isOn
                    _ = await eventually { mayGoOn.isOn }
                }
            }
            #expect(await heartbeat.beats(after: begin))
            mayGoOn.isOn = false
            try await client.create(.secrets, namespace: namespace, secret("first"))
            #expect(await eventually { isStuck.isOn })
            let since = ContinuousClock.now
            for number in 0..<3 { try await client.create(.secrets, namespace: namespace, secret("s\(number)")) }
            #expect(await eventually { !heartbeat.isAlive })
            #expect(heartbeat.lastBeat < since)

            let end = ContinuousClock.now
            mayGoOn.isOn = true
            #expect(await heartbeat.beats(after: end))
            group.cancelAll()
        }
    }

    @Test func `a watch beats while it waits for as long as the server requires`() async throws {
        let watcher = Watcher(BusyServer(), .init(.secrets), policy: .short, logger: .none, heartbeat: heartbeat)
        try await watching(watcher) { _ in
            #expect(await eventually { watcher.lastError != nil })
            for _ in 0..<3 { #expect(await heartbeat.beats(after: .now)) }
        }
    }
}

/// Responds with a Retry-After of one hour.
private struct BusyServer: KubeTransport {
    func send(_ request: Request) async throws(KubeError) -> Response {
        throw KubeError(request.operation, .tooManyRequests(retryAfter: .seconds(3600)))
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        throw KubeError(request.operation, .tooManyRequests(retryAfter: .seconds(3600)))
    }
}
