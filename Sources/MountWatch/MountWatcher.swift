package import LinuxIO
package import Observability
import Snapshots

/// The mount, watched: a stream of readings, each when there is something new.
package final class MountWatcher: Sendable {
    private let loop: WatchLoop
    private let reader: MountReader

    /// Nothing happens before `start`.
    ///
    /// - Parameters:
    ///   - path: the mount; it may come and go.
    ///   - timing: when to read after a change, and without one.
    ///   - heartbeat: see `WatchLoop`; beats with each file that is read, too.
    ///   - inotify: makes the inotify instance; to be replaced in tests of its failure only.
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

    /// Starts the thread; the first reading comes at once.
    ///
    /// - Throws: when there are too many threads or open files.
    package func start() throws(LinuxError) { try loop.start() }

    /// The first reading, and then each that differs from the one before: another generation, other content, another
    /// reason for absence, of the mount or of a volume in it. For one consumer; only the newest is kept for it.
    package var readings: AsyncStream<MountReading> { reader.readings }

    /// Reads once all is quiet, on the mount's thread; see `WatchLoop`.
    package func lookNow() { loop.lookNow() }

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

/// What the mount's thread remembers from one look to the next.
private final class MountReader: Sendable {
    private struct State {
        var reader: SnapshotReader
        /// The last generation that there was, also while there is none.
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

    /// Called by the mount's thread alone; the lock is there for the compiler and never waited for.
    ///
    /// - Returns: takes over what was read, and says false if some file could not be read, for a reason that may pass.
    func read(noticed: ContinuousClock.Instant) -> WatchLoop.Take {
        let (reading, remarks) = state.withLock { state in
            (state.reader.read(previous: state.snapshot), state.reader.remarks)
        }
        return { self.take(reading, remarks, noticed: noticed) }
    }

    private func take(_ reading: MountReading, _ remarks: ReadingRemarks, noticed: ContinuousClock.Instant) -> Bool {
        let (news, isComplete) = state.withLock { state -> (MountReading?, Bool) in
            switch reading {
            case .snapshot(var snapshot):
                snapshot.noticedAt = noticed
                let isNews = present(snapshot, remarks, &state)
                let isComplete =
                    state.remarks.absences.isEmpty && !snapshot.files.values.contains(where: Self.mayPass)
                return (isNews ? .snapshot(snapshot) : nil, isComplete)
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
        let isNews =
            changed > 0 || state.absence != nil || snapshot.volumes != state.snapshot?.volumes
            || snapshot.emptyFolders != state.snapshot?.emptyFolders
        let isFirst = state.snapshot == nil
        state.snapshot = snapshot
        state.absence = nil
        remark(remarks, &state)
        if isNews {
            let failed = snapshot.files.values.count { if case .failed = $0 { true } else { false } }
            logger.info(
                isFirst ? "mount read" : "mount changed",
                [
                    "path": .string(path), "generation": .string(snapshot.generation),
                    "files": .int(snapshot.files.count), "changed": .int(changed), "failed": .int(failed),
                ])
        }
        return isNews
    }

    private func absent(_ reason: String, isLost: Bool = false, _ state: inout State) -> Bool {
        defer { state.absence = reason }
        if state.absence == nil || isLost && state.absence != reason {
            logger.warning("mount has no generation, the last one stays", ["error": .string(reason)])
        }
        return state.absence != reason
    }

    private func remark(_ remarks: ReadingRemarks, _ state: inout State) {
        let known = state.remarks
        if remarks == known { return }
        state.remarks = remarks
        if !remarks.frozen.isEmpty, remarks.frozen != known.frozen {
            logger.warning(
                "files are mounted by subPath: the container never sees them change, mount the volume instead",
                ["paths": .strings(remarks.frozen.sorted())])
        }
        for (folder, reason) in remarks.absences.sorted(by: { $0.key < $1.key })
        where known.absences[folder] == nil {
            logger.warning(
                "volume in the mount has no generation, its last one stays",
                ["volume": .string(folder), "error": .string(reason)])
        }
        if remarks.undecodableNames > 0, remarks.undecodableNames != known.undecodableNames {
            logger.warning("file names are not UTF-8 and left out", ["files": .int(remarks.undecodableNames)])
        }
    }
}
