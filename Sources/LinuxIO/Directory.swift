import CLinux
import Glibc

/// An open directory. All that is asked of it stays with this directory, whatever becomes of its name.
package struct Directory: ~Copyable, Sendable {
    package let descriptor: FileDescriptor
    /// The path that it was opened by, for messages only.
    package let path: String

    /// Opens the directory at `path`, following links.
    package init(path: String) throws(LinuxError) {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        descriptor = FileDescriptor(owning: try checked("open", path) { open(path, flags) })
        self.path = path
    }

    /// Takes an open directory; `path` is for messages.
    package init(descriptor: consuming FileDescriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Opens a directory below this one; as `openBeneath`.
    package func subdirectory(_ name: String) throws(LinuxError) -> Directory {
        Directory(descriptor: try openBeneath(name, flags: O_RDONLY | O_DIRECTORY), path: "\(path)/\(name)")
    }

    /// Creates a directory below this one, with `mode`, unless there is one; `name` is one component.
    package func createSubdirectory(_ name: String, mode: UInt32) throws(LinuxError) {
        do throws(LinuxError) {
            try checked("create the directory", "\(path)/\(name)") { mkdirat(descriptor.rawValue, name, mode) }
        } catch  where error.code == EEXIST {}
    }

    /// fstat(2) of the directory itself.
    package func status() throws(LinuxError) -> FileStatus { try descriptor.status() }

    /// fstatat(2) of a name in this directory; a link is not followed.
    package func status(of name: String) throws(LinuxError) -> FileStatus {
        var status = stat()
        try checked("look at", "\(path)/\(name)") {
            fstatat(descriptor.rawValue, name, &status, AT_SYMLINK_NOFOLLOW)
        }
        return FileStatus(status)
    }

    /// The target of the link `name`; nil if there is no such name or it is no link.
    package func linkTarget(_ name: String) throws(LinuxError) -> String? {
        // readlinkat(2) does not terminate the text, and cuts it off silently: a full buffer is too small a buffer.
        try withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { (text) throws(LinuxError) in
            guard let start = text.baseAddress else { return nil }
            let count: Int
            do throws(LinuxError) {
                count = try checked("read the link", "\(path)/\(name)") {
                    readlinkat(descriptor.rawValue, name, start, text.count)
                }
            } catch  where error.code == ENOENT || error.code == EINVAL || error.code == ENOTDIR {
                return nil
            }
            return String(
                decoding: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[..<count]), as: UTF8.self)
        }
    }

    /// The names in this directory without `.` and `..`, in no order. A directory that was removed has none.
    ///
    /// - Parameter limit: how many names are taken; a directory can hold millions.
    package func entries(limit: Int = .max) throws(LinuxError) -> DirectoryListing {
        // A descriptor of its own: readdir(3) moves the position, which duplicates would share.
        let own = try checked("open", path) { openat(descriptor.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard let stream = fdopendir(own) else {
            let error = LinuxError.last("list", path)
            close(own)
            throw error
        }
        defer { closedir(stream) }
        var listing = DirectoryListing()
        while listing.entries.count + listing.undecodable < limit {
            errno = 0
            guard let entry = readdir(stream) else {
                // readdir(3): null and errno 0 is the end.
                if errno == 0 { return listing }
                throw LinuxError.last("list", path)
            }
            guard let bytes = linux_entry_name(entry) else { continue }
            guard let name = String(validatingCString: bytes) else {
                listing.undecodable += 1
                continue
            }
            if name == "." || name == ".." { continue }
            guard let kind = try kind(of: name, type: Int(entry.pointee.d_type)) else { continue }
            listing.entries.append(DirectoryEntry(name: name, kind: kind))
        }
        return listing
    }

    /// `DT_UNKNOWN`: some file systems do not tell (readdir(3)). Nil if the name has gone by now.
    private func kind(of name: String, type: Int) throws(LinuxError) -> FileStatus.Kind? {
        switch type {
        case DT_REG: return .file
        case DT_DIR: return .directory
        case DT_LNK: return .link
        case DT_UNKNOWN:
            do throws(LinuxError) {
                return try status(of: name).kind
            } catch  where error.code == ENOENT {
                return nil
            }
        default: return .special
        }
    }
}

/// The names in a directory.
package struct DirectoryListing: Sendable {
    package var entries: [DirectoryEntry] = []
    /// How many names are not UTF-8 and therefore left out: no manifest can name them.
    package var undecodable = 0
}

/// One name in a directory, and what it names.
package struct DirectoryEntry: Sendable, Hashable {
    package var name: String
    package var kind: FileStatus.Kind
}
