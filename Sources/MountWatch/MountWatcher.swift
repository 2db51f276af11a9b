package import LinuxIO
package import Observability
import Snapshots

/// Watches the mount and provides a stream of readings, one for each change.
package final class MountWatcher: Sendable {
    private let loop: WatchLoop
    private let reader: MountReader

    /// Creates a watcher. It does nothing before `start`.
    ///
    /// - Parameters:
    ///   - path: the mount, which may appear and disappear.
    ///   - timing: when to read after a change, and without one.
    ///   - heartbeat: see `WatchLoop`; also beats for each file that is read.
    ///   - inotify: creates the inotify instance; only tests of its failure replace it.
    package init(
        path: String, timing: WatchLoop.Timing, logger: Logger,
        heartbeat: Heartbeat? = nil,
        inotify: @escaping DirectoryWatcher.Factory = { () throws(LinuxError) in try Inotify() }
    ) {
        let reader = MountReader(path: path, logger: logger, heartbeat: heartbeat)
        self.reader = reader
        loop = WatchLoop(
            path: path, timing: timing, logger: logger,
            inotify: inotify, heartbeat: heartbeat, read: { reader.read(noticed: $0) })
    }

    /// Starts the thread, which reads at once.
    ///
    /// - Throws: an error if there are too many threads or open files.
    package func start() throws(LinuxError) { try loop.start() }

    /// The first reading, and then each reading that differs from the previous one: in a generation, in content, or in
    /// the reason for an absence, of the mount or of a volume in it. For one consumer; only the newest reading is
    /// buffered.
    package var readings: AsyncStream<MountReading> { reader.readings }

    /// Requests a reading on the mount's thread; see `WatchLoop`.
    package func requestReading() { loop.requestReading() }

    /// Ends the thread, waits for it and ends the stream.
    package func stop() {
        loop.stop()
        reader.finish()
    }

    /// Reads the mount at `path` once. Blocks.
    package static func read(path: String) -> MountReading {
        var reader = SnapshotReader(path: path)
        return reader.read()
    }
}

/// The state that the mount's thread keeps between readings.
private final class MountReader: Sendable {
    private struct State {
        var reader: SnapshotReader
        /// The last generation, which is kept while there is none.
        var snapshot: Snapshot?
        var absence: String?
        var remarks = ReadingRemarks()
    }

    let readings: AsyncStream<MountReading>
    private let output: AsyncStream<MountReading>.Continuation
    private let path: String
    private let logger: Logger
    private let state: Mutex<State>

    init(path: String, logger: Logger, heartbeat: Heartbeat?) {
        self.path = path
        self.logger = logger
        state = Mutex(State(reader: SnapshotReader(path: path) { heartbeat?.beat() }))
        (readings, output) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func finish() { output.finish() }

    /// Called only by the mount's thread. The lock is needed for the compiler and is never contended.
    ///
    /// - Returns: a closure that accepts the reading. It returns false if the mount is absent, or if a file could not
    ///   be read for a reason that may be temporary.
    func read(noticed: ContinuousClock.Instant) -> WatchLoop.Take {
        let (reading, remarks) = state.withLock { state in
            (state.reader.read(previous: state.snapshot), state.reader.remarks)
        }
        return { self.accept(reading, remarks, noticed: noticed) }
    }

    private func accept(_ reading: MountReading, _ remarks: ReadingRemarks, noticed: ContinuousClock.Instant) -> Bool {
        let (news, isComplete) = state.withLock { state -> (MountReading?, Bool) in
            switch reading {
            case .snapshot(var snapshot):
                snapshot.noticedAt = noticed
                let isNew = present(snapshot, remarks, &state)
                let isComplete =
                    state.remarks.absences.isEmpty && !snapshot.files.values.contains(where: Self.mayPass)
                return (isNew ? .snapshot(snapshot) : nil, isComplete)
            case .absent(let reason): return (absent(reason, &state) ? reading : nil, false)
            case .lost(let reason): return (absent(reason, isLost: true, &state) ? reading : nil, false)
            }
        }
        if let news { output.yield(news) }
        return isComplete
    }

    private static func mayPass(_ file: SourceFile) -> Bool {
        if case .failed(.unreadable) = file { true } else { false }
    }

    private func present(_ snapshot: Snapshot, _ remarks: ReadingRemarks, _ state: inout State) -> Bool {
        let changed = snapshot.changedPaths(since: state.snapshot).count
        let isNew =
            changed > 0 || state.absence != nil || snapshot.volumes != state.snapshot?.volumes
            || snapshot.emptyFolders != state.snapshot?.emptyFolders
        let isFirst = state.snapshot == nil
        state.snapshot = snapshot
        state.absence = nil
        remark(remarks, &state)
        if isNew {
            let failed = snapshot.files.values.count { if case .failed = $0 { true } else { false } }
            logger.info(
                isFirst ? "mount read" : "mount changed",
                [
                    "path": .string(path), "generation": .string(snapshot.generation),
                    "files": .int(snapshot.files.count), "changed": .int(changed), "failed": .int(failed),
                ])
        }
        return isNew
    }

    private func absent(_ reason: String, isLost: Bool = false, _ state: inout State) -> Bool {
        defer { state.absence = reason }
        if state.absence == nil || isLost && state.absence != reason {
            logger.warning(
                state.snapshot == nil ? "mount has no generation" : "mount has no generation, the last one is kept",
                ["error": .string(reason)])
        }
        return state.absence != reason
    }

    private func remark(_ remarks: ReadingRemarks, _ state: inout State) {
        let known = state.remarks
        if remarks == known { return }
        state.remarks = remarks
        if !remarks.subPathMounts.isEmpty, remarks.subPathMounts != known.subPathMounts {
            logger.warning(
                "files mounted with subPath never change; mount the whole volume",
                ["paths": .strings(remarks.subPathMounts.sorted())])
        }
        for (folder, reason) in remarks.absences.sorted(by: { $0.key < $1.key })
        where known.absences[folder] == nil {
            logger.warning(
                "volume has no generation, its last one is kept",
                ["volume": .string(folder), "error": .string(reason)])
        }
        if remarks.undecodableNames > 0, remarks.undecodableNames != known.undecodableNames {
            logger.warning("files with names that are not UTF-8 are ignored", ["files": .int(remarks.undecodableNames)])
        }
    }
}
