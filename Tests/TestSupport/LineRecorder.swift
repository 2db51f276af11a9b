import LinuxIO
package import Observability

/// Records lines, from any thread.
package final class LineRecorder: Sendable {
    private let recorded = Mutex<[String]>([])

    package init() {}

    package var lines: [String] { recorded.withLock { $0 } }

    /// The number of lines that contain `text`.
    package func count(_ text: String) -> Int { lines.count { $0.contains(text) } }

    /// Whether one line contains all `texts`.
    package func contains(_ texts: String...) -> Bool {
        lines.contains { line in texts.allSatisfy { line.contains($0) } }
    }

    package var add: @Sendable (String) -> Void {
        { [self] line in recorded.withLock { $0.append(line) } }
    }
}

extension LineRecorder {
    /// A logger that writes to this recorder, as text, from level `debug` on.
    package var logger: Logger {
        Logger(level: .debug, format: .text, now: { Timestamp(seconds: 0) }, write: add)
    }
}
