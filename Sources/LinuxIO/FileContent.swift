import Glibc

/// Reading of small files, those that hold credentials. Blocks.
package enum FileContent {
    package struct Failure: Error {
        /// strerror(3)'s text.
        package let reason: String

        init(errno code: Int32) { reason = String(cString: strerror(code)) }
        init(reason: String) { self.reason = reason }
    }

    /// What tells one content of a file from another, without reading it.
    package struct Stamp: Sendable, Equatable {
        let device: UInt
        let inode: UInt
        let size: Int
        let seconds: Int
        let nanoseconds: Int

        /// stat(2), through symbolic links: a projected volume's files are links that are swapped.
        package init?(path: String) {
            var info = stat()
            guard stat(path, &info) == 0 else { return nil }
            device = UInt(info.st_dev)
            inode = UInt(info.st_ino)
            size = Int(info.st_size)
            seconds = info.st_mtim.tv_sec
            nanoseconds = info.st_mtim.tv_nsec
        }
    }

    /// - Parameter limit: in bytes.
    package static func read(_ path: String, limit: Int = 1 << 20) -> Result<[UInt8], Failure> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return .failure(Failure(errno: errno)) }
        defer { close(descriptor) }
        return read(descriptor, limit: limit)
    }

    /// To the end of the file.
    package static func read(_ descriptor: Int32, limit: Int) -> Result<[UInt8], Failure> {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return .success(content) }
            if count < 0 {
                if errno == EINTR { continue }
                return .failure(Failure(errno: errno))
            }
            content += buffer[..<count]
            guard content.count <= limit else { return .failure(Failure(reason: "more than \(limit) bytes")) }
        }
    }
}
