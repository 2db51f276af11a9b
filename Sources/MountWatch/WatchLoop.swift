import Glibc
package import LinuxIO
package import Observability
import Scheduling

/// Calls a function when a folder may have changed: at the start, after events followed by quiet, when the periodic
/// check finds a different fingerprint, and on request.
///
/// A request is handled like a change: the loop waits for quiet, and for a pause after the previous reading. If files
/// change during a reading, it may contain half of a file-by-file write. It is then dropped unless it is overdue, and
/// the next reading also waits for quiet.
///
/// Events make it fast, and polling makes it reliable: without inotify, every change is still found, but later. All
/// calls happen on one thread that this object owns.
package final class WatchLoop: Sendable {
    /// When to read.
    package struct Timing: Sendable {
        /// The time without events before a reading.
        package var quiet: Duration
        /// The maximum delay of a reading after a change.
        package var longest: Duration
        /// The interval of the checks without events.
        package var pollInterval: Duration

        package init(quiet: Duration, longest: Duration, pollInterval: Duration) {
            self.quiet = quiet
            self.longest = longest
            self.pollInterval = pollInterval
        }
    }

    /// The minimum time between a reading and a requested one.
    private static let requestPause = Duration.seconds(1)

    private struct State: ~Copyable {
        var thread: OwnedThread?
        var wake: EventFD?
        var isStopping = false
        var isLookRequested = false
    }

    private let path: String
    private let depth: Int
    private let timing: Timing
    private let logger: Logger
    private let makeInotify: DirectoryWatcher.Factory
    private let heartbeat: Heartbeat?
    private let read: Read
    private let state = Mutex(State())

    /// Reads the folder and returns a closure that accepts the reading. Receives the time of the first change since the
    /// last reading.
    package typealias Read = @Sendable (ContinuousClock.Instant) -> Take
    /// Accepts a reading. Called if nothing changed during the reading, or if the maximum delay has passed. Returns false
    /// if the reading is incomplete.
    package typealias Take = () -> Bool

    /// - Parameters:
    ///   - depth: the number of folder levels below `path` to watch; 0 means only the folder itself.
    ///   - inotify: creates the inotify instance; only tests of its failure replace it.
    ///   - heartbeat: beats in each iteration of the thread's loop, at least once per poll interval.
    ///   - read: called on this object's thread, like the closure that it returns. It may block; events are kept until
    ///     it returns. If the closure returns false, `read` is called again at the next poll.
    package init(
        path: String, depth: Int = MountLimits.depth, timing: Timing, logger: Logger,
        inotify: @escaping DirectoryWatcher.Factory = { () throws(LinuxError) in try Inotify() },
        heartbeat: Heartbeat? = nil, read: @escaping Read
    ) {
        self.path = path
        self.depth = depth
        self.timing = timing
        self.logger = logger
        makeInotify = inotify
        self.heartbeat = heartbeat
        self.read = read
    }

    /// - Parameter readFolder: reads the folder, and ensures itself that the reading is consistent.
    package convenience init(
        path: String, depth: Int = MountLimits.depth, timing: Timing, logger: Logger,
        inotify: @escaping DirectoryWatcher.Factory = { () throws(LinuxError) in try Inotify() },
        heartbeat: Heartbeat? = nil, readFolder: @escaping @Sendable (ContinuousClock.Instant) -> Bool
    ) {
        self.init(
            path: path, depth: depth, timing: timing, logger: logger, inotify: inotify, heartbeat: heartbeat,
            read: { noticed in { readFolder(noticed) } })
    }

    /// Starts the thread, which reads at once. Call it only once.
    ///
    /// - Throws: an error if there are too many threads or open files.
    package func start() throws(LinuxError) {
        let wake = try EventFD()
        // The thread needs the lock before it can use this state.
        try state.withLock { (state) throws(LinuxError) in
            state.thread = try OwnedThread(name: "watch") { [self] in run(wake) }
            state.wake = wake
            // A reading may have been requested before `wake` was set.
            wake.signal()
        }
    }

    /// Requests a reading once there is quiet, even if the fingerprint is unchanged. Several requests share one
    /// reading. Can be called from any thread.
    package func requestReading() {
        state.withLock { state in
            state.isLookRequested = true
            state.wake?.signal()
        }
    }

    /// Ends the thread and waits for it; a reading in progress finishes first. If the reading calls it, it returns at
    /// once, and the thread ends after that reading.
    package func stop() {
        let thread = state.withLock { state in
            state.isStopping = true
            state.wake?.signal()
            return state.thread.take()
        }
        if let thread { thread.join() }
    }

    private func run(_ wake: EventFD) {
        let clock = ContinuousClock()
        var debouncer = Debouncer<ContinuousClock.Instant>(
            quiet: timing.quiet, longest: timing.longest, pause: Self.requestPause)
        var watcher = DirectoryWatcher(root: path, depth: depth, inotify: makeInotify)
        // Set the watches, take the fingerprint, then read: each step detects changes during the steps after it.
        repair(&watcher)
        var (stamp, isComplete) = readFolder(noticed: clock.now, &watcher, &debouncer)
        var nextPoll = clock.now.advanced(by: timing.pollInterval)
        while true {
            let deadline = min(debouncer.deadline ?? nextPoll, nextPoll)
            let hasEvents = Self.wait(until: deadline, now: clock.now, wake: wake, events: watcher.rawValue)
            wake.clear()
            let now = clock.now
            heartbeat?.beat(at: now)
            let (isStopping, isRequested) = state.withLock { state in
                defer { state.isLookRequested = false }
                return (state.isStopping, state.isLookRequested)
            }
            if isStopping { return }
            if hasEvents, drain(&watcher) { debouncer.changed(at: now) }
            if isRequested { debouncer.requested(at: now) }
            if now >= nextPoll {
                nextPoll = now.advanced(by: timing.pollInterval)
                let isUnannounced = debouncer.deadline == nil && FolderFingerprint(path: path, depth: depth) != stamp
                // There was no event, so the watches may be on replaced directories (for example, a folder above was
                // exchanged).
                if watcher.problem != nil || isUnannounced { repair(&watcher) }
                // The fingerprint shows neither a read error nor the end of one.
                if isUnannounced || (!isComplete && debouncer.deadline == nil) { debouncer.changed(at: now) }
            }
            let noticed = debouncer.firstChange ?? now
            if debouncer.fire(at: now) { (stamp, isComplete) = readFolder(noticed: noticed, &watcher, &debouncer) }
        }
    }

    /// Reads the folder. Accepts the reading unless the folder changed meanwhile and there is time for another reading.
    private func readFolder(
        noticed: ContinuousClock.Instant, _ watcher: inout DirectoryWatcher,
        _ debouncer: inout Debouncer<ContinuousClock.Instant>
    ) -> (stamp: FolderFingerprint, isComplete: Bool) {
        let stamp = FolderFingerprint(path: path, depth: depth)
        let accept = read(noticed)
        let isOtherNow =
            watcher.problem == nil ? drain(&watcher) : FolderFingerprint(path: path, depth: depth) != stamp
        let isAccepted = debouncer.finishReading(at: .now, since: noticed, hasChanged: isOtherNow)
        return (stamp, isAccepted ? accept() : true)
    }

    private func drain(_ watcher: inout DirectoryWatcher) -> Bool {
        let before = watcher.problem
        defer { report(watcher.problem, before) }
        return watcher.drain()
    }

    private func repair(_ watcher: inout DirectoryWatcher) {
        let before = watcher.problem
        watcher.repair()
        report(watcher.problem, before)
    }

    /// Logs a problem once when it starts and once when it ends.
    private func report(_ problem: LinuxError?, _ before: LinuxError?) {
        switch (before, problem) {
        case (nil, .some(let error)):
            logger.warning(
                "file events are not available, falling back to polling",
                ["path": .string(path), "error": .string("\(error)"), "pollInterval": .duration(timing.pollInterval)])
        case (.some, nil):
            logger.info("file events are available again", ["path": .string(path)])
        default: break
        }
    }

    /// Waits in poll(2) for the wake-up or for events. Returns true if there are events.
    private static func wait(
        until deadline: ContinuousClock.Instant, now: ContinuousClock.Instant, wake: EventFD, events: Int32?
    ) -> Bool {
        // poll(2) ignores negative descriptors.
        var waiting = [
            pollfd(fd: wake.rawValue, events: Int16(POLLIN), revents: 0),
            pollfd(fd: events ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        // EINTR and other failures end the wait early, which is harmless.
        _ = poll(&waiting, nfds_t(waiting.count), milliseconds(now.duration(to: deadline)))
        return waiting[1].revents != 0
    }

    /// Rounds up, so that the deadline has passed when the wait ends.
    private static func milliseconds(_ duration: Duration) -> Int32 {
        let (seconds, attoseconds) = duration.components
        if seconds >= 86_400 { return 86_400_000 }
        return max(0, Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
    }
}
