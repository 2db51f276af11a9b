import Kube
import KubeRuntime
import TestSupport
import Testing

/// etcd compacts old revisions; the API server answers requests that refer to them with 410.
@Suite("Expired state after a compaction")
struct CompactionTests {
    @Test("of watches while the agent cannot reach the server: changed, new and deleted distributions are all noticed")
    func watches() async throws {
        try await withServer { world in
            let proxy = try FaultyProxy(to: world.server.port)
            defer { proxy.stop() }
            let client = try world.client(through: proxy)
            defer { client.shutdown() }
            try AtomicVolume(world.mount).write(["a": "A", "b": "B"])
            for name in ["amended", "deleted"] {
                try await world.create(world.distribution(name, [("a", "a")], policy: .delete))
            }
            try await world.withAgent(over: client) {
                try await world.expect("amended", .synced)
                try await world.expect("deleted", .synced)
                proxy.isRefusing = true
                proxy.cut()
                try await world.patch("amended", ["spec": ["secrets": [["from": "b", "to": "b"]]]])
                try await world.delete("deleted")
                try await world.create(world.distribution("new", [("a", "a")]))
                try await world.server.compact()
                // The server itself caches recent changes: only a restarted one has lost them.
                try await world.server.restart()
                proxy.isRefusing = false
                try await world.expect("amended", ["b": "B"])
                try await world.expect("new", ["a": "A"])
                #expect(try await eventually { try await world.secret("deleted") == nil })
            }
            // One list at the start, and one because the watch had expired.
            let lists = try world.server.served(in: world.namespace).filter {
                $0.verb == "list" && $0.objectRef?.resource == "secretsdistributions"
            }
            #expect(lists.count == 2)
        }
    }

    @Test("of a continue token: the list starts again and misses nothing")
    func tokens() async throws {
        // A newer server keeps snapshots of its cache, and serves the pages of a list from them.
        var options = APIServer.Options()
        options.serverFlags = ["--watch-cache=false"]
        try await withServer(options) { world in
            let names = (0..<7).map { "paged-\($0)" }
            try AtomicVolume(world.mount).write(["a": "A"])
            for name in names { try await world.create(world.distribution(name, [("a", "a")])) }
            let pages = ExpiringPages(world.client, world.server)
            try await world.withAgent(over: pages) {
                for name in names { try await world.expect(name, ["a": "A"]) }
            }
            let lists = try world.server.served(in: world.namespace).filter { $0.verb == "list" }
            #expect(lists.contains { $0.code == 410 })
        }
    }
}

/// Lists in pages of two. The continue token of the first list's first page has expired when it is used.
private final class ExpiringPages: KubeTransport {
    private let client: KubeClient
    private let server: APIServer
    private let isArmed = Switch(true)

    init(_ client: KubeClient, _ server: APIServer) {
        self.client = client
        self.server = server
    }

    func send(_ request: Request) async throws(KubeError) -> Response {
        guard request.operation.verb == .list else { return try await client.send(request) }
        let token = request.query.first { $0.name == "continue" }?.value
        if token != nil, isArmed.isOn {
            isArmed.isOn = false
            // A compaction needs a later revision.
            try await client.create(.namespaces, ["metadata": ["name": .string("compacted")]])
            _ = try? await server.compact()
        }
        return try await client.send(
            .list(
                Resource.secretsDistributions.plural == request.operation.resource ? .secretsDistributions : .secrets,
                namespace: request.operation.namespace,
                labelSelector: request.query.first { $0.name == "labelSelector" }?.value, limit: 2, continue: token))
    }

    func stream(_ request: Request) async throws(KubeError) -> any ByteStream { try await client.stream(request) }
}
