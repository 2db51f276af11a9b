import CLinux
import Glibc

/// Calls a function for each signal, on a dedicated thread.
///
/// Install it early in `main`. Process 1 of a container has no default actions (pid_namespaces(7)), so without a
/// handler SIGTERM is lost. Any other process ends if SIGHUP or SIGUSR1 arrives before the handler is installed. A
/// process can have only one instance at a time.
package final class Signals: Sendable {
    private let numbers: [Int32]
    private let writeEnd: FileDescriptor
    private let thread: Mutex<OwnedThread?>

    /// Installs the handlers, and ignores SIGPIPE: a closed connection is then an error code and does not end the
    /// process.
    ///
    /// - Parameter handler: called with the number of each signal, one at a time, on this object's thread.
    package init(
        _ numbers: [Int32], handler: @escaping @Sendable (Int32) -> Void
    ) throws(LinuxError) {
        var ends: [Int32] = [-1, -1]
        try checked("create", "a pipe") { pipe(&ends) }
        let readEnd = FileDescriptor(owning: ends[0])
        let writeEnd = FileDescriptor(owning: ends[1])
        for end in ends { try checked("set up", "a pipe") { fcntl(end, F_SETFD, FD_CLOEXEC) } }
        // A signal handler must not block. A full pipe drops the signal; it contains enough signals already.
        try checked("set up", "a pipe") { fcntl(writeEnd.rawValue, F_SETFL, O_NONBLOCK) }
        let thread = try OwnedThread(name: "signals") {
            while let number = Self.next(from: readEnd) { handler(number) }
        }
        linux_ignore_signal(SIGPIPE)
        for number in numbers {
            try checked("handle", "signal \(number)") { linux_forward_signal_to(number, writeEnd.rawValue) }
        }
        self.numbers = numbers
        self.writeEnd = writeEnd
        self.thread = Mutex(thread)
    }

    // Without `stop`, the signal handler would later write to a closed descriptor, whose number may have been reused.
    deinit { stop() }

    /// Restores the default actions of the signals and ends the thread, after it has handled earlier signals.
    package func stop() {
        for number in numbers { linux_default_signal(number) }
        var end: UInt8 = 0
        _ = write(writeEnd.rawValue, &end, 1)
        if let running = thread.withLock({ $0.take() }) { running.join() }
    }

    /// Waits for the next signal. Returns nil after `stop` has written 0, which is not a signal number.
    private static func next(from pipe: borrowing FileDescriptor) -> Int32? {
        var number: UInt8 = 0
        let count = withUnsafeMutableBytes(of: &number) { buffer in try? pipe.read(into: buffer) }
        return count == 1 && number != 0 ? Int32(number) : nil
    }
}
