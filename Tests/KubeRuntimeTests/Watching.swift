import Kube
import KubeRuntime
import LinuxIO
import Scheduling

/// The events of a watcher so far, one text for each event: `replace a b`, `upsert c`, `delete c`.
final class Transcript: Sendable {
    private let words = Mutex<[String]>([])

    var lines: [String] { words.withLock { $0 } }

    func contains(_ line: String) -> Bool { lines.contains(line) }

    @Sendable func record(_ event: ListWatchEvent<MetadataOnly>) async {
        let line =
            switch event {
            case .replace(let items, _): (["replace"] + items.map(\.metadata.name).sorted()).joined(separator: " ")
            case .upsert(let item): "upsert \(item.metadata.name)"
            case .delete(let item): "delete \(item.metadata.name)"
            }
        words.withLock { $0.append(line) }
    }
}

typealias Watcher = ObjectWatcher<MetadataOnly>

extension WatchStateMachine<MetadataOnly>.Policy {
    /// Short delays, to keep tests short.
    static var short: Self {
        var policy = Self()
        policy.retry = Backoff(initial: .milliseconds(50), longest: .milliseconds(500))
        policy.forbidden = .milliseconds(100)
        policy.healthy = .zero
        return policy
    }
}

/// Runs a watcher while `body` runs.
func watching(_ watcher: Watcher, _ body: (Transcript) async throws -> Void) async throws {
    let transcript = Transcript()
    try await withThrowingTaskGroup { group in
        group.addTask { await watcher.run(transcript.record) }
        try await body(transcript)
        group.cancelAll()
    }
}
