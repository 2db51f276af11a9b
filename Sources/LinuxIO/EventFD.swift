import CLinux
import Glibc

/// Wakes a thread that waits in poll(2), from any thread: an eventfd(2).
package final class EventFD: Sendable {
    private let descriptor: FileDescriptor

    /// - Throws: EMFILE, ENFILE or ENOMEM.
    package init() throws(LinuxError) {
        let flags = Int32(EFD_CLOEXEC | EFD_NONBLOCK)
        descriptor = FileDescriptor(owning: try checked("create", "an eventfd") { eventfd(0, flags) })
    }

    /// For poll(2): readable after `signal`, until `clear`.
    package var rawValue: Int32 { descriptor.rawValue }

    /// Makes it readable. Several before a `clear` count as one.
    package func signal() {
        // EAGAIN: the counter is at its top, so it is readable anyway.
        var one: UInt64 = 1
        _ = write(rawValue, &one, MemoryLayout<UInt64>.size)
    }

    /// Takes back all signals so far. What they announce has to be looked at afterwards, or one could be missed.
    package func clear() {
        var count: UInt64 = 0
        _ = read(rawValue, &count, MemoryLayout<UInt64>.size)
    }
}
