import CLinux
import Glibc
package import LinuxIO

/// An inotify(7) instance: only the system calls, without knowledge of what is watched.
///
/// Use it from one thread. Instances are limited per user and node (`fs.inotify.max_user_instances`, 128 by default),
/// and all pods with the same uid share the limit, so EMFILE must be expected.
package struct Inotify: ~Copyable {
    private let descriptor: FileDescriptor
    private let buffer: UnsafeMutableRawBufferPointer

    /// - Throws: EMFILE or ENFILE if there are too many instances or open files; ENOMEM.
    package init() throws(LinuxError) {
        let opened = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        if opened == -1 { throw LinuxError("start", "inotify", code: errno) }
        descriptor = FileDescriptor(owning: opened)
        buffer = .allocate(byteCount: 64 << 10, alignment: 8)
    }

    deinit { buffer.deallocate() }

    /// The descriptor for poll(2).
    package var rawValue: Int32 { descriptor.rawValue }

    /// Watches the directory at `path`. Returns the same number for a directory that is already watched, by any path.
    ///
    /// - Throws: ENOSPC or ENOMEM if there are too many watches; EACCES, ENOENT, ENOTDIR.
    package func watch(_ path: String, _ mask: InotifyEvent.Mask) throws(LinuxError) -> Int32 {
        let watch = inotify_add_watch(rawValue, path, mask.rawValue)
        if watch == -1 { throw LinuxError("watch", path, code: errno) }
        return watch
    }

    /// Removes a watch; `ignored` is its last event. Does nothing if the watch no longer exists.
    package func end(_ watch: Int32) { inotify_rm_watch(rawValue, watch) }

    /// Reads the waiting events, up to one buffer; empty if there are none.
    package func read() throws(LinuxError) -> [InotifyEvent] {
        do throws(LinuxError) {
            let count = try descriptor.read(into: buffer)
            return InotifyEvent.decode(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        } catch  where error.code == EAGAIN {
            return []
        }
    }
}
