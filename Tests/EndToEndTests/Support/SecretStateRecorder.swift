import FoundationEssentials
import KubeRuntime
import LinuxIO
import TestSupport

/// Records every state of the Secrets of a namespace, in order.
final class SecretStateRecorder: Sendable {
    typealias Values = [String: String]

    private let seen = Mutex<[String: [Values]]>([:])

    /// The distinct states of one Secret so far, oldest first.
    func states(_ name: String) -> [Values] { seen.withLock { $0[name] ?? [] } }

    var all: [String: [Values]] { seen.withLock { $0 } }

    fileprivate func record(_ secret: LiveSecret) {
        seen.withLock { seen in
            let values = (secret.data ?? [:]).mapValues { String(decoding: $0, as: UTF8.self) }
            if seen[secret.metadata.name]?.last != values { seen[secret.metadata.name, default: []].append(values) }
        }
    }
}

extension World {
    /// Watches this world's Secrets while `body` runs.
    func witnessed<Result: Sendable>(_ body: (SecretStateRecorder) async throws -> Result) async throws -> Result {
        let witness = SecretStateRecorder()
        return try await server.watchingSecrets(of: [namespace], witness.record) { try await body(witness) }
    }

    /// A client that reaches the server through a proxy.
    func client(through proxy: FaultyProxy) throws -> KubeClient {
        try KubeClient(configuration: server.configuration(through: proxy.port), logger: .none)
    }
}

extension APIServer {
    /// Calls `see` with every version of the Secrets of `namespaces` while `body` runs, in order for each namespace.
    func watchingSecrets<Result: Sendable>(
        of namespaces: [String], _ see: @escaping @Sendable (LiveSecret) -> Void, _ body: () async throws -> Result
    ) async throws -> Result {
        let ready = namespaces.map { _ in Switch(false) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for (namespace, isReady) in zip(namespaces, ready) {
                let watcher = ObjectWatcher<LiveSecret>(client, .init(.secrets, namespace: namespace), logger: .none)
                group.addTask {
                    await watcher.run { event in
                        switch event {
                        case .replace(let secrets, _): secrets.forEach(see)
                        case .upsert(let secret): see(secret)
                        case .delete: break
                        }
                        isReady.isOn = true
                    }
                }
            }
            _ = await eventually { ready.allSatisfy(\.isOn) }
            let result = try await body()
            group.cancelAll()
            return result
        }
    }
}
