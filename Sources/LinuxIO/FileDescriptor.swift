import CLinux
import Glibc

/// A file descriptor with one owner, closed when the owner is destroyed.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The number. Valid as long as this value exists.
    package let rawValue: Int32

    /// Takes ownership of `rawValue`. No other code may close it.
    package init(owning rawValue: Int32) { self.rawValue = rawValue }

    // On Linux, close(2) frees the number even if it fails, also with EINTR. Never close twice.
    deinit { close(rawValue) }

    /// Reads at the current position, up to the size of the buffer. Returns 0 at the end of the file.
    ///
    /// - Throws: `LinuxError`; EAGAIN if a non-blocking descriptor has no data.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(LinuxError) -> Int {
        try checked("read", "descriptor \(rawValue)") { Glibc.read(rawValue, buffer.baseAddress, buffer.count) }
    }

    /// Reads at `offset`, in bytes, up to the size of the buffer. Returns 0 at the end of the file.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(LinuxError) -> Int {
        try checked("read", "descriptor \(rawValue)") { pread(rawValue, buffer.baseAddress, buffer.count, offset) }
    }

    /// Writes all bytes, with several calls if necessary.
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
        try checked("get the status of", "descriptor \(rawValue)") { fstat(rawValue, &status) }
        return FileStatus(status)
    }

    /// Whether the open file is a mount point itself, as a file mounted with `subPath` is. False if the kernel does not
    /// report it (before Linux 5.8).
    package var isMountRoot: Bool { linux_is_mount_root(rawValue) == 1 }
}
