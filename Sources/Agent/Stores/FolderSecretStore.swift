package import Distribution
import Glibc
import Kube
package import LinuxIO
import MountWatch
package import Observability
import YAML

/// Targets as manifests below a folder, `<namespace>/<name>.yaml`, mode 0600, each replaced as a whole.
///
/// Runs on a thread of its own: file writes block.
package actor FolderSecretStore: SecretStore {
    private let executor: OwnedThreadExecutor
    private let root: String
    private let managedBy: String
    private let timing: WatchLoop.Timing
    private let logger: Logger
    /// What was read or written by name since the last look: a file that no look has seen may be gone by the next one.
    private var handed: [ObjectKey: ObservedTarget] = [:]

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// In a dry run the folder is left as it is, and it may be none.
    ///
    /// - Throws: when no thread can be started, or the folder cannot be made.
    package init(settings: Settings, root: String, logger: Logger) throws(LinuxError) {
        executor = try OwnedThreadExecutor(name: "output")
        self.root = root
        managedBy = settings.managedBy
        timing = WatchLoop.Timing(
            quiet: settings.debounceQuiet, longest: settings.debounceMax, pollInterval: settings.pollInterval)
        self.logger = logger
        guard !settings.dryRun else { return }
        try Directory.create(path: root, mode: 0o700)
        try Self.removeLeftovers(below: root)
    }

    /// What a write was at when the process was killed holds secrets too.
    private static func removeLeftovers(below root: String) throws(LinuxError) {
        for namespace in try Directory(path: root).entries().entries where namespace.kind == .directory {
            let folder = try Directory(path: "\(root)/\(namespace.name)")
            for entry in try folder.entries().entries where AtomicFile.isTemporary(entry.name) {
                _ = try AtomicFile.remove(named: entry.name, in: folder)
            }
        }
    }

    package func list(_ scope: Scope) async throws(StoreError) -> [ObservedTarget] {
        try files(in: scope, since: [:]).values.compactMap(\.target).sorted { $0.key < $1.key }
    }

    /// Reads the files that have changed since they were looked at.
    private func files(
        in scope: Scope, since last: [ObjectKey: LookedAt]
    ) throws(StoreError) -> [ObjectKey: LookedAt] {
        var files: [ObjectKey: LookedAt] = [:]
        for namespace in try names(in: root) where scope.contains(namespace) {
            guard let folder = try folder(of: namespace) else { continue }
            for file in try names(in: "\(root)/\(namespace)") where file.hasSuffix(".yaml") {
                let key = ObjectKey(namespace: namespace, name: String(file.dropLast(5)))
                let version = try? folder.version(ofBeneath: file)
                if let known = last[key], known.version == version {
                    files[key] = known
                    continue
                }
                do throws(StoreError) {
                    guard let target = try read(key)?.observed else { continue }
                    let isOurs = target.labels[Marks.managedByLabel] == managedBy
                    files[key] = LookedAt(version: target.resourceVersion, target: isOurs ? target : nil)
                } catch {
                    logger.warning("manifest cannot be read", ["error": .string(error.description)])
                }
            }
        }
        return files
    }

    /// Nil: it is none.
    private func folder(of namespace: String) throws(StoreError) -> Directory? {
        do {
            return try Directory(path: "\(root)/\(namespace)")
        } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return nil }
            throw .unavailable(error.description, retryAfter: nil)
        }
    }

    package func watch(_ scope: Scope, _ observer: FeedObserver<ObservedTarget>) async {
        let (looks, look) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let loop = WatchLoop(
            path: root, timing: timing, logger: logger, heartbeat: observer.heartbeat,
            look: { _ in
                look.yield()
                return true
            })
        defer { loop.stop() }
        do {
            try loop.start()
        } catch {
            await observer.failed(.unavailable(error.description, retryAfter: nil))
            look.yield()
        }
        var known: [ObjectKey: LookedAt]?
        var isFailing = false
        for await _ in looks {
            do {
                let files = try files(in: scope, since: known ?? [:])
                let unseen = handed.filter { scope.contains($0.key.namespace) }
                for key in unseen.keys { handed[key] = nil }
                for (key, target) in unseen where files[key]?.target == nil && known?[key]?.target == nil {
                    await observer.event(.delete(target))
                }
                for event in Self.events(from: known, to: files) { await observer.event(event) }
                known = files
                if isFailing { await observer.recovered() }
                isFailing = false
            } catch {
                isFailing = true
                await observer.failed(error)
            }
        }
    }

    /// - Parameter old: nil: nothing was told yet.
    private static func events(
        from old: [ObjectKey: LookedAt]?, to new: [ObjectKey: LookedAt]
    ) -> [FeedEvent<ObservedTarget>] {
        guard let old else { return [.replace(new.values.compactMap(\.target))] }
        let changed = new.filter { old[$0.key]?.version != $0.value.version }.compactMap(\.value.target)
        let gone = old.compactMap { new[$0.key]?.target == nil ? $0.value.target : nil }
        return changed.map { .upsert($0) } + gone.map { .delete($0) }
    }

    package func observe(_ key: ObjectKey) async throws(StoreError) -> ObservedTarget? {
        let found = try read(key)?.observed
        handed[key] = found
        return found
    }

    package func create(_ target: DesiredTarget) async throws(StoreError) -> ObservedTarget {
        guard try read(target.key) == nil else { throw .changed("\(path(target.key)) is there already") }
        return try write(target.manifest(), target.key)
    }

    package func update(_ target: ObservedTarget, _ patch: TargetPatch) async throws(StoreError) -> ObservedTarget {
        var manifest = try unchanged(target).merging(patch.mergePatch(of: target))
        // A file has neither; they were preconditions.
        manifest = manifest.merging(["metadata": ["uid": nil, "resourceVersion": nil]])
        return try write(manifest, target.key)
    }

    package func recreate(
        _ target: ObservedTarget, as desired: DesiredTarget
    ) async throws(StoreError) -> ObservedTarget {
        try write(desired.manifest(inPlaceOf: try unchanged(target)["metadata"]), target.key)
    }

    package func delete(_ target: ObservedTarget) async throws(StoreError) {
        _ = try unchanged(target)
        try files { () throws(LinuxError) in
            let folder = try Directory(path: "\(root)/\(target.key.namespace)")
            _ = try AtomicFile.remove(named: "\(target.key.name).yaml", in: folder)
        }
    }
}

/// What a file was found to hold.
private struct LookedAt {
    /// As the store gives it for its resource version.
    let version: String
    /// Nil: none of ours.
    let target: ObservedTarget?
}

extension FolderSecretStore {
    private struct Manifest {
        let content: JSONValue
        let observed: ObservedTarget
    }

    private func path(_ key: ObjectKey) -> String { "\(root)/\(key).yaml" }

    /// - Throws: `.changed` if it is not as it was observed.
    private func unchanged(_ target: ObservedTarget) throws(StoreError) -> JSONValue {
        guard let manifest = try read(target.key), manifest.observed.resourceVersion == target.resourceVersion else {
            throw .changed("\(path(target.key)) was changed meanwhile")
        }
        return manifest.content
    }

    private func read(_ key: ObjectKey) throws(StoreError) -> Manifest? {
        try check(key)
        let file: (bytes: [UInt8], version: String)?
        do {
            let folder = try Directory(path: root)
            file = try folder.content(ofBeneath: "\(key).yaml", limit: 4 << 20)
        } catch {
            if error.code == ENOENT { return nil }
            throw .unavailable(error.description, retryAfter: nil)
        }
        guard let file else { throw .rejected("\(path(key)) is no file or too large") }
        do {
            guard let document = try YAMLParser.documents(in: file.bytes).first else {
                throw StoreError.rejected("\(path(key)) is empty, expected a Secret")
            }
            let json = document.json()
            let content = try JSONValue(json: json)
            var observed = try JSONBytes.decode(SecretObject.self, from: json).observed
            observed.key = key
            observed.uid = ""
            observed.resourceVersion = file.version
            return Manifest(content: content, observed: observed)
        } catch let error as StoreError {
            throw error
        } catch let error as YAMLError {
            throw .rejected("\(path(key)) is no YAML: \(error)")
        } catch {
            throw .rejected("\(path(key)) is no Secret")
        }
    }

    private func write(_ manifest: JSONValue, _ key: ObjectKey) throws(StoreError) -> ObservedTarget {
        try check(key)
        let bytes: [UInt8]
        do {
            bytes = try YAMLEmitter.emit(YAMLValue(manifest, first: ["apiVersion", "kind", "metadata", "type"]))
        } catch {
            throw .rejected("\(path(key)) cannot be written as YAML: \(error)")
        }
        try files { () throws(LinuxError) in
            try Directory.create(path: "\(root)/\(key.namespace)", mode: 0o700)
            let folder = try Directory(path: "\(root)/\(key.namespace)")
            try bytes.withUnsafeBufferPointer { (buffer) throws(LinuxError) in
                try AtomicFile.write(UnsafeRawBufferPointer(buffer), named: "\(key.name).yaml", in: folder, mode: 0o600)
            }
        }
        guard let written = try read(key) else { throw .changed("\(path(key)) was removed meanwhile") }
        handed[key] = written.observed
        return written.observed
    }

    /// A namespace or name never leads out of the folder; both were validated, this is the last guard.
    private func check(_ key: ObjectKey) throws(StoreError) {
        for part in [key.namespace, key.name].map(\.utf8)
        where part.isEmpty || part.first == UInt8(ascii: ".") || part.contains(UInt8(ascii: "/")) {
            throw .rejected("\(key) cannot be the name of a file below \(root)")
        }
    }

    private func names(in folder: String) throws(StoreError) -> [String] {
        do {
            return try Directory(path: folder).entries().entries.map(\.name).filter { !$0.hasPrefix(".") }.sorted()
        } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return [] }
            throw .unavailable(error.description, retryAfter: nil)
        }
    }

    private func files(_ body: () throws(LinuxError) -> Void) throws(StoreError) {
        do {
            try body()
        } catch {
            throw .unavailable(error.description, retryAfter: nil)
        }
    }
}

extension YAMLValue {
    /// - Parameter first: keys of the root in the order that people expect; the others follow by name.
    init(_ value: JSONValue, first: [String] = []) {
        switch value {
        case .object(let members):
            let keys = first.filter { members[$0] != nil } + members.keys.filter { !first.contains($0) }.sorted()
            self = .mapping(keys.map { Entry($0, YAMLValue(members[$0] ?? .null)) })
        case .array(let elements): self = .sequence(elements.map { YAMLValue($0) })
        case .string(let text): self = .string(text)
        case .int(let number): self = .int(number)
        case .double(let number): self = .string(String(number))
        case .bool(let flag): self = .bool(flag)
        case .null: self = .null
        }
    }
}
