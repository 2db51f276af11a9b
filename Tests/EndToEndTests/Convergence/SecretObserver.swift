import Distribution
import LinuxIO

/// Checks every version of every Secret for content that must never appear.
final class SecretObserver: Sendable {
    private struct State {
        var violations: [String] = []
        /// For each Secret, the first version of the vault that its last content can have.
        var reached: [String: Int] = [:]
        var seen = 0
        /// Contents may go back while etcd is being restored.
        var isRestoring = false
        var markers: Set<String> = []
        /// UIDs of Secrets that have optional keys of the nested volume.
        var whole: Set<String> = []
    }

    private let oracle: Oracle
    /// The resource versions of Secrets of others, which must not change.
    private let foreign: [String: String]
    private let state = Mutex(State())

    init(_ oracle: Oracle, foreign: [String: String]) {
        self.oracle = oracle
        self.foreign = foreign
    }

    var violations: [String] { state.withLock { $0.violations } }
    /// The number of contents that were checked.
    var seen: Int { state.withLock { $0.seen } }

    /// Until `restored` is called, contents may be older than those seen before.
    func willRestore() { state.withLock { $0.isRestoring = true } }

    func restored() {
        state.withLock { state in
            state.isRestoring = false
            state.reached = [:]
        }
    }

    /// Whether a Secret with this name, which starts with "marker", was seen.
    func hasSeen(_ marker: String) -> Bool { state.withLock { $0.markers.contains(marker) } }

    func see(_ secret: LiveSecret) {
        let name = secret.metadata.name
        if name.hasPrefix("marker") {
            state.withLock { _ = $0.markers.insert("\(secret.namespace)/\(name)") }
            return
        }
        let key = "\(secret.namespace)/\(secret.metadata.name)"
        if let version = foreign[key] {
            if secret.version != version { report("\(key) of another owner was changed") }
            return
        }
        let texts = secret.texts
        guard secret.metadata.annotations?[WellKnownKeys.managedBy] == oracle.managedBy,
            !texts.values.contains(where: { $0.hasPrefix(Oracle.byHand) })
        else { return }
        if sees(secret.metadata.uid ?? "", texts, of: key) { return }
        guard let age = oracle.age(texts, of: key) else {
            return report("\(key) held forbidden content: \(secret.versions)")
        }
        state.withLock { state in
            state.seen += 1
            if state.isRestoring { return }
            if let reached = state.reached[key], age.upperBound < reached {
                state.violations.append("\(key) went back from version \(reached) to \(age): \(secret.versions)")
            }
            state.reached[key] = age.lowerBound
        }
    }

    /// While a volume is unmounted, a Secret keeps its keys or, if it is created then, never had them.
    ///
    /// - Returns: whether it has none of them.
    private func sees(_ uid: String, _ texts: [String: String], of key: String) -> Bool {
        let isBare = texts.count == 1 && texts.values.allSatisfy { $0 == oracle.vault.state[Vault.constant] }
        let isNested = texts.values.contains { $0.hasPrefix(Vault.nested[0]) }
        let lost = state.withLock { state in
            if isBare { return state.whole.contains(uid) }
            if isNested { state.whole.insert(uid) } else { state.whole.remove(uid) }
            return false
        }
        if lost { report("\(key) lost the optional keys of an unmounted volume") }
        return isBare
    }

    private func report(_ text: String) { state.withLock { $0.violations.append(text) } }
}
