import Glibc

/// The mode and the group of files that other processes read.
package struct FileAttributes: Sendable, Hashable {
    /// The exact mode of a file; the umask is not applied.
    package var mode: UInt32
    /// The gid; nil for the one that the kernel gives a new file.
    package var group: UInt32?

    package init(mode: UInt32, group: UInt32? = nil) {
        self.mode = mode
        self.group = group
    }

    /// For a folder with such files: all for its owner, and for whoever may read the files to list and enter it.
    package var ofFolder: FileAttributes {
        FileAttributes(mode: 0o700 | mode & 0o044 | (mode & 0o044) >> 2, group: group)
    }

    /// Whether a file has them. Set-group-ID, which folders inherit, is ignored.
    func matches(_ status: FileStatus) -> Bool {
        status.permissions & 0o777 == mode && group.map { $0 == status.group } ?? true
    }
}

extension FileDescriptor {
    /// Sets the group and then the mode, unless the file has them. Set-group-ID is kept.
    ///
    /// - Parameter object: the path, for messages.
    package func apply(_ attributes: FileAttributes, to object: String) throws(LinuxError) {
        let status = try status()
        if let group = attributes.group, group != status.group {
            try checked("set the group of", object) { fchown(rawValue, .max, group) }
        }
        guard !attributes.matches(try self.status()) else { return }
        let mode = attributes.mode | status.permissions & 0o2000
        try checked("set the mode of", object) { fchmod(rawValue, mode) }
    }
}

/// Groups of the system.
package enum SystemGroup {
    /// The gid of a group by its name (getgrnam(3)), or a number itself; nil if there is no such group.
    package static func identifier(_ text: String) -> UInt32? {
        if text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            // The largest number means "unchanged" (chown(2)).
            return UInt32(text).flatMap { $0 == .max ? nil : $0 }
        }
        guard !text.contains("\0") else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64 << 10) { buffer in
            var entry = group()
            var found: UnsafeMutablePointer<group>?
            guard getgrnam_r(text, &entry, buffer.baseAddress, buffer.count, &found) == 0, found != nil else {
                return nil
            }
            return entry.gr_gid
        }
    }
}
