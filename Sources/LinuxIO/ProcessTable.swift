import Glibc

/// A process as /proc shows it (proc(5)).
package struct ProcessEntry: Sendable, Equatable {
    package let identifier: Int32
    package let parent: Int32
    /// When it started, in clock ticks since the machine was booted. The kernel uses an identifier again, but not with the
    /// same time.
    package let startTime: UInt64
    /// The name of the program, at most 15 bytes.
    package let command: String
    /// The last component of the first argument, as far as it is readable.
    package let program: String
    /// The signals for which it has a handler or which it blocks in order to read them, one bit each.
    private let handled: UInt64

    /// Whether it is named like this. The kernel cuts its own record of the name after 15 bytes.
    package func isNamed(_ name: String) -> Bool {
        program == name || command.utf8.elementsEqual(name.utf8.prefix(15))
    }

    package func handles(_ signal: SignalNumber) -> Bool { handled & (1 << UInt64(signal.rawValue - 1)) != 0 }

    /// Sends a signal.
    ///
    /// - Throws: EPERM if it belongs to another user, ESRCH if it has ended.
    package func send(_ signal: SignalNumber) throws(LinuxError) {
        try checked("send \(signal) to", "process \(identifier) (\(command))") { kill(identifier, signal.rawValue) }
    }

    /// The processes that are visible to this one, without itself. Those that end meanwhile are left out.
    package static func all() throws(LinuxError) -> [ProcessEntry] {
        try Directory(path: "/proc").entries().entries.compactMap { entry in
            guard let identifier = Int32(entry.name), identifier != getpid() else { return nil }
            return ProcessEntry(identifier)
        }
    }

    /// Nil if there is no such process.
    package init?(_ identifier: Int32) {
        let path = "/proc/\(identifier)"
        guard let stat = Self.text("\(path)/stat"), let status = Self.text("\(path)/status"),
            let start = stat.firstIndex(of: "("), let end = stat.lastIndex(of: ")"), start < end
        else { return nil }
        let fields = stat[end...].split(separator: " ")
        guard fields.count > 20, let parent = Int32(fields[2]), let startTime = UInt64(fields[20]) else { return nil }
        self.identifier = identifier
        self.parent = parent
        self.startTime = startTime
        command = String(stat[stat.index(after: start)..<end])
        let words = Self.text("\(path)/cmdline") ?? ""
        program = String(words.prefix { $0 != "\0" }.split(separator: "/").last ?? "")
        let blocked = Self.mask("SigBlk:", status)
        // Nobody reads SIGSEGV: such a mask is that of a critical section, as of a shell that waits for a command.
        let isCritical = blocked & 1 << UInt64(SIGSEGV - 1) != 0
        handled = Self.mask("SigCgt:", status) | (isCritical ? 0 : blocked)
    }

    private static func text(_ path: String) -> String? {
        guard let bytes = try? FileDescriptor.bytes(at: path) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func mask(_ name: String, _ status: String) -> UInt64 {
        let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
        return line.flatMap { $0.split(whereSeparator: \.isWhitespace).last }.flatMap { UInt64($0, radix: 16) } ?? 0
    }
}
