import CCurl
import Dispatch
import Glibc
import Kube
import LinuxIO
import Synchronization

/// The multi handle of libcurl and its loop. `run` is the body of the curl thread. The other methods may be called from
/// any thread.
final class CurlLoop: @unchecked Sendable {
    // Sendable: only the thread in `run` uses the mutable state; other threads send it `commands`.
    private enum Command: Sendable {
        case start(Transfer)
        case cancel(Transfer)
        case resume(Transfer)
        case run(UnownedJob)
    }

    private var multi: UnsafeMutableRawPointer
    private let sharesConnections: Bool
    private let idle: IdleTracker
    private let commands: Mailbox<Command>
    private let counters = TransferCounters()
    private let budget = ResponseBudget()
    private let handles: HandlePool
    private var active: [UnsafeMutableRawPointer: Transfer] = [:]
    /// The probe that checks whether the connection is alive; nil if none is in progress.
    private weak var trial: Transfer?
    /// Transfers that are not started yet, in the order of their arrival.
    private var waiting: [Transfer] = []
    /// Jobs that are not run yet, in the order of their arrival.
    private var jobs: [UnownedJob] = []
    /// The thread in `run`, as a number; 0 before and after.
    private let thread = Atomic<UInt>(0)

    /// The maximum number of concurrent transfers on shared connections. It is the API server's default number of
    /// streams on a connection (`--http2-max-streams-per-connection`: 100, in older releases 250). For each transfer
    /// beyond the server's limit, libcurl opens another connection, also with PIPEWAIT.
    private static let maximumStreams = 100

    private static let isLibraryReady = curl_global_init(curl_global_default) == CURLE_OK

    /// Nil if libcurl has no memory or no file descriptors.
    ///
    /// - Parameters:
    ///   - sharesConnections: whether several transfers may use a connection at the same time.
    ///   - shortestSilence: a connection that was silent for less than this does not count as dead.
    init?(sharesConnections: Bool, shortestSilence: Duration) {
        guard Self.isLibraryReady, let multi = Self.makeMulti(), let commands = try? Mailbox<Command>() else {
            return nil
        }
        self.multi = multi
        self.commands = commands
        self.sharesConnections = sharesConnections
        idle = IdleTracker(shortest: shortestSilence)
        handles = HandlePool(sharesConnections: sharesConnections)
    }

    private static func makeMulti() -> UnsafeMutableRawPointer? {
        guard let multi = curl_multi_init() else { return nil }
        curl_multi_set_long(multi, CURLMOPT_PIPELINING, curl_pipe_multiplex)
        curl_multi_set_long(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, maximumStreams)
        // CURLMOPT_MAXCONNECTS keeps its default, four for each transfer: with fewer, libcurl would close connections
        // between a list and its watch.
        return multi
    }

    var statistics: TransferCounters.Values { counters.values }

    /// Starts the transfer as soon as the limit of concurrent transfers allows; an urgent transfer at once. Its timeout
    /// starts then; see `Transfer.timeout`.
    ///
    /// - Returns: false after `stop`. The transfer is then neither started nor finished.
    func start(_ transfer: Transfer) -> Bool {
        guard isOnThread else { return commands.post(.start(transfer)) }
        perform(.start(transfer))
        return true
    }

    private var isOnThread: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// Ends the transfer if it is waiting or in progress.
    func cancel(_ transfer: Transfer) {
        transfer.isCancelled.store(true, ordering: .relaxed)
        commands.post(.cancel(transfer))
    }

    /// Resumes a paused stream after its reader has taken bytes.
    func resume(_ transfer: Transfer) { commands.post(.resume(transfer)) }

    /// Makes `run` end all transfers and return.
    func stop() { commands.close() }
}

/// Tasks that prefer this executor run on the curl thread between transfers, so that a request and its response need no
/// other thread. They must not block, as on the cooperative pool.
extension CurlLoop: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isOnThread {
            jobs.append(job)
        } else if !commands.post(.run(job)) {
            runElsewhere(job)
        }
    }
}

extension CurlLoop {
    /// Runs a job after the thread has ended. Not in place: the caller may hold a lock, or be a job itself.
    private func runElsewhere(_ job: UnownedJob) {
        DispatchQueue.global().async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    func run() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        while performCommands() {
            runJobs()
            startWaiting()
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            collect()
            runJobs()
            startWaiting()
            if active.isEmpty { handles.removeAll() }
            // Sleeps until a socket is ready, a timer of libcurl is due or a command arrives. A transfer that was just
            // started is due at once.
            var command = curl_waitfd(fd: commands.descriptor, events: Int16(CURL_WAIT_POLLIN), revents: 0)
            let timeout = probeConnection()
            curl_multi_poll(multi, &command, 1, jobs.isEmpty ? timeout : 0, nil)
        }
        for transfer in active.values { remove(transfer, .shutDown) }
        for transfer in waiting { transfer.finish(.shutDown) }
        waiting = []
        handles.removeAll()
        curl_multi_cleanup(multi)
        thread.store(0, ordering: .relaxed)
        for job in jobs { runElsewhere(job) }
        jobs = []
    }

    /// A separate function, so that no local variable keeps a finished transfer and the secrets of its request alive.
    ///
    /// - Returns: false after `stop`.
    private func performCommands() -> Bool {
        let taken = commands.take()
        for command in taken.messages { perform(command) }
        return !taken.isClosed
    }

    private func perform(_ command: Command) {
        switch command {
        case .start(let transfer):
            // Cancelled before the command was taken.
            guard !transfer.isCancelled.load(ordering: .relaxed) else { return transfer.finish(.cancelled) }
            if transfer.isUrgent { addToMulti(transfer) } else { waiting.append(transfer) }
        case .run(let job): jobs.append(job)
        case .cancel(let transfer): remove(transfer, .cancelled)
        case .resume(let transfer):
            // Delivers the data that libcurl held back, which may pause the transfer again.
            if let easy = transfer.easy, active[easy] != nil { curl_easy_pause(easy, curl_pause_none) }
        }
    }

    /// Runs the jobs that are due, and those that they enqueue, for a few milliseconds: transfers, such as the renewal of a
    /// Lease, must not wait for long.
    private func runJobs() {
        let end = ContinuousClock.now + .milliseconds(5)
        while !jobs.isEmpty, .now < end {
            let due = jobs
            jobs = []
            for (index, job) in due.enumerated() {
                guard .now < end else {
                    jobs = due[index...] + jobs
                    return
                }
                job.runSynchronously(on: asUnownedTaskExecutor())
            }
        }
    }

    private func startWaiting() {
        var started = 0
        while started < waiting.count, !sharesConnections || active.count < Self.maximumStreams {
            addToMulti(waiting[started])
            started += 1
        }
        waiting.removeFirst(started)
    }

    /// Hands the transfer to libcurl.
    private func addToMulti(_ transfer: Transfer) {
        guard let handle = transfer.start(counters, idle, budget, handles) else { return }
        active[handle.easy] = transfer
        let code = curl_multi_add_handle(multi, handle.easy)
        if code != CURLM_OK {
            remove(transfer, .broken(reason: String(cString: curl_multi_strerror(code))))
        }
    }

    private func remove(_ transfer: Transfer, _ failure: TransportFailure) {
        if let easy = transfer.easy {
            guard active.removeValue(forKey: easy) != nil else { return }
            curl_multi_remove_handle(multi, easy)
        } else {
            guard let index = waiting.firstIndex(where: { $0 === transfer }) else { return }
            waiting.remove(at: index)
        }
        transfer.finish(failure)
    }

    private func collect() {
        var left: Int32 = 0
        var dead: [Int] = []
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            // Read before the handle is removed, which frees the message.
            let result = curl_message_result(message)
            guard let transfer = active.removeValue(forKey: easy) else { continue }
            curl_multi_remove_handle(multi, easy)
            if result == CURLE_OPERATION_TIMEDOUT, let port = transfer.localPort,
                idle.isDeadConnection(timeout: transfer.timeout)
            {
                dead.append(port)
            }
            transfer.complete(result)
        }
        // If each transfer has its own connection, libcurl has already closed the dead one, and the others are not
        // affected.
        if sharesConnections, dead.contains(where: isInUse) { reconnect() }
    }

    /// Whether a transfer uses the connection with this local port, or the next one may use it. If all transfers use
    /// other connections, they must not be aborted: a probe may have had its own connection; see `Transfer.probe`.
    private func isInUse(port: Int) -> Bool { active.isEmpty || active.values.contains { $0.localPort == port } }

    /// Sends a probe if a write waits on a silent connection. A write may wait for its response for longer than a dead
    /// connection should stay in use, but every server responds to the probe at once.
    ///
    /// - Returns: milliseconds until the next check.
    private func probeConnection() -> Int32 {
        let hour: Int32 = 3_600_000
        guard sharesConnections, trial == nil, !active.isEmpty else { return hour }
        // While data arrive, no transfer is looked at.
        let silence = ContinuousClock.now.duration(to: idle.earliestTrial)
        if silence > .zero { return Int32(clamping: Int(silence / .milliseconds(1)) + 1) }
        guard let slow = active.values.filter(\.isWrite).min(by: { $0.startedAt < $1.startedAt }) else { return hour }
        let left = ContinuousClock.now.duration(to: idle.trial(since: slow.startedAt))
        guard left <= .zero else { return Int32(clamping: Int(left / .milliseconds(1)) + 1) }
        let trial = slow.probe(within: idle.trialTimeout)
        self.trial = trial
        idle.tried(at: .now)
        addToMulti(trial)
        return 0
    }

    /// Closes all connections: libcurl would continue to use a connection that is dead but still open.
    private func reconnect() {
        for transfer in active.values { remove(transfer, .broken(reason: "the connection is silent")) }
        guard let new = Self.makeMulti() else { return }
        curl_multi_cleanup(multi)
        multi = new
        idle.end(at: .now)
    }
}
