import Glibc

/// What stat(2) says of a file, as far as we ask.
package struct FileStatus: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case file, directory, link
        /// A device, FIFO or socket.
        case special
    }

    package var kind: Kind
    /// Bytes.
    package var size: Int
    package var identity: FileIdentity
    /// The owner's uid.
    package var owner: UInt32
    /// The mode's permissions, with the sticky, set-group-ID and set-user-ID bits.
    package var permissions: UInt32
    /// Number of names; 0 once the last is removed, which a file mounted by `subPath` shows.
    package var links: Int
    /// Last change of the content.
    package var modified: FileTime
    /// Last change of content, names, owner or mode.
    package var changed: FileTime

    /// stat(2), through symbolic links.
    package init(path: String) throws(LinuxError) {
        var status = stat()
        try checked("look at", path) { stat(path, &status) }
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
        permissions = status.st_mode & 0o7777
        links = Int(status.st_nlink)
        modified = FileTime(status.st_mtim)
        changed = FileTime(status.st_ctim)
    }
}

/// One file or directory, whatever its name; a number can come back once the file is gone.
package struct FileIdentity: Sendable, Hashable {
    package var device: UInt64
    package var inode: UInt64
}

/// A file system's time, since 1970, in UTC.
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
