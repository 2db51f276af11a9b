package import LinuxIO
package import MountWatch
package import Observability

/// The policy's file, watched: a stream of readings, each when there is something new.
///
/// Watches the folder that the file stands in, so that it may come later, be replaced, or lead through the `..data` of a
/// mounted ConfigMap. Where a link leads out of that folder no event tells of a change: it is read at each poll.
package final class PolicyFile: Sendable {
    private let loop: WatchLoop
    /// The first reading, and then each that differs from the one before. For one consumer; only the newest is kept.
    package let readings: AsyncStream<PolicyReading>
    private let output: AsyncStream<PolicyReading>.Continuation

    /// Nothing happens before `start`.
    ///
    /// - Parameter heartbeat: see `WatchLoop`.
    package init(path: String, timing: WatchLoop.Timing, logger: Logger, heartbeat: Heartbeat? = nil) {
        let (readings, output) = AsyncStream<PolicyReading>.makeStream(bufferingPolicy: .bufferingNewest(1))
        (self.readings, self.output) = (readings, output)
        let last = Mutex(Last())
        loop = WatchLoop(
            path: Self.folder(of: path), depth: 0, timing: timing, logger: logger, heartbeat: heartbeat
        ) { _ in
            let reading = PolicyReading(path: path)
            if last.withLock({ $0.isNews(reading, path: path, logger) }) { output.yield(reading) }
            return false
        }
    }

    /// - Throws: when there are too many threads or open files.
    package func start() throws(LinuxError) { try loop.start() }

    /// Ends the thread, waits for it and ends the stream.
    package func stop() {
        loop.stop()
        output.finish()
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// What was found last; for the thread of the loop alone.
    private struct Last {
        private var reading: PolicyReading?
        private var hasBeenUsable = false

        /// Logs what is new.
        mutating func isNews(_ next: PolicyReading, path: String, _ logger: Logger) -> Bool {
            guard next != reading else { return false }
            reading = next
            switch next {
            case .usable(let policy):
                hasBeenUsable = true
                logger.info(
                    "access policy read",
                    [
                        "path": .string(path), "mode": .string(policy.mode.rawValue),
                        "default": .string(policy.default.rawValue), "rules": .int(policy.rules.count),
                    ])
            case .unusable:
                logger.error(
                    hasBeenUsable
                        ? "access policy cannot be used, the last good one stays in force"
                        : "access policy cannot be used, nothing is written before it can",
                    ["path": .string(path), "problem": .string(next.problem ?? "")])
            }
            return true
        }
    }
}
