import Glibc

extension Directory {
    /// The content of a regular file in this directory, and a text that changes when the file does.
    ///
    /// - Parameter limit: bytes.
    /// - Returns: nil if it is no regular file or larger than `limit`.
    /// - Throws: `LinuxError`; ENOENT if there is none.
    package func content(
        of name: String, limit: Int
    ) throws(LinuxError) -> (bytes: [UInt8], version: String)? {
        let file = try openEntry(name)
        let version = try file.status().version
        guard let bytes = try file.content(limit: limit) else { return nil }
        return (bytes, version)
    }

    /// The text that `content` gives with a file, without reading it.
    ///
    /// - Throws: `LinuxError`; ENOENT if there is none.
    package func version(of name: String) throws(LinuxError) -> String {
        try openEntry(name).status().version
    }
}

extension FileStatus {
    fileprivate var version: String { "\(identity.inode).\(changed.seconds).\(changed.nanoseconds).\(size)" }
}

extension FileDescriptor {
    /// Opens the file at `path` for reading, following links. Never blocks, not on a FIFO either.
    package init(reading path: String) throws(LinuxError) {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        self.init(owning: try checked("open", path) { open(path, flags) })
    }

    /// What a regular file holds from the current position on.
    ///
    /// - Parameter limit: bytes.
    /// - Returns: nil if it is no regular file or larger than `limit`.
    package func content(limit: Int) throws(LinuxError) -> [UInt8]? {
        let status = try status()
        guard status.kind == .file, status.size <= limit else { return nil }
        return try bytes(limit: limit)
    }

    /// What the file at `path` holds; as `init(reading:)` and `bytes(limit:)`.
    ///
    /// - Throws: EFBIG if there is more than `limit`.
    package static func bytes(at path: String, limit: Int = 1 << 20) throws(LinuxError) -> [UInt8] {
        guard let bytes = try FileDescriptor(reading: path).bytes(limit: limit) else {
            throw LinuxError("read", path, code: EFBIG)
        }
        return bytes
    }

    /// What comes until the end, from the current position on, also of a pipe or a device.
    ///
    /// - Parameter limit: bytes.
    /// - Returns: nil if there is more than `limit`.
    package func bytes(limit: Int) throws(LinuxError) -> [UInt8]? {
        var bytes: [UInt8] = []
        try withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { (buffer) throws(LinuxError) in
            while bytes.count <= limit {
                let count = try read(into: buffer)
                if count == 0 { return }
                bytes += UnsafeRawBufferPointer(rebasing: buffer[..<count])
            }
        }
        return bytes.count > limit ? nil : bytes
    }
}
