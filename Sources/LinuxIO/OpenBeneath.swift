import CLinux
import Glibc

extension Directory {
    /// Opens `relative`, which must stay beneath this directory: `..` that leads above it, absolute paths, links that
    /// do either, and the links of /proc fail with EXDEV or ELOOP. Never blocks, not on a FIFO either.
    ///
    /// - Parameters:
    ///   - relative: a path of one or more components.
    ///   - flags: of open(2); `O_NONBLOCK`, `O_CLOEXEC` and `O_NOCTTY` are added.
    /// - Throws: `LinuxError`; code EXDEV: leads out of this directory.
    package func openBeneath(_ relative: String, flags: Int32 = O_RDONLY) throws(LinuxError) -> FileDescriptor {
        // openat2(2) refuses flags that O_PATH ignores elsewhere.
        let isPath = flags & linux_o_path != 0
        let all = flags | O_CLOEXEC | (isPath ? 0 : O_NONBLOCK | O_NOCTTY)
        let resolve = linux_resolve_beneath | linux_resolve_no_magiclinks
        // openat2(2): EAGAIN when something was renamed while `..` was resolved, and the answer could not be trusted.
        for _ in 0..<Self.retries {
            let opened = linux_openat2(descriptor.rawValue, relative, UInt64(all), resolve)
            if opened != -1 { return FileDescriptor(owning: opened) }
            switch errno {
            case EINTR, EAGAIN: continue
            // A kernel before 5.6, a sandbox without the call, or a seccomp profile that forbids it.
            case ENOSYS, EPERM: return try openWithoutLinks(relative, flags: all)
            default: throw LinuxError.last("open", "\(path)/\(relative)")
            }
        }
        throw LinuxError("open", "\(path)/\(relative)", code: EAGAIN)
    }

    /// Opens `name`, one component, which must not be a link (EXDEV). Never blocks. Needs no openat2(2).
    package func openEntry(_ name: String, flags: Int32 = O_RDONLY) throws(LinuxError) -> FileDescriptor {
        try openWithoutLinks(name, flags: flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    }

    /// What `relative` names, with links followed as `openBeneath` does; the file itself is not opened.
    package func statusBeneath(_ relative: String) throws(LinuxError) -> FileStatus {
        try openBeneath(relative, flags: linux_o_path).status()
    }

    /// What `openBeneath` does where there is no openat2(2): walks component by component and follows no link at all.
    ///
    /// Safe, and enough for an atomically written volume, whose generations hold no links. A link fails with EXDEV.
    package func openWithoutLinks(_ relative: String, flags: Int32) throws(LinuxError) -> FileDescriptor {
        let object = "\(path)/\(relative)"
        // By scalars: with a combining mark behind it, a slash is another character to Swift and a slash to the kernel.
        let parts = relative.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
        guard let last = parts.last, !parts.contains(where: { $0.isEmpty || $0 == ".." }) else {
            throw LinuxError("open", object, code: EXDEV)
        }
        var current: FileDescriptor?
        for part in parts.dropLast() {
            let from = current?.rawValue ?? descriptor.rawValue
            current = FileDescriptor(
                owning: try Self.step(from, part, linux_o_path | O_DIRECTORY | O_CLOEXEC, object))
        }
        return FileDescriptor(owning: try Self.step(current?.rawValue ?? descriptor.rawValue, last, flags, object))
    }

    private static func step(
        _ directory: Int32, _ name: String, _ flags: Int32, _ object: String
    ) throws(LinuxError) -> Int32 {
        do throws(LinuxError) {
            return try checked("open", object) { openat(directory, name, flags | O_NOFOLLOW) }
        } catch  where error.code == ELOOP || error.code == ENOTDIR {
            // open(2): ELOOP says that the name is a link; with O_DIRECTORY it is ENOTDIR, for files too.
            var status = stat()
            let isLink =
                fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_mode & S_IFMT == S_IFLNK
            throw LinuxError("open", object, code: isLink ? EXDEV : error.code)
        }
    }

    private static let retries = 64
}
