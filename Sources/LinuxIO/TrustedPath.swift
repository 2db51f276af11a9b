import CLinux
import Glibc

/// Why a directory is not opened to be written.
package enum TrustedPathError: Error, Sendable, Equatable {
    case failed(LinuxError)
    /// Others may write it, or decide what its path leads to; half a sentence.
    case untrusted(String)
}

extension Directory {
    /// Opens the directory at `path` if root and this process's user alone may write it.
    ///
    /// A link on the way is followed if nobody else can have put it there: it stands in a directory that the two alone may
    /// write, or one of them owns it and the directory is sticky, as /tmp is. (The kernel's `fs.protected_symlinks`
    /// looks at the last component and at sticky directories alone.)
    ///
    /// - Parameter creates: makes it, and what is missing above it, with mode 0700.
    /// - Throws: `.failed` with ENOENT if it is not there and not to be made.
    package static func openTrusted(_ path: String, creates: Bool) throws(TrustedPathError) -> Directory {
        let found = try walk(path, creates: creates)
        return try orFailed { () throws(LinuxError) in
            let opened = try checked("open", path) {
                openat(found.descriptor.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            }
            return Directory(descriptor: FileDescriptor(owning: opened), path: path)
        }
    }

    /// Component by component, so that each link is judged before it is followed. The directories are opened as places
    /// alone (`O_PATH`), which need not be readable.
    private static func walk(_ path: String, creates: Bool) throws(TrustedPathError) -> Directory {
        var current = try start(path)
        var status = try orFailed { () throws(LinuxError) in try current.status() }
        var rest = Array(components(path).reversed())
        var links = 0
        while let name = rest.popLast() {
            let next = try orFailed { () throws(LinuxError) in try current.place(name, creates: creates) }
            let nextStatus = try orFailed { () throws(LinuxError) in try next.status() }
            guard nextStatus.kind == .link else {
                status = nextStatus
                current = next
                continue
            }
            let isSafe = status.isTrusted || status.isSticky && status.isOwnedByTrusted && nextStatus.isOwnedByTrusted
            guard isSafe else { throw .untrusted("others may have put the link \(next.path) there") }
            links += 1
            let target = try orFailed { () throws(LinuxError) in try next.linkTarget("") }
            guard let target, links <= longestChain else {
                throw .failed(LinuxError("open", path, code: target == nil ? ENOENT : ELOOP))
            }
            rest += components(target).reversed()
            if target.utf8.first == UInt8(ascii: "/") {
                current = try start(target)
                status = try orFailed { () throws(LinuxError) in try current.status() }
            }
        }
        if let reason = status.distrust { throw .untrusted(reason) }
        return current
    }

    private static func start(_ path: String) throws(TrustedPathError) -> Directory {
        let isAbsolute = path.utf8.first == UInt8(ascii: "/")
        return try orFailed { () throws(LinuxError) in try Directory(path: isAbsolute ? "/" : ".") }
    }

    /// By scalars: with a combining mark behind it, a slash is another character to Swift.
    private static func components(_ path: String) -> [String] {
        path.unicodeScalars.split(separator: "/").map { String($0) }
    }

    /// The directory or link `name`, without following it.
    private func place(_ name: String, creates: Bool) throws(LinuxError) -> Directory {
        let below = path == "/" ? "/\(name)" : "\(path)/\(name)"
        let open = { [number = descriptor.rawValue] () throws(LinuxError) in
            try checked("open", below) { openat(number, name, linux_o_path | O_NOFOLLOW | O_CLOEXEC) }
        }
        do throws(LinuxError) {
            return Directory(descriptor: FileDescriptor(owning: try open()), path: below)
        } catch  where error.code == ENOENT && creates {
            try createSubdirectory(name, mode: 0o700)
            return Directory(descriptor: FileDescriptor(owning: try open()), path: below)
        }
    }

    /// path_resolution(7).
    private static let longestChain = 40
}

private func orFailed<Result: ~Copyable>(
    _ body: () throws(LinuxError) -> Result
) throws(TrustedPathError) -> Result {
    do throws(LinuxError) {
        return try body()
    } catch {
        throw .failed(error)
    }
}

extension FileStatus {
    /// Root or this process's user owns it, and nobody else may write it. An access list that lets others write shows in
    /// the group's bits (acl(5)).
    package var isTrusted: Bool { isOwnedByTrusted && permissions & 0o022 == 0 }

    fileprivate var isOwnedByTrusted: Bool { owner == 0 || owner == geteuid() }
    fileprivate var isSticky: Bool { permissions & 0o1000 != 0 }

    /// Why it is not trusted, half a sentence; nil if it is.
    package var distrust: String? {
        if isTrusted { return nil }
        let mode = String(permissions, radix: 8)
        return isOwnedByTrusted ? "its mode is 0\(mode), so others may write it" : "uid \(owner) owns it"
    }
}
