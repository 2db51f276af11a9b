import CLinux
import Glibc

extension Directory {
    /// Opens `relative`, which must stay beneath this directory. Paths and links that leave it (by `..` or as absolute
    /// paths) and the magic links of /proc fail with EXDEV or ELOOP. Never blocks, not even on a FIFO.
    ///
    /// - Parameters:
    ///   - relative: a path of one or more components.
    ///   - flags: the flags of open(2); `O_NONBLOCK`, `O_CLOEXEC` and `O_NOCTTY` are added.
    /// - Throws: `LinuxError`; EXDEV if the path leads out of this directory.
    package func openBeneath(_ relative: String, flags: Int32 = O_RDONLY) throws(LinuxError) -> FileDescriptor {
        // openat2(2) rejects flags that open(2) ignores with O_PATH.
        let isPath = flags & linux_o_path != 0
        let all = flags | O_CLOEXEC | (isPath ? 0 : O_NONBLOCK | O_NOCTTY)
        let resolve = linux_resolve_beneath | linux_resolve_no_magiclinks
        // openat2(2) fails with EAGAIN if a rename happened while it resolved `..`, so that the result is not reliable.
        for _ in 0..<Self.retries {
            let opened = linux_openat2(descriptor.rawValue, relative, UInt64(all), resolve)
            if opened != -1 { return FileDescriptor(owning: opened) }
            switch errno {
            case EINTR, EAGAIN: continue
            // A kernel before 5.6, a sandbox without the call, or a seccomp profile that denies it.
            case ENOSYS, EPERM: return try openWithoutLinks(relative, flags: all)
            default: throw LinuxError.last("open", "\(path)/\(relative)")
            }
        }
        throw LinuxError("open", "\(path)/\(relative)", code: EAGAIN)
    }

    /// Opens `name`, one path component that must not be a link (EXDEV). Never blocks. Does not need openat2(2).
    package func openEntry(_ name: String, flags: Int32 = O_RDONLY) throws(LinuxError) -> FileDescriptor {
        try openWithoutLinks(name, flags: flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    }

    /// The status of the file at `relative`, with links followed as in `openBeneath`. The file itself is not opened.
    package func statusBeneath(_ relative: String) throws(LinuxError) -> FileStatus {
        try openBeneath(relative, flags: linux_o_path).status()
    }

    /// The fallback of `openBeneath` without openat2(2): walks component by component and follows no links. A link
    /// fails with EXDEV.
    ///
    /// This is safe, and sufficient for an atomically written volume, whose generations contain no links.
    package func openWithoutLinks(_ relative: String, flags: Int32) throws(LinuxError) -> FileDescriptor {
        let object = "\(path)/\(relative)"
        // Uses Unicode scalars: in Swift, a slash followed by a combining mark is a different character, but to the
        // kernel it is a slash.
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
            // open(2) fails with ELOOP if the name is a link. With O_DIRECTORY it fails with ENOTDIR, for files too.
            var status = stat()
            let isLink =
                fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_mode & S_IFMT == S_IFLNK
            throw LinuxError("open", object, code: isLink ? EXDEV : error.code)
        }
    }

    private static let retries = 64
}
