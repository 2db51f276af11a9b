import CLinux
import Glibc

/// A descriptor with one owner; closed when the owner lets go.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The number, valid as long as this value lives.
    package let rawValue: Int32

    /// Takes ownership of `rawValue`, which nobody else may close.
    package init(owning rawValue: Int32) { self.rawValue = rawValue }

    // close(2): on Linux the number is free again whatever close returns, EINTR too; never close twice.
    deinit { close(rawValue) }

    /// Reads at the current position, up to the buffer's size; 0 at the end.
    ///
    /// - Throws: `LinuxError`, also EAGAIN from a non-blocking descriptor that has nothing.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(LinuxError) -> Int {
        try checked("read", "descriptor \(rawValue)") { Glibc.read(rawValue, buffer.baseAddress, buffer.count) }
    }

    /// Reads at `offset`, in bytes, up to the buffer's size; 0 at the end.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(LinuxError) -> Int {
        try checked("read", "descriptor \(rawValue)") { pread(rawValue, buffer.baseAddress, buffer.count, offset) }
    }

    /// Writes all the bytes, in as many calls as it takes.
    package func write(all bytes: UnsafeRawBufferPointer) throws(LinuxError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = try checked("write", "descriptor \(rawValue)") {
                Glibc.write(rawValue, part.baseAddress, part.count)
            }
            rest = rest.dropFirst(count)
        }
    }

    /// fstat(2).
    package func status() throws(LinuxError) -> FileStatus {
        var status = stat()
        try checked("look at", "descriptor \(rawValue)") { fstat(rawValue, &status) }
        return FileStatus(status)
    }

    /// Whether the open file is mounted by itself, as a file mounted by `subPath` is; false where the kernel cannot
    /// say (before Linux 5.8).
    package var isMountRoot: Bool { linux_is_mount_root(rawValue) == 1 }
}
