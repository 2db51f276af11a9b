import Kube
import KubeRuntime
import LinuxIO
import TestSupport
import TestTraits
import Testing

@Suite(.tags(.concurrent, .unsafeMemory), .endsIfHung)
struct ConnectionCutTests {
    /// In bytes: a line of the watch spans many segments.
    private static let size = 200_000

    @Test func `a watch that is cut anywhere in a line loses no event`() async throws {
        let server = try await APIServer.shared()
        let namespace = try await server.namespace()
        let proxy = try FaultyProxy(to: server.port)
        defer { proxy.stop() }
        let client = try KubeClient(configuration: server.configuration(through: proxy.port), logger: .none)
        defer { client.shutdown() }
        try await server.client.create(.secrets, namespace: namespace, secret("cut"))
        let seen = Mutex<[String: String]>([:])
        let record = { @Sendable (event: ListWatchEvent<MetadataOnly>) async in
            seen.withLock { seen in
                switch event {
                case .replace(let items, _):
                    seen = Dictionary(
                        items.map { ($0.metadata.name, $0.metadata.labels?["round"] ?? "") }, uniquingKeysWith: { $1 })
                case .upsert(let item): seen[item.metadata.name] = item.metadata.labels?["round"] ?? ""
                case .delete(let item): seen[item.metadata.name] = nil
                }
            }
        }
        let watcher = Watcher(client, .init(.secrets, namespace: namespace), policy: .short, logger: .none)
        try await withThrowingTaskGroup { group in
            group.addTask { await watcher.run(record) }
            #expect(await eventually { seen.withLock { $0.count } == 1 })
            for round in 1...30 {
                let point = Int.random(in: 0..<Self.size * 5 / 4)
                proxy.set(.toClient, .cut(after: point))
                let ballast = String(repeating: "A", count: Self.size)
                try await server.client.patch(
                    .secrets, namespace: namespace, name: "cut",
                    ["metadata": ["labels": ["round": .string("\(round)")]], "data": ["ballast": .string(ballast)]])
                let other = "other-\(round % 2)"
                if round > 2 {
                    try await server.client.delete(.secrets, namespace: namespace, name: other, uid: nil)
                }
                try await server.client.create(
                    .secrets, namespace: namespace, secret(other, labels: ["round": .string("\(round)")]))
                let isSo = await eventually {
                    seen.withLock { $0["cut"] == "\(round)" && $0[other] == "\(round)" }
                }
                #expect(isSo, "cut after \(point) bytes")
            }
            group.cancelAll()
        }
    }
}
