import Kube
import KubeCurl
import LinuxIO
import Observability
import Testing

/// Every version of every Secret of a namespace that a watch has seen, in order.
final class SecretHistory: Sendable {
    private let versions = Mutex<[LiveSecret]>([])

    var all: [LiveSecret] { versions.withLock { $0 } }

    /// Watches the world's namespace while `body` works.
    ///
    /// - Returns: what was seen until `body` ended.
    static func watching(
        _ world: World, _ body: (SecretHistory) async throws -> Void
    ) async throws -> [LiveSecret] {
        let history = SecretHistory()
        let watcher = ObjectWatcher<LiveSecret>(
            world.client, .init(.secrets, namespace: world.namespace), logger: .none)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await watcher.run { @Sendable event in
                    switch event {
                    case .upsert(let secret): history.add([secret])
                    case .replace(let all): history.add(all)
                    case .delete: break
                    }
                }
            }
            try await body(history)
            group.cancelAll()
        }
        return history.all
    }

    private func add(_ secrets: [LiveSecret]) { versions.withLock { $0 += secrets } }
}
