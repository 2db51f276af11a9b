import CLinux
import Glibc

/// Hands signals to a function, on a thread of its own.
///
/// Installed early in `main`: process 1 of a container has no default actions (pid_namespaces(7)), so that without a
/// handler SIGTERM would be lost; any other process is ended by a SIGHUP or SIGUSR1 that comes before its handler. At most
/// one of these objects at a time in a process.
package final class Signals: Sendable {
    private let numbers: [Int32]
    private let writeEnd: FileDescriptor
    private let thread: Mutex<OwnedThread?>

    /// Also ignores SIGPIPE from now on: a peer that hangs up is an error code, not our end.
    ///
    /// - Parameter handler: called with the signal's number, on a thread of this object; one signal after another.
    package init(
        _ numbers: [Int32], handler: @escaping @Sendable (Int32) -> Void
    ) throws(LinuxError) {
        var ends: [Int32] = [-1, -1]
        try checked("create", "a pipe") { pipe(&ends) }
        let readEnd = FileDescriptor(owning: ends[0])
        let writeEnd = FileDescriptor(owning: ends[1])
        for end in ends { try checked("set up", "a pipe") { fcntl(end, F_SETFD, FD_CLOEXEC) } }
        // A signal handler must not block. A full pipe drops the signal: there are enough in it already.
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

    // Dropped without `stop`, the handler would write to a descriptor that is somebody else's by then.
    deinit { stop() }

    /// Gives the signals their default actions back and ends the thread, after the signals that came before.
    package func stop() {
        for number in numbers { linux_default_signal(number) }
        var end: UInt8 = 0
        _ = write(writeEnd.rawValue, &end, 1)
        if let running = thread.withLock({ $0.take() }) { running.join() }
    }

    /// Waits for the next signal; nil once `stop` has written its mark, which is no signal's number.
    private static func next(from pipe: borrowing FileDescriptor) -> Int32? {
        var number: UInt8 = 0
        let count = withUnsafeMutableBytes(of: &number) { buffer in try? pipe.read(into: buffer) }
        return count == 1 && number != 0 ? Int32(number) : nil
    }
}
