import Glibc

/// The parts of stat(2)'s result that this program uses.
package struct FileStatus: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case file, directory, link
        /// A device, FIFO or socket.
        case special
    }

    package var kind: Kind
    /// In bytes.
    package var size: Int
    package var identity: FileIdentity
    /// The uid of the owner.
    package var owner: UInt32
    /// The gid.
    package var group: UInt32
    /// The permission bits of the mode, with the sticky, set-group-ID and set-user-ID bits.
    package var permissions: UInt32
    /// The number of hard links. It is 0 once the last name has been removed, as for a file mounted with `subPath`.
    package var links: Int
    /// The time of the last change of the content.
    package var modified: FileTime
    /// The time of the last change of content, names, owner or mode.
    package var changed: FileTime

    /// Calls stat(2), which follows symbolic links.
    package init(path: String) throws(LinuxError) {
        var status = stat()
        try checked("get the status of", path) { stat(path, &status) }
        self.init(status)
    }

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            case S_IFLNK: .link
            default: .special
            }
        size = Int(status.st_size)
        identity = FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        owner = status.st_uid
        group = status.st_gid
        permissions = status.st_mode & 0o7777
        links = Int(status.st_nlink)
        modified = FileTime(status.st_mtim)
        changed = FileTime(status.st_ctim)
    }
}

/// Identifies a file or directory independently of its name. A number can be reused once the file is deleted.
package struct FileIdentity: Sendable, Hashable {
    package var device: UInt64
    package var inode: UInt64
}

/// A time of a file system, since 1970, in UTC.
package struct FileTime: Sendable, Hashable, Comparable {
    package var seconds: Int64
    /// 0 to 999,999,999.
    package var nanoseconds: Int64

    init(_ time: timespec) {
        seconds = Int64(time.tv_sec)
        nanoseconds = Int64(time.tv_nsec)
    }

    package static func < (left: FileTime, right: FileTime) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}
