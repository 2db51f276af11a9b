import Glibc
import LinuxIO
import Observability

/// Translates signals into requests.
///
/// SIGTERM and SIGINT request a stop; a second one ends the process at once. During `run`, SIGHUP requests a comparison
/// of everything, and SIGUSR1 and SIGUSR2 make the log more and less verbose.
final class SignalRequests: Sendable {
    let stops: AsyncStream<Void>
    let refreshes: AsyncStream<Void>
    private let signals: Signals

    /// The time in seconds until the process exits after the first signal. Writes in flight have 8 s; calls that block
    /// longer (a file system, a name server) are abandoned.
    private static let shutdownTimeout: UInt32 = 9

    /// - Parameters:
    ///   - overdue: the exit status if the shutdown takes longer than `shutdownTimeout`.
    ///   - logger: the logger whose level the signals change. If nil, only SIGTERM and SIGINT are handled.
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
                // 128 plus the signal number, as shells report it.
                if isSecond { _exit(128 + number) }
                // Not joined: the thread ends with the process.
                _ = try? OwnedThread(name: "overdue") {
                    sleep(Self.shutdownTimeout)
                    _exit(overdue)
                }
                stop.yield()
            }
        }
    }

    func end() { signals.stop() }
}
