import Glibc
package import LinuxIO
package import Observability
import Scheduling

/// Calls a function when a folder may have changed: at the start, after events once they have been quiet, when a
/// periodic look finds another stamp, and when asked to.
///
/// Whoever asks gets no other look than a change: once all is quiet, and not again within a pause. What changes while it
/// is read may be half of what somebody writes file by file: that reading is dropped, and the next one waits for quiet too.
///
/// Events are for speed, polling for truth: without inotify everything is still found, only later. All of it happens on
/// one thread that this object owns.
package final class WatchLoop: Sendable {
    /// When to look.
    package struct Timing: Sendable {
        /// How long there has to be no event.
        package var quiet: Duration
        /// How long a change waits at most.
        package var longest: Duration
        /// How often to look without an event.
        package var pollInterval: Duration

        package init(quiet: Duration, longest: Duration, pollInterval: Duration) {
            self.quiet = quiet
            self.longest = longest
            self.pollInterval = pollInterval
        }
    }

    /// How long after a look another one can be asked for.
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

    /// Reads what there is, and returns what takes the reading over. Gets the time of the first change since the last look.
    package typealias Read = @Sendable (ContinuousClock.Instant) -> Take
    /// Not called if there were changes during the reading. False: it did not see all that there is.
    package typealias Take = () -> Bool

    /// - Parameters:
    ///   - depth: how many levels of folders below `path` count; 0: what is in itself.
    ///   - inotify: makes the inotify instance; to be replaced in tests of its failure only.
    ///   - heartbeat: beats with each turn of the thread, at each poll at the latest.
    ///   - read: called on this object's thread, as what it returns; may block, and events are kept until it returns. After
    ///     false it is called again at the next poll.
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

    /// - Parameter look: for who takes care himself that what he reads is whole.
    package convenience init(
        path: String, depth: Int = MountLimits.depth, timing: Timing, logger: Logger,
        inotify: @escaping DirectoryWatcher.Factory = { () throws(LinuxError) in try Inotify() },
        heartbeat: Heartbeat? = nil, look: @escaping @Sendable (ContinuousClock.Instant) -> Bool
    ) {
        self.init(
            path: path, depth: depth, timing: timing, logger: logger, inotify: inotify, heartbeat: heartbeat,
            read: { noticed in { look(noticed) } })
    }

    /// Starts the thread, which looks at once. To be called once.
    ///
    /// - Throws: when there are too many threads or open files.
    package func start() throws(LinuxError) {
        let wake = try EventFD()
        // The thread waits for the lock before it can look at this state.
        try state.withLock { (state) throws(LinuxError) in
            state.thread = try OwnedThread(name: "watch") { [self] in run(wake) }
            state.wake = wake
            // For what was asked before there was anything to wake.
            wake.signal()
        }
    }

    /// Looks once all is quiet, whatever the stamp says; several that ask get one look. Callable from any thread.
    package func lookNow() {
        state.withLock { state in
            state.isLookRequested = true
            state.wake?.signal()
        }
    }

    /// Ends the thread and waits for it; a look that is under way ends first. Called by the look itself it returns at
    /// once, and the thread ends after that look.
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
        // Watch, take the stamp, look: what changes after any of them shows in the one before.
        repair(&watcher)
        var (stamp, isComplete) = look(noticed: clock.now, &watcher, &debouncer)
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
                // No event told of it: the watches may be on what was here before (a folder above was exchanged).
                if watcher.problem != nil || isUnannounced { repair(&watcher) }
                // A fault of reading leaves no trace in the stamp, nor does its end.
                if isUnannounced || (!isComplete && debouncer.deadline == nil) { debouncer.changed(at: now) }
            }
            let noticed = debouncer.firstChange ?? now
            if debouncer.fire(at: now) { (stamp, isComplete) = look(noticed: noticed, &watcher, &debouncer) }
        }
    }

    /// Reads, and has the reading taken over unless there were changes meanwhile: then it is to be read again.
    private func look(
        noticed: ContinuousClock.Instant, _ watcher: inout DirectoryWatcher,
        _ debouncer: inout Debouncer<ContinuousClock.Instant>
    ) -> (stamp: FolderFingerprint, isComplete: Bool) {
        let stamp = FolderFingerprint(path: path, depth: depth)
        let take = read(noticed)
        let isOtherNow =
            watcher.problem == nil ? drain(&watcher) : FolderFingerprint(path: path, depth: depth) != stamp
        let counts = debouncer.looked(at: .now, since: noticed, hasChanged: isOtherNow)
        return (stamp, counts ? take() : true)
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

    /// Once when it begins and once when it ends.
    private func report(_ problem: LinuxError?, _ before: LinuxError?) {
        switch (before, problem) {
        case (nil, .some(let error)):
            logger.warning(
                "file events are not available, polling alone goes on",
                ["path": .string(path), "error": .string("\(error)"), "pollInterval": .duration(timing.pollInterval)])
        case (.some, nil):
            logger.info("file events are available again", ["path": .string(path)])
        default: break
        }
    }

    /// poll(2) on the wake-up and the events; true if there are events.
    private static func wait(
        until deadline: ContinuousClock.Instant, now: ContinuousClock.Instant, wake: EventFD, events: Int32?
    ) -> Bool {
        // A negative descriptor is passed over: poll(2).
        var waiting = [
            pollfd(fd: wake.rawValue, events: Int16(POLLIN), revents: 0),
            pollfd(fd: events ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        // EINTR and other failures end the wait early, which does no harm.
        _ = poll(&waiting, nfds_t(waiting.count), milliseconds(now.duration(to: deadline)))
        return waiting[1].revents != 0
    }

    /// Rounded up, so that the deadline has passed when the wait ends.
    private static func milliseconds(_ duration: Duration) -> Int32 {
        let (seconds, attoseconds) = duration.components
        if seconds >= 86_400 { return 86_400_000 }
        return max(0, Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
    }
}
