package import LinuxIO
package import MountWatch
package import Observability

/// Watches the policy's file and produces a stream of its readings.
///
/// Watches the folder that contains the file, so that the file can be created later, be replaced, or be a link through
/// the `..data` of a mounted ConfigMap. If a link leads out of that folder, changes cause no event; the file is read at
/// each poll.
package final class PolicyFile: Sendable {
    private let loop: WatchLoop
    /// The first reading, and then each that differs from the one before. For one consumer; only the newest is
    /// buffered.
    package let readings: AsyncStream<PolicyReading>
    private let output: AsyncStream<PolicyReading>.Continuation

    /// Creates the watcher. Call `start` to begin.
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
            if last.withLock({ $0.isNew(reading, path: path, logger) }) { output.yield(reading) }
            return false
        }
    }

    /// Starts the thread.
    ///
    /// - Throws: if there are too many threads or open files.
    package func start() throws(LinuxError) { try loop.start() }

    /// Stops the thread, waits until it has ended, and finishes the stream.
    package func stop() {
        loop.stop()
        output.finish()
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last reading. Used only by the thread of the loop.
    private struct Last {
        private var reading: PolicyReading?
        private var hasBeenUsable = false

        /// Whether the reading differs from the last one. Logs it if it does.
        mutating func isNew(_ next: PolicyReading, path: String, _ logger: Logger) -> Bool {
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
                        ? "access policy is invalid, keeping the last valid one"
                        : "access policy is invalid, nothing is written",
                    ["path": .string(path), "problem": .string(next.problem ?? "")])
            }
            return true
        }
    }
}
