import Glibc
import Synchronization

/// Writes one line per message: a constant message and fields.
///
///     logger.info("secret written", ["secret": .string(key.description), "keys": 2])
///
/// The message is a `StaticString`, so it cannot contain external input.
package struct Logger: Sendable {
    package enum Level: Int, Sendable, CaseIterable, Comparable {
        case debug, info, warning, error

        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
        package var name: String { "\(self)" }

        /// One step more verbose, if there is one.
        package var moreVerbose: Level { Level(rawValue: rawValue - 1) ?? self }
        /// One step less verbose, if there is one.
        package var lessVerbose: Level { Level(rawValue: rawValue + 1) ?? self }

        fileprivate var style: Terminal.Style {
            switch self {
            case .debug: .blue
            case .info: .green
            case .warning: .yellow
            case .error: .red
            }
        }
    }

    package enum Format: String, Sendable, CaseIterable {
        /// One JSON object per line.
        case json
        /// `time LEVEL message key=value`, for people.
        case text
    }

    package typealias Fields = KeyValuePairs<StaticString, LogValue>

    private let shared: Shared

    /// - Parameters:
    ///   - isColoured: whether the format `text` uses colours; `json` never does.
    ///   - limiter: limits the lines that name a resource, except debug lines; nil writes all lines.
    ///   - write: receives each line without its newline. Called from any thread.
    package init(
        level: Level = .info,
        format: Format = .json,
        isColoured: Bool = false,
        limiter: (any LogLimiter)? = nil,
        now: @escaping @Sendable () -> Timestamp = Timestamp.now,
        write: @escaping @Sendable (String) -> Void = Logger.standardError
    ) {
        shared = Shared(
            level: level, format: format, isColoured: isColoured, limiter: limiter, now: now, write: write)
    }

    /// A logger that discards all lines.
    package static let none = Logger(level: .error, write: { _ in })

    /// The lowest level that is written. It can change while the program runs; all copies of this logger share it.
    package var level: Level {
        get { Level(rawValue: shared.level.load(ordering: .relaxed)) ?? .info }
        nonmutating set { shared.level.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// Changes the level, and logs the change even if the old or the new level would hide it.
    package func change(level new: Level) {
        let old = level
        guard new != old else { return }
        level = min(new, old)
        warning("log level changed", ["old": .string(old.name), "new": .string(new.name)])
        level = new
    }

    package func debug(_ message: StaticString, _ fields: Fields = [:]) { log(.debug, message, fields) }
    package func info(_ message: StaticString, _ fields: Fields = [:]) { log(.info, message, fields) }
    package func warning(_ message: StaticString, _ fields: Fields = [:]) { log(.warning, message, fields) }
    package func error(_ message: StaticString, _ fields: Fields = [:]) { log(.error, message, fields) }

    /// The names of fields that identify the resource of a line.
    private static let resources = ["secret", "distribution", "file", "object"]

    package func log(_ level: Level, _ message: StaticString, _ fields: Fields) {
        guard level >= self.level else { return }
        if let limiter = shared.limiter, level > .debug, let resource = Self.resource(in: fields) {
            guard let suppressed = limiter.admit(resource) else { return }
            if suppressed > 0 { logSuppressed(suppressed, of: resource) }
        }
        writeLine(level, message, fields)
    }

    private static func resource(in fields: Fields) -> String? {
        for (key, value) in fields {
            if case .string(let name) = value, resources.contains("\(key)") { return name }
        }
        return nil
    }

    /// Logs how many lines about resources that may log again were suppressed. Call it periodically.
    package func reportSuppressed() {
        for (resource, lines) in shared.limiter?.drainSuppressed() ?? [] { logSuppressed(lines, of: resource) }
    }

    private func logSuppressed(_ lines: Int, of resource: String) {
        guard .warning >= level else { return }
        writeLine(.warning, "log lines suppressed", ["object": .string(resource), "lines": .int(lines)])
    }

    private func writeLine(_ level: Level, _ message: StaticString, _ fields: Fields) {
        let time = shared.now().rfc3339Micro
        switch shared.format {
        case .json:
            var line = "{\"time\":\"\(time)\",\"level\":\"\(level.name)\",\"message\":\(JSONText.quoted("\(message)"))"
            for (key, value) in fields { line += ",\(JSONText.quoted("\(key)")):\(value.json)" }
            shared.write(line + "}")
        case .text:
            let padding = String(repeating: " ", count: 7 - level.name.count)
            let name = level.name.uppercased()
            let isColoured = shared.isColoured
            var line = isColoured ? "\(Terminal.Style.dim(time)) \(level.style(name))" : "\(time) \(name)"
            line += "\(padding) \(message)"
            for (key, value) in fields {
                line += " " + (isColoured ? Terminal.Style.dim("\(key)=") : "\(key)=") + value.text
            }
            shared.write(line)
        }
    }

    /// Writes each line with one `write(2)`, so that lines of several threads do not mix.
    package static let standardError: @Sendable (String) -> Void = { line in
        var bytes = Array(line.utf8)
        bytes.append(UInt8(ascii: "\n"))
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private final class Shared: Sendable {
        let level: Atomic<Int>
        let format: Format
        let isColoured: Bool
        let limiter: (any LogLimiter)?
        let now: @Sendable () -> Timestamp
        let write: @Sendable (String) -> Void

        init(
            level: Level, format: Format, isColoured: Bool, limiter: (any LogLimiter)?,
            now: @escaping @Sendable () -> Timestamp, write: @escaping @Sendable (String) -> Void
        ) {
            self.level = Atomic(level.rawValue)
            self.format = format
            self.isColoured = isColoured
            self.limiter = limiter
            self.now = now
            self.write = write
        }
    }
}
