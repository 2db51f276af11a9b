package import Observability
import Synchronization

/// Keeps the lines of a logger.
package final class LogRecorder: Sendable {
    private let recorded = Mutex<[String]>([])

    package init() {}

    /// A logger that writes here, text and from `debug` on.
    package var logger: Logger {
        Logger(level: .debug, format: .text, now: { Timestamp(seconds: 0) }, write: { [self] in append($0) })
    }

    package var lines: [String] { recorded.withLock { $0 } }

    /// How many lines contain `text`.
    package func count(_ text: String) -> Int { lines.count { $0.contains(text) } }

    private func append(_ line: String) { recorded.withLock { $0.append(line) } }
}
