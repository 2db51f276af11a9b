import Glibc
import LinuxIO
import Observability

/// What the process is asked for by signals.
///
/// SIGTERM and SIGINT ask it to stop, a second one ends it at once. While it runs for good, SIGHUP asks it to look at
/// everything, and SIGUSR1 and SIGUSR2 make its log more and less verbose.
final class SignalRequests: Sendable {
    let stops: AsyncStream<Void>
    let refreshes: AsyncStream<Void>
    private let signals: Signals

    /// Writes under way have 8 s; what hangs after that (a file system, a name server) is left behind.
    private static let patience: UInt32 = 9

    /// - Parameters:
    ///   - overdue: exit status if the end takes longer than that.
    ///   - logger: whose level is changed; nil: only the first two signals are taken.
    init(overdue: Int32, logger: Logger? = nil) throws(LinuxError) {
        let (stops, stop) = AsyncStream<Void>.makeStream()
        let (refreshes, refresh) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        (self.stops, self.refreshes) = (stops, refreshes)
        let isStopping = Mutex(false)
        let others = logger == nil ? [] : [SIGHUP, SIGUSR1, SIGUSR2]
        signals = try Signals([SIGTERM, SIGINT] + others) { number in
            switch number {
            case SIGHUP: refresh.yield()
            case SIGUSR1: if let logger { logger.change(level: logger.level.moreVerbose) }
            case SIGUSR2: if let logger { logger.change(level: logger.level.lessVerbose) }
            default:
                let isSecond = isStopping.withLock { isStopping in
                    defer { isStopping = true }
                    return isStopping
                }
                // 128 and the signal's number, as a shell reports it.
                if isSecond { _exit(128 + number) }
                // Not joined: it ends with the process.
                _ = try? OwnedThread(name: "overdue") {
                    sleep(Self.patience)
                    _exit(overdue)
                }
                stop.yield()
            }
        }
    }

    func end() { signals.stop() }
}
