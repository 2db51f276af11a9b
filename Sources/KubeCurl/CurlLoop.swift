import CCurl
import Kube
import LinuxIO

/// The multi handle and its loop. `run` is the curl thread's body; the other methods may be called from anywhere.
final class CurlLoop: @unchecked Sendable {
    // Sendable: what varies belongs to the thread in `run`; others reach it through `commands`.
    private enum Command: Sendable {
        case start(Transfer)
        case cancel(Transfer)
        case resume(Transfer)
    }

    private var multi: UnsafeMutableRawPointer
    private let sharesConnections: Bool
    private let idle: IdleTracker
    private let commands: Mailbox<Command>
    private let counters = TransferCounters()
    private let budget = AnswerBudget()
    private var active: [UnsafeMutableRawPointer: Transfer] = [:]
    /// What tries whether the connection is alive, while it does.
    private weak var trial: Transfer?
    /// Not started yet, in the order in which they came.
    private var waiting: [Transfer] = []

    /// How many transfers that share connections may be under way: as many as the API server takes on one, unless it is told
    /// otherwise (`--http2-max-streams-per-connection`: 100, in older releases 250). For each one beyond what the server
    /// takes libcurl makes a connection, with PIPEWAIT too.
    private static let maximumStreams = 100

    private static let isLibraryReady = curl_global_init(curl_global_default) == CURLE_OK

    /// Nil when libcurl has no memory or no descriptors.
    ///
    /// - Parameters:
    ///   - sharesConnections: whether several transfers may use one at once.
    ///   - shortestSilence: connections that brought nothing for less than this are not taken for dead.
    init?(sharesConnections: Bool, shortestSilence: Duration) {
        guard Self.isLibraryReady, let multi = Self.makeMulti(), let commands = try? Mailbox<Command>() else {
            return nil
        }
        self.multi = multi
        self.commands = commands
        self.sharesConnections = sharesConnections
        idle = IdleTracker(shortest: shortestSilence)
    }

    private static func makeMulti() -> UnsafeMutableRawPointer? {
        guard let multi = curl_multi_init() else { return nil }
        curl_multi_set_long(multi, CURLMOPT_PIPELINING, curl_pipe_multiplex)
        curl_multi_set_long(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, maximumStreams)
        // CURLMOPT_MAXCONNECTS stays at four for each transfer: fewer would close connections between a list and its watch.
        return multi
    }

    var statistics: TransferCounters.Values { counters.values }

    /// Starts the transfer, as soon as there is room for it unless it is urgent: its time begins then, see
    /// `Transfer.timeout`.
    ///
    /// - Returns: false after `stop`; the transfer is not started then, and not finished.
    func start(_ transfer: Transfer) -> Bool { commands.post(.start(transfer)) }

    /// Ends the transfer if it is under way or will be.
    func cancel(_ transfer: Transfer) {
        transfer.isCancelled.store(true, ordering: .relaxed)
        commands.post(.cancel(transfer))
    }

    /// The reader of a stream has room again.
    func resume(_ transfer: Transfer) { commands.post(.resume(transfer)) }

    /// Makes `run` end all transfers and return.
    func stop() { commands.close() }
}

extension CurlLoop {
    func run() {
        while performCommands() {
            startWaiting()
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            collect()
            startWaiting()
            // Sleeps until a socket is ready, a timer of libcurl is due or a command comes; the hour is no timer. A
            // transfer that was just started is due.
            var command = curl_waitfd(fd: commands.descriptor, events: Int16(CURL_WAIT_POLLIN), revents: 0)
            curl_multi_poll(multi, &command, 1, tryConnection(), nil)
        }
        for transfer in active.values { remove(transfer, .shutDown) }
        for transfer in waiting { transfer.finish(.shutDown) }
        waiting = []
        curl_multi_cleanup(multi)
    }

    /// A function of its own, so that no transfer, and no secret in its request, outlives its end in a local variable.
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
            // Cancelled before it came here.
            guard !transfer.isCancelled.load(ordering: .relaxed) else { return transfer.finish(.cancelled) }
            if transfer.isUrgent { start(now: transfer) } else { waiting.append(transfer) }
        case .cancel(let transfer): remove(transfer, .cancelled)
        case .resume(let transfer):
            // What was held back comes now, or has it paused again.
            if let easy = transfer.easy, active[easy] != nil { curl_easy_pause(easy, curl_pause_none) }
        }
    }

    private func startWaiting() {
        var started = 0
        while started < waiting.count, !sharesConnections || active.count < Self.maximumStreams {
            start(now: waiting[started])
            started += 1
        }
        waiting.removeFirst(started)
    }

    private func start(now transfer: Transfer) {
        guard let easy = transfer.start(counters, idle, budget, sharesConnections: sharesConnections)
        else { return }
        active[easy] = transfer
        let code = curl_multi_add_handle(multi, easy)
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
            // Read before the handle is removed: the message goes with it.
            let result = curl_message_result(message)
            guard let transfer = active.removeValue(forKey: easy) else { continue }
            curl_multi_remove_handle(multi, easy)
            if result == CURLE_OPERATION_TIMEDOUT, let port = transfer.localPort,
                idle.isDeath(timeout: transfer.timeout)
            {
                dead.append(port)
            }
            transfer.complete(result)
        }
        // Where each has a connection of its own, libcurl has closed that one, and the others are only quiet.
        if sharesConnections, dead.contains(where: isInUse) { reconnect() }
    }

    /// Whether transfers go by the connection with this port, or may do so next. While all go by other connections, they
    /// must not be aborted for this one: a probe may have had one of its own, see `Transfer.probe`.
    private func isInUse(port: Int) -> Bool { active.isEmpty || active.values.contains { $0.localPort == port } }

    /// A write may wait longer for its answer than a dead connection should last: after some silence something is asked that
    /// any server answers at once.
    ///
    /// - Returns: in how many milliseconds to look again, at the latest.
    private func tryConnection() -> Int32 {
        let hour: Int32 = 3_600_000
        let slow = active.values.filter(\.isWrite).min { $0.startedAt < $1.startedAt }
        guard sharesConnections, trial == nil, let slow else { return hour }
        let left = ContinuousClock.now.duration(to: idle.trial(since: slow.startedAt))
        guard left <= .zero else { return Int32(clamping: Int(left / .milliseconds(1)) + 1) }
        let trial = slow.probe(within: idle.trialTimeout)
        self.trial = trial
        idle.tried(at: .now)
        start(now: trial)
        return 0
    }

    /// Lets go of all connections: libcurl would go on with one that is dead but still open.
    private func reconnect() {
        for transfer in active.values { remove(transfer, .broken(reason: "nothing comes on it any more")) }
        guard let new = Self.makeMulti() else { return }
        curl_multi_cleanup(multi)
        multi = new
        idle.end(at: .now)
    }
}
