package import Distribution
import Glibc
import JSON
import Kube
import LinuxIO
package import MountWatch
package import Observability
package import Planning

/// Targets as files below a folder, each target replaced atomically: manifests, or files for an application, see
/// `OutputSettings.Format`.
///
/// Runs on its own thread, because file writes block.
package actor FolderSecretStore: SecretStore {
    private let executor: OwnedThreadExecutor
    private let path: String
    private let hasNamespaces: Bool
    private let layout: any OutputLayout
    /// Nil if the folder does not exist, which is allowed in a dry run.
    private var folder: OutputFolder?
    private let isDryRun: Bool
    /// Whether somebody is notified of new content.
    private var isNotifying = false
    /// The number of writes of content.
    private var contentWrites = 0
    private let managedBy: String
    private let timing: WatchLoop.Timing
    private let logger: Logger
    /// Targets that were read or written by name since the last scan. A file that no scan has seen may be deleted
    /// before the next one, which must then report the deletion.
    private var recentTargets: [ObjectKey: ObservedTarget] = [:]
    /// The problem that was last logged about a file or a namespace's folder, so that it is not logged at each scan.
    private var complaints: [ObjectKey: String] = [:]

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Opens the folder, and creates it if it is missing. A dry run does not change the folder, which need not exist.
    ///
    /// - Throws: `LinuxError` if no thread can be started or the folder cannot be created; `ConfigurationError` if
    ///   others own the folder or may write to it, if another process uses it, or if it cannot have the group.
    package init(
        path root: String, settings: OutputSettings = OutputSettings(), managedBy: String, timing: WatchLoop.Timing,
        isDryRun: Bool, logger: Logger
    ) throws {
        executor = try OwnedThreadExecutor(name: "output")
        path = root
        hasNamespaces = settings.hasNamespaces
        layout =
            settings.format == .manifests
            ? ManifestLayout(root: root) : ApplicationLayout(root: root, managedBy: managedBy, settings)
        self.managedBy = managedBy
        self.timing = timing
        self.logger = logger
        self.isDryRun = isDryRun
        let opened = try OutputFolder.open(root, hasNamespaces: hasNamespaces, creates: !isDryRun)
        folder = opened
        guard !isDryRun, let opened else { return }
        try opened.recover(layout) { error in
            logger.warning("temporary files of an interrupted write may remain", ["error": .string(error)])
        }
        if let group = settings.attributes.group, !hasNamespaces { try opened.check(group) }
        try opened.restoreAll(layout) { error in
            logger.warning("output files cannot be restored", ["error": .string(error)])
        }
    }

    /// The folder; nil if it does not exist in a dry run.
    private func output() throws(StoreError) -> OutputFolder? {
        if let folder { return folder }
        do {
            folder = try OutputFolder.open(path, hasNamespaces: hasNamespaces, creates: false)
        } catch {
            throw .unavailable("\(error)", retryAfter: nil)
        }
        return folder
    }

    package func list(_ scope: Scope) async throws(StoreError) -> [ObservedTarget] {
        try files(in: scope, since: [:]).values.compactMap(\.target).sorted { $0.key < $1.key }
    }

    /// Scans the folder, and reads the files that have changed since the last scan. A file that cannot be read keeps
    /// its last readable state.
    private func files(
        in scope: Scope, since last: [ObjectKey: ScannedFile]
    ) throws(StoreError) -> [ObjectKey: ScannedFile] {
        var files: [ObjectKey: ScannedFile] = [:]
        guard let output = try output() else { return files }
        let known = last.merging(recentTargets.mapValues(scanned(_:))) { known, _ in known }
        var faults: [ObjectKey: String] = [:]
        // Include known namespaces whose folder was removed or replaced.
        for namespace in Set(try output.namespaces()).union(known.keys.map(\.namespace)) where scope.contains(namespace)
        {
            do throws(StoreError) {
                guard let folder = try output.namespace(namespace) else { continue }
                for name in try orUnavailable({ () throws(LinuxError) in try layout.names(in: folder) }) {
                    let key = ObjectKey(namespace: namespace, name: name)
                    do throws(StoreError) {
                        files[key] = try scan(key, in: folder, last[key])
                    } catch {
                        faults[key] = error.description
                        // A readable file that does not hold a Secret is not kept.
                        if case .rejected = error { continue }
                        files[key] = known[key]
                    }
                }
            } catch {
                // A namespace's folder that cannot be used does not affect the other namespaces.
                faults[ObjectKey(namespace: namespace, name: "")] = error.description
                files.merge(known.filter { $0.key.namespace == namespace }) { $1 }
            }
        }
        complain(of: faults, in: scope)
        return files
    }

    /// Logs new problems.
    ///
    /// - Parameter faults: by manifest, or by namespace with an empty name for its folder.
    private func complain(of faults: [ObjectKey: String], in scope: Scope) {
        for (key, error) in faults.sorted(by: { $0.key < $1.key }) where complaints[key] != error {
            let file = key.name.isEmpty ? key.namespace : String(layout.path(of: key).dropFirst(path.utf8.count + 1))
            logger.warning("manifest cannot be read", ["file": .string(file), "error": .string(error)])
        }
        complaints = complaints.filter { !scope.contains($0.key.namespace) }.merging(faults) { $1 }
    }

    /// Reads a file if its version changed; nil if there is no such file.
    private func scan(
        _ key: ObjectKey, in folder: borrowing Directory, _ known: ScannedFile?
    ) throws(StoreError) -> ScannedFile? {
        if let known, known.version == (try? layout.version(of: key.name, in: folder)) { return known }
        if !isDryRun {
            try orUnavailable { () throws(LinuxError) in try layout.restore(key.name, in: folder) }
        }
        return try layout.read(key, in: folder).map { scanned($0.observed) }
    }

    private func scanned(_ target: ObservedTarget) -> ScannedFile {
        let isOurs = target.labels[WellKnownKeys.managedByLabel] == managedBy
        return ScannedFile(version: target.resourceVersion, target: isOurs ? target : nil)
    }

    package func watch(_ scope: Scope, _ observer: WatchHandler<ObservedTarget>) async {
        let (scans, scanRequests) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let loop = WatchLoop(
            path: path, depth: layout.depth, timing: timing, logger: logger, heartbeat: observer.heartbeat,
            readFolder: { _ in
                scanRequests.yield()
                return true
            })
        defer { loop.stop() }
        do {
            try loop.start()
        } catch {
            await observer.failed(.unavailable(error.description, retryAfter: nil))
            scanRequests.yield()
        }
        var known: [ObjectKey: ScannedFile]?
        var isFailing = false
        for await _ in scans {
            do {
                let files = try files(in: scope, since: known ?? [:])
                let unseen = recentTargets.filter { scope.contains($0.key.namespace) }
                for key in unseen.keys { recentTargets[key] = nil }
                for (key, target) in unseen where files[key]?.target == nil && known?[key]?.target == nil {
                    await observer.event(.delete(target))
                }
                for event in Self.events(from: known, to: files) { await observer.event(event) }
                known = files
                if isFailing {
                    logger.info("output folder can be read again", ["path": .string(path)])
                    await observer.recovered()
                }
                isFailing = false
            } catch {
                if !isFailing { logger.error("output folder cannot be read", ["error": .string(error.description)]) }
                isFailing = true
                await observer.failed(error)
            }
        }
    }

    /// The events for the differences between two scans.
    ///
    /// - Parameter old: nil before the first scan.
    private static func events(
        from old: [ObjectKey: ScannedFile]?, to new: [ObjectKey: ScannedFile]
    ) -> [ListWatchEvent<ObservedTarget>] {
        guard let old else { return [.replace(new.values.compactMap(\.target))] }
        let changed = new.filter { old[$0.key]?.version != $0.value.version }.compactMap(\.value.target)
        let gone = old.compactMap { new[$0.key]?.target == nil ? $0.value.target : nil }
        return changed.map { .upsert($0) } + gone.map { .delete($0) }
    }

    package func observe(_ key: ObjectKey) async throws(StoreError) -> ObservedTarget? {
        let found = try read(key)?.observed
        recentTargets[key] = found
        return found
    }

    package func create(_ target: DesiredTarget) async throws(StoreError) -> ObservedTarget {
        guard try read(target.key) == nil else { throw .changed("\(layout.path(of: target.key)) already exists") }
        try recordContentWrite()
        return try write(target.manifest(), target.key)
    }

    package func update(_ target: ObservedTarget, _ patch: TargetPatch) async throws(StoreError) -> ObservedTarget {
        var manifest = try unchanged(target).merging(patch.mergePatch(of: target))
        // The preconditions of the patch, which a file does not have.
        manifest = manifest.merging(["metadata": ["uid": nil, "resourceVersion": nil]])
        if patch.changesContent { try recordContentWrite() }
        return try write(manifest, target.key)
    }

    package func recreate(
        _ target: ObservedTarget, as desired: DesiredTarget
    ) async throws(StoreError) -> ObservedTarget {
        let old = try unchanged(target)
        let kept = (old["data"]?.object ?? [:]).filter { desired.storedKeys.contains($0.key) }
        try recordContentWrite()
        return try write(desired.manifest(inPlaceOf: old["metadata"], keeping: kept), target.key)
    }

    package func delete(_ target: ObservedTarget) async throws(StoreError) {
        _ = try unchanged(target)
        guard let folder = try output()?.namespace(target.key.namespace) else { return }
        try recordContentWrite()
        try orUnavailable { () throws(LinuxError) in try layout.remove(target.key.name, in: folder) }
    }

    package nonisolated func refusal(of target: DesiredTarget) -> Refusal? { layout.refusal(of: target) }
}

/// What somebody still has to be notified of. It is recorded in the folder before the content is written, so that it
/// survives the end of the process.
extension FolderSecretStore {
    private func recordContentWrite() throws(StoreError) {
        guard isNotifying else { return }
        contentWrites += 1
        try output()?.setNotificationDue(true)
    }

    /// From now on, somebody is notified of new content.
    ///
    /// - Returns: the targets that a previous process had to notify of and did not.
    package func beginNotifying() throws(StoreError) -> [ObjectKey] {
        isNotifying = true
        guard let output = try output(), try output.isNotificationDue() else { return [] }
        return try files(in: .all, since: [:]).keys.sorted()
    }

    /// The number of writes of content so far, for `endNotification`.
    package func countOfContentWrites() -> Int { contentWrites }

    /// Records that everybody was notified of all content.
    ///
    /// - Parameter writes: the number of writes before the notification. If there were more since, nothing is recorded.
    package func endNotification(of writes: Int) throws(StoreError) {
        guard writes == contentWrites else { return }
        try output()?.setNotificationDue(false)
    }
}

/// A file at its last scan.
private struct ScannedFile {
    /// The version that the store uses as the resource version.
    let version: String
    /// Nil if the file does not hold a Secret of ours.
    let target: ObservedTarget?
}

extension FolderSecretStore {
    /// Reads the manifest of a target.
    ///
    /// - Throws: `.changed` if the file has changed since it was observed.
    private func unchanged(_ target: ObservedTarget) throws(StoreError) -> JSONValue {
        guard let manifest = try read(target.key), manifest.observed.resourceVersion == target.resourceVersion else {
            throw .changed("\(layout.path(of: target.key)) was changed by another writer")
        }
        return manifest.content
    }

    private func read(_ key: ObjectKey) throws(StoreError) -> SecretManifest? {
        try check(key)
        guard let folder = try output()?.namespace(key.namespace) else { return nil }
        return try layout.read(key, in: folder)
    }

    private func write(_ content: JSONValue, _ key: ObjectKey) throws(StoreError) -> ObservedTarget {
        try check(key)
        guard let folder = try output()?.namespace(key.namespace, creates: true) else {
            throw .changed("the folder of \(layout.path(of: key)) was removed")
        }
        try layout.write(content, key, in: folder)
        guard let written = try layout.read(key, in: folder) else {
            throw .changed("\(layout.path(of: key)) was removed by another writer")
        }
        // Somebody may change it at once: that is drift, and not how it was stored.
        let wanted = try SecretManifest(content, version: "", key: key, path: layout.path(of: key)).observed
        guard written.observed.digests == wanted.digests else {
            throw .changed("\(layout.path(of: key)) was changed by another writer")
        }
        recentTargets[key] = written.observed
        return written.observed
    }

    /// Checks that namespace and name are single path components. Both were validated before; this is a safeguard.
    private func check(_ key: ObjectKey) throws(StoreError) {
        for part in [key.namespace, key.name].map(\.utf8)
        where part.isEmpty || part.first == UInt8(ascii: ".") || part.contains(UInt8(ascii: "/")) {
            throw .rejected("\(key) cannot be the name of a file below \(path)")
        }
    }
}
