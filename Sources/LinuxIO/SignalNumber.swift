import Glibc

/// A signal that a process can be sent as a request (signal(7)).
package struct SignalNumber: Sendable, Equatable, CustomStringConvertible {
    package let rawValue: Int32

    private static let names: [(String, Int32)] = [
        ("HUP", SIGHUP), ("INT", SIGINT), ("QUIT", SIGQUIT), ("KILL", SIGKILL), ("USR1", SIGUSR1), ("USR2", SIGUSR2),
        ("ALRM", SIGALRM), ("TERM", SIGTERM), ("CONT", SIGCONT), ("URG", SIGURG), ("VTALRM", SIGVTALRM),
        ("PROF", SIGPROF), ("WINCH", SIGWINCH), ("IO", SIGIO), ("PWR", SIGPWR),
    ]

    package static let hangUp = SignalNumber(rawValue: SIGHUP)

    private init(rawValue: Int32) { self.rawValue = rawValue }

    /// A name, with or without `SIG`, or a number from 1 to 64; nil for anything else.
    package init?(_ text: String) {
        if let number = Int32(text) {
            guard (1...64).contains(number), text.utf8.first != UInt8(ascii: "+") else { return nil }
            rawValue = number
            return
        }
        let upper = text.uppercased()
        let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
        guard let found = Self.names.first(where: { $0.0 == name }) else { return nil }
        rawValue = found.1
    }

    package var description: String {
        Self.names.first { $0.1 == rawValue }.map { "SIG\($0.0)" } ?? "signal \(rawValue)"
    }

    /// Whether it is meant to end a process that does not handle it.
    package var endsProcesses: Bool { [SIGINT, SIGQUIT, SIGKILL, SIGTERM].contains(rawValue) }
}
