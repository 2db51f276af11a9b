import Glibc

/// Reads whole files of any readable kind.
enum FileBytes {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let limit = 16 << 20

    static func read(_ path: String) throws(Failure) -> [UInt8] {
        let file = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure() }
        defer { if file != STDIN_FILENO { close(file) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure() }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else { throw Failure(description: "is larger than \(limit) bytes") }
        }
    }

    private static func failure() -> Failure {
        Failure(description: "cannot be read: \(String(cString: strerror(errno)))")
    }
}
