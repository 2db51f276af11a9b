import CLinux
import Glibc

/// An eventfd(2): any thread can use it to wake a thread that waits in poll(2).
package final class EventFD: Sendable {
    private let descriptor: FileDescriptor

    /// - Throws: EMFILE, ENFILE or ENOMEM.
    package init() throws(LinuxError) {
        let flags = Int32(EFD_CLOEXEC | EFD_NONBLOCK)
        descriptor = FileDescriptor(owning: try checked("create", "an eventfd") { eventfd(0, flags) })
    }

    /// The descriptor for poll(2): readable after `signal`, until `clear`.
    package var rawValue: Int32 { descriptor.rawValue }

    /// Makes the descriptor readable. Several calls before a `clear` count as one.
    package func signal() {
        // EAGAIN means that the counter is at its maximum, so the descriptor is readable.
        var one: UInt64 = 1
        _ = write(rawValue, &one, MemoryLayout<UInt64>.size)
    }

    /// Clears all signals so far. Check what they announce after this call, so that no signal is missed.
    package func clear() {
        var count: UInt64 = 0
        _ = read(rawValue, &count, MemoryLayout<UInt64>.size)
    }
}
