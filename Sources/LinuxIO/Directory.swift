import CLinux
import Glibc

/// An open directory. It keeps referring to the same directory when that is renamed or removed.
package struct Directory: ~Copyable, Sendable {
    package let descriptor: FileDescriptor
    /// The path that it was opened with. Only for messages.
    package let path: String

    /// Opens the directory at `path` and follows links.
    package init(path: String) throws(LinuxError) {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        descriptor = FileDescriptor(owning: try checked("open", path) { open(path, flags) })
        self.path = path
    }

    /// Takes ownership of an open directory. `path` is only for messages.
    package init(descriptor: consuming FileDescriptor, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Opens a directory below this one, like `openBeneath`.
    package func subdirectory(_ name: String) throws(LinuxError) -> Directory {
        Directory(descriptor: try openBeneath(name, flags: O_RDONLY | O_DIRECTORY), path: "\(path)/\(name)")
    }

    /// Creates the subdirectory `name` with `mode`, unless it exists. `name` is one path component.
    package func createSubdirectory(_ name: String, mode: UInt32) throws(LinuxError) {
        do throws(LinuxError) {
            try checked("create the directory", "\(path)/\(name)") { mkdirat(descriptor.rawValue, name, mode) }
        } catch  where error.code == EEXIST {}
    }

    /// fstat(2) of this directory.
    package func status() throws(LinuxError) -> FileStatus { try descriptor.status() }

    /// fstatat(2) of a name in this directory. Does not follow a link.
    package func status(of name: String) throws(LinuxError) -> FileStatus {
        var status = stat()
        try checked("get the status of", "\(path)/\(name)") {
            fstatat(descriptor.rawValue, name, &status, AT_SYMLINK_NOFOLLOW)
        }
        return FileStatus(status)
    }

    /// The target of the link `name`; nil if there is no such name or it is not a link.
    package func linkTarget(_ name: String) throws(LinuxError) -> String? {
        // readlinkat(2) does not terminate the text, and it truncates silently if the buffer is too small.
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

    /// Lists this directory in no particular order, without `.` and `..`. A removed directory is empty.
    ///
    /// - Parameter limit: the maximum number of names, because a directory can contain millions.
    package func entries(limit: Int = .max) throws(LinuxError) -> DirectoryListing {
        // Opens its own descriptor, because readdir(3) moves the file position, which duplicates share.
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
                // readdir(3): null with errno 0 is the end.
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

    /// The kind of an entry; nil if the name no longer exists. Some file systems return DT_UNKNOWN (readdir(3)).
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

/// The entries of a directory.
package struct DirectoryListing: Sendable {
    package var entries: [DirectoryEntry] = []
    /// The number of names that are not UTF-8. They are ignored, because no manifest can name them.
    package var undecodable = 0
}

/// A name in a directory, and the kind of file that it refers to.
package struct DirectoryEntry: Sendable, Hashable {
    package var name: String
    package var kind: FileStatus.Kind
}
