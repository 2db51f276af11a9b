import Glibc

extension Directory {
    /// Reads a regular file in this directory. Returns its content and a version string that changes whenever the file
    /// changes.
    ///
    /// - Parameter limit: the maximum size in bytes.
    /// - Returns: nil if it is not a regular file or is larger than `limit`.
    /// - Throws: `LinuxError`; ENOENT if the file does not exist.
    package func content(
        of name: String, limit: Int
    ) throws(LinuxError) -> (bytes: [UInt8], version: String)? {
        let file = try openEntry(name)
        let version = try file.status().version
        guard let bytes = try file.content(limit: limit) else { return nil }
        return (bytes, version)
    }

    /// The version string that `content` returns for a file, without reading the file.
    ///
    /// - Throws: `LinuxError`; ENOENT if the file does not exist.
    package func version(of name: String) throws(LinuxError) -> String {
        try openEntry(name).status().version
    }
}

extension FileStatus {
    var version: String { "\(identity.inode).\(changed.seconds).\(changed.nanoseconds).\(size)" }
}

extension FileDescriptor {
    /// Opens the file at `path` for reading and follows links. Never blocks, not even on a FIFO.
    package init(reading path: String) throws(LinuxError) {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        self.init(owning: try checked("open", path) { open(path, flags) })
    }

    /// Reads a regular file from the current position.
    ///
    /// - Parameter limit: the maximum size in bytes.
    /// - Returns: nil if it is not a regular file or is larger than `limit`.
    package func content(limit: Int) throws(LinuxError) -> [UInt8]? {
        let status = try status()
        guard status.kind == .file, status.size <= limit else { return nil }
        return try bytes(limit: limit)
    }

    /// Reads the file at `path`, like `init(reading:)` and `bytes(limit:)`.
    ///
    /// - Throws: `LinuxError`; EFBIG if there are more than `limit` bytes.
    package static func bytes(at path: String, limit: Int = 1 << 20) throws(LinuxError) -> [UInt8] {
        guard let bytes = try FileDescriptor(reading: path).bytes(limit: limit) else {
            throw LinuxError("read", path, code: EFBIG)
        }
        return bytes
    }

    /// Reads from the current position to the end. Also works for a pipe or a device.
    ///
    /// - Parameter limit: the maximum number of bytes.
    /// - Returns: nil if there are more than `limit` bytes.
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
