import MountWatch
import Observability
import Snapshots

/// What the stores of local mode do with the folders that they read.
extension WatchHandler {
    /// Watches a folder until cancelled, and calls `read` with each reading. An absent folder is not a reading.
    func follow(
        _ path: String, timing: WatchLoop.Timing, logger: Logger, _ read: (Snapshot) async -> Void
    ) async {
        let folder = MountWatcher(path: path, timing: timing, logger: logger, heartbeat: heartbeat)
        defer { folder.stop() }
        do {
            try folder.start()
        } catch {
            logger.error("folder cannot be watched", ["error": .string(error.description)])
            await failed(.unavailable(error.description, retryAfter: nil))
            return
        }
        for await reading in folder.readings {
            if case .snapshot(let snapshot) = reading { await read(snapshot) }
        }
    }

    /// Waits until cancelled: for a watch of something that never changes, or that another watch reports.
    func idle() async {
        while !Task.isCancelled {
            heartbeat?.beat()
            try? await Task.sleep(for: .seconds(60), tolerance: .seconds(10))
        }
    }
}
