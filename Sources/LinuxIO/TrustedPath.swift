import CLinux
import Glibc

/// The reason why a directory is not opened for writing.
package enum TrustedPathError: Error, Sendable, Equatable {
    case failed(LinuxError)
    /// Other users can write to it or choose where its path leads. The text is half a sentence.
    case untrusted(String)
}

extension Directory {
    /// Opens the directory at `path` if only root and the user of this process can write to it.
    ///
    /// A link in the path is followed if no other user can have created it: only those two can write to the directory
    /// that contains it, or one of them owns the link and the directory is sticky, like /tmp. (The kernel's
    /// `fs.protected_symlinks` checks only the last component and sticky directories.)
    ///
    /// - Parameter creates: whether to create the directory and its missing parents, with mode 0700.
    /// - Throws: `.failed` with ENOENT if it does not exist and `creates` is false.
    package static func openTrusted(_ path: String, creates: Bool) throws(TrustedPathError) -> Directory {
        let found = try walk(path, creates: creates)
        return try orFailed { () throws(LinuxError) in
            let opened = try checked("open", path) {
                openat(found.descriptor.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            }
            return Directory(descriptor: FileDescriptor(owning: opened), path: path)
        }
    }

    /// Walks component by component, so that each link is checked before it is followed. Opens the directories with
    /// `O_PATH`, so they need not be readable.
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
            guard isSafe else { throw .untrusted("another user may have created the link \(next.path)") }
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
        if let reason = status.untrustedReason { throw .untrusted(reason) }
        return current
    }

    private static func start(_ path: String) throws(TrustedPathError) -> Directory {
        let isAbsolute = path.utf8.first == UInt8(ascii: "/")
        return try orFailed { () throws(LinuxError) in try Directory(path: isAbsolute ? "/" : ".") }
    }

    /// Uses Unicode scalars: in Swift, a slash followed by a combining mark is a different character.
    private static func components(_ path: String) -> [String] {
        path.unicodeScalars.split(separator: "/").map { String($0) }
    }

    /// Opens the directory or link `name` without following it.
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

    /// The maximum number of links in a path: path_resolution(7).
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
    /// Whether root or the user of this process owns the file and no other user can write to it. Access lists that let
    /// others write show in the group's bits (acl(5)).
    package var isTrusted: Bool { isOwnedByTrusted && permissions & 0o022 == 0 }

    fileprivate var isOwnedByTrusted: Bool { owner == 0 || owner == geteuid() }
    fileprivate var isSticky: Bool { permissions & 0o1000 != 0 }

    /// The reason why the file is not trusted, as half a sentence; nil if it is trusted.
    package var untrustedReason: String? {
        if isTrusted { return nil }
        let mode = String(permissions, radix: 8)
        return isOwnedByTrusted ? "its mode is 0\(mode), so other users can write to it" : "uid \(owner) owns it"
    }
}
