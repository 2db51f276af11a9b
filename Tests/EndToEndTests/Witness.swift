import FoundationEssentials
import Kube
import KubeCurl
import LinuxIO
import Observability
import TestSupport

/// Sees every state that the Secrets of a namespace come to be in, in order.
final class Witness: Sendable {
    typealias Values = [String: String]

    private let seen = Mutex<[String: [Values]]>([:])

    /// The different states of one Secret so far, oldest first.
    func states(_ name: String) -> [Values] { seen.withLock { $0[name] ?? [] } }

    var all: [String: [Values]] { seen.withLock { $0 } }

    fileprivate func record(_ event: FeedEvent<LiveSecret>) {
        let secrets: [LiveSecret] =
            switch event {
            case .replace(let secrets): secrets
            case .upsert(let secret): [secret]
            case .delete: []
            }
        seen.withLock { seen in
            for secret in secrets {
                let values = (secret.data ?? [:]).mapValues { String(decoding: $0, as: UTF8.self) }
                if seen[secret.metadata.name]?.last != values { seen[secret.metadata.name, default: []].append(values) }
            }
        }
    }
}

extension World {
    /// Watches this world's Secrets while `body` works.
    func witnessed(_ body: (Witness) async throws -> Void) async throws {
        let witness = Witness()
        let isReady = Switch(false)
        let watcher = ObjectWatcher<LiveSecret>(client, .init(.secrets, namespace: namespace), logger: .none)
        try await withThrowingTaskGroup { group in
            group.addTask {
                await watcher.run { event in
                    witness.record(event)
                    isReady.isOn = true
                }
            }
            _ = await eventually { isReady.isOn }
            try await body(witness)
            group.cancelAll()
        }
    }

    /// A client whose way to the server is a proxy's.
    func client(through proxy: FaultyProxy) throws -> KubeClient {
        try KubeClient(configuration: server.configuration(through: proxy.port), logger: .none)
    }
}
