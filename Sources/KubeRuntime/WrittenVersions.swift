import LinuxIO

/// The versions of objects that were written and whose events have not arrived yet. An event about one of them shows nothing
/// that the response to the write did not show, so a watcher need not decode it.
package final class WrittenVersions: Sendable {
    /// The maximum number of versions: far more than there are writes in flight. Forgetting some only means that their
    /// events are decoded.
    private static let limit = 1024

    /// By uid.
    private let versions = Mutex<[String: String]>([:])

    package init() {}

    /// Records the response to a write.
    package func record(uid: String, resourceVersion: String) {
        versions.withLock { versions in
            // Of objects whose event came before the response, or never.
            if versions.count >= Self.limit { versions = [:] }
            versions[uid] = resourceVersion
        }
    }

    /// Whether the version was written, and its event arrives for the first time.
    func take(uid: String, resourceVersion: String) -> Bool {
        versions.withLock { versions in
            guard versions[uid] == resourceVersion else { return false }
            versions[uid] = nil
            if versions.isEmpty { versions = [:] }
            return true
        }
    }

    /// Forgets all: a list may show that the server has gone back to older versions, whose numbers it uses again.
    func removeAll() { versions.withLock { $0 = [:] } }
}
