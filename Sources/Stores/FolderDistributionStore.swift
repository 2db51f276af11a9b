package import Distribution
import LinuxIO
package import MountWatch
package import Observability
package import Planning
import Snapshots

/// Distributions and namespaces from YAML files below a folder. The folder is watched like the mount, and may be an
/// atomically written volume too.
///
/// If a file cannot be parsed, its last valid content stays in force. Statuses are kept only in memory.
package final class FolderDistributionStore: DistributionStore {
    private let timing: WatchLoop.Timing
    private let path: String
    private let logger: Logger
    /// The names of namespaces that need no manifest.
    private let namespaces: [String]
    private let output: OutputSettings
    /// The namespaces whose distributions are used; nil for all.
    private let only: [String]?
    private let state = Mutex(State())
    /// The readings of the one watcher, for all who watch other kinds of objects.
    private let snapshots = SnapshotBroadcast()

    private struct State {
        /// By file: its last valid content.
        var lastGood: [String: Content] = [:]
        var current: [ObjectKey: SecretsDistribution] = [:]
        /// Files that cannot be read or parsed completely, so that their distributions are not known.
        var faulty: Set<String> = []
        /// By file: the problems that were last logged, so that they are not logged at each reading.
        var complaints: [String: [String]] = [:]
    }

    /// The content of one file.
    private struct Content {
        var distributions: [SecretsDistribution] = []
        var namespaces: [Namespace] = []
    }

    /// - Parameters:
    ///   - namespaces: the names of namespaces that need no manifest.
    ///   - output: where the targets are written. Without namespaces, the targets of all namespaces share their paths.
    ///   - only: the namespaces whose distributions are used; nil for all.
    package init(
        path: String, namespaces: [String] = [], output: OutputSettings = OutputSettings(), only: [String]? = nil,
        timing: WatchLoop.Timing, logger: Logger
    ) {
        self.timing = timing
        self.path = path
        self.namespaces = namespaces
        self.output = output
        self.only = only
        self.logger = logger
    }

    package func listNamespaces() async throws(StoreError) -> [Namespace] {
        switch MountWatcher.read(path: path) {
        case .snapshot(let snapshot): return namespaces(in: snapshot)
        case .absent(let reason), .lost(let reason):
            throw .unavailable("cannot read the namespaces: \(reason)", retryAfter: nil)
        }
    }

    package func watchNamespaces(_ observer: WatchHandler<Namespace>) async {
        await listen(observer) { self.namespaces(in: $0) }
    }

    package func namespace(_ name: String) async throws(StoreError) -> Namespace? {
        try await listNamespaces().first { $0.name == name }
    }

    /// The namespaces that are named or have a manifest.
    private func namespaces(in snapshot: Snapshot) -> [Namespace] {
        var all = Dictionary(uniqueKeysWithValues: Set(namespaces).map { ($0, Namespace(name: $0, uid: $0)) })
        for (name, file) in snapshot.files where Manifests.isManifest(name) {
            var content = Content()
            if case .content(let bytes, _) = file {
                let parsed = Manifests.parse(bytes.withUnsafeBytes { Array($0) }, file: name)
                content.namespaces = parsed.namespaces
                if !parsed.isComplete { content = state.withLock { $0.lastGood[name] } ?? content }
            } else {
                content = state.withLock { $0.lastGood[name] } ?? content
            }
            for namespace in content.namespaces { all[namespace.name] = namespace }
        }
        return Array(all.values)
    }

    package func list(_ scope: Scope) async throws(StoreError) -> [SecretsDistribution] {
        switch MountWatcher.read(path: path) {
        case .snapshot(let snapshot): return distributions(in: snapshot, scope)
        case .absent(let reason), .lost(let reason):
            throw .unavailable("cannot read the distributions: \(reason)", retryAfter: nil)
        }
    }

    package func watch(_ scope: Scope, _ observer: WatchHandler<SecretsDistribution>) async {
        if scope == .cluster { return await listen(observer) { self.distributions(in: $0, scope) } }
        await observer.follow(path, timing: timing, logger: logger) { snapshot in
            await observer.event(.replace(distributions(in: snapshot, scope)))
            snapshots.send(snapshot)
        }
    }

    /// Reports what the watcher of the distributions has read.
    private func listen<Item>(_ observer: WatchHandler<Item>, _ items: @Sendable (Snapshot) -> [Item]) async {
        let (stream, end) = snapshots.listen()
        defer { end() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await observer.idle() }
            for await snapshot in stream { await observer.event(.replace(items(snapshot))) }
            group.cancelAll()
        }
    }

    /// - Throws: `.rejected` if no file defines it but a file cannot be used, which may define it.
    package func current(_ key: ObjectKey) async throws(StoreError) -> SecretsDistribution? {
        let (current, faulty) = state.withLock { ($0.current[key], $0.faulty) }
        if current == nil, let file = faulty.min() {
            throw .rejected("cannot determine whether distribution \(key) was deleted: \(file) cannot be used")
        }
        return current
    }

    package func faults() async -> [String] { state.withLock { $0.complaints.values.flatMap { $0 }.sorted() } }

    package func write(
        _ status: StoredStatus, to distribution: SecretsDistribution, on definition: DefinitionTraits
    ) async throws(StoreError) -> (SecretsDistribution, DefinitionTraits) {
        var stored = distribution
        stored.status = status
        state.withLock { $0.current[stored.key]?.status = status }
        return (stored, definition)
    }

    private func distributions(in snapshot: Snapshot, _ scope: Scope) -> [SecretsDistribution] {
        state.withLock { state in
            var found: [ObjectKey: SecretsDistribution] = [:]
            var seen: Set<ObjectKey> = []
            let files = snapshot.files.filter { Manifests.isManifest($0.key) }
            for (name, file) in files.sorted(by: { $0.key < $1.key }) {
                var complaints = Complaints(file: name)
                for var distribution in content(of: name, file, &state, &complaints).distributions {
                    guard seen.insert(distribution.key).inserted else {
                        complaints.add("\(distribution.key) is already defined in another file")
                        continue
                    }
                    guard scope.contains(distribution.key.namespace), isUsed(distribution) else { continue }
                    if !output.hasNamespaces { distribution = distribution.withoutNamespace(target: output.onlyTarget) }
                    distribution.status = state.current[distribution.key]?.status ?? StoredStatus()
                    found[distribution.key] = distribution
                }
                let texts = complaints.texts
                if state.complaints.updateValue(texts, forKey: name) ?? [] != texts {
                    for text in texts {
                        logger.error("manifest has a problem", ["file": .string(name), "problem": .string(text)])
                    }
                }
            }
            for name in Array(state.lastGood.keys) where files[name] == nil { state.lastGood[name] = nil }
            for name in Array(state.complaints.keys) where files[name] == nil { state.complaints[name] = nil }
            state.faulty.formIntersection(files.keys)
            state.current = state.current.filter { !scope.contains($0.key.namespace) }.merging(found) { $1 }
            return Array(found.values)
        }
    }

    private func isUsed(_ distribution: SecretsDistribution) -> Bool {
        only.map { distribution.isCluster || $0.contains(distribution.key.namespace) } ?? true
    }

    private func content(
        of name: String, _ file: SourceFile, _ state: inout State, _ complaints: inout Complaints
    ) -> Content {
        switch file {
        case .failed(let error):
            complaints.add("\(error)")
            state.faulty.insert(name)
        case .content(let bytes, _):
            let parsed = Manifests.parse(bytes.withUnsafeBytes { Array($0) }, file: name)
            for problem in parsed.problems { complaints.add(problem) }
            if parsed.isComplete {
                state.lastGood[name] = Content(
                    distributions: parsed.usable(defaultNamespace: "default"), namespaces: parsed.namespaces)
                state.faulty.remove(name)
            } else {
                state.faulty.insert(name)
                complaints.isStale = true
            }
        }
        return state.lastGood[name] ?? Content()
    }
}

/// The problems of one file, to be logged.
private struct Complaints {
    private static let most = 20

    let file: String
    /// Whether the file's last valid content is used.
    var isStale = false
    private var first: [String] = []
    private var others = 0

    init(file: String) { self.file = file }

    mutating func add(_ problem: String) { add(Finding(file: file, line: 0, message: problem)) }

    mutating func add(_ problem: Finding) {
        if first.count < Self.most { first.append(problem.description) } else { others += 1 }
    }

    var texts: [String] {
        let more = others > 0 ? ["\(file): \(others) more problems; the check command shows all"] : []
        return first + more + (isStale ? ["\(file): its last valid content stays in force"] : [])
    }
}

/// Passes each snapshot on to all listeners. A new listener receives the last one first.
private final class SnapshotBroadcast: Sendable {
    private struct State {
        var last: Snapshot?
        var listeners: [Int: AsyncStream<Snapshot>.Continuation] = [:]
        var count = 0
    }

    private let state = Mutex(State())

    func send(_ snapshot: Snapshot) {
        state.withLock { state in
            state.last = snapshot
            for listener in state.listeners.values { listener.yield(snapshot) }
        }
    }

    /// - Returns: the snapshots, and a function that ends the stream.
    func listen() -> (AsyncStream<Snapshot>, @Sendable () -> Void) {
        let (stream, listener) = AsyncStream<Snapshot>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.count += 1
            state.listeners[state.count] = listener
            if let last = state.last { listener.yield(last) }
            return state.count
        }
        return (
            stream,
            {
                self.state.withLock { $0.listeners[number] = nil }
                listener.finish()
            }
        )
    }
}
