import Agent
import Glibc
import LinuxIO

/// A line on the terminal that is overwritten repeatedly.
final class ProgressLine: Sendable {
    private static let erase = "\r\u{1b}[K"
    /// The current text of the line.
    private let shown = Mutex("")
    private let isPlan: Bool

    init(isPlan: Bool) { self.isPlan = isPlan }

    func show(_ progress: Progress) {
        guard progress.total > 0 else { return }
        let verb = isPlan ? "would write" : "wrote"
        let text = "processed \(progress.done) of \(progress.total), \(verb) \(progress.written)"
        shown.withLock { shown in
            guard shown != text else { return }
            shown = text
            Self.write(Self.erase + text)
        }
    }

    func clear() {
        shown.withLock { shown in
            if !shown.isEmpty { Self.write(Self.erase) }
            shown = ""
        }
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
