import FoundationEssentials
import Glibc
import LinuxIO

/// The audit log of a server. Tests poll it while it grows, so each search continues where the last one for the same
/// word ended, and only lines with that word are decoded.
final class AuditLog: Sendable {
    private struct Search {
        /// The position up to which the file was searched.
        var end = 0
        var found: [APIServer.Served] = []
    }

    private let path: String
    private let searches = Mutex<[String: Search]>([:])

    init(_ path: String) { self.path = path }

    /// The requests whose lines contain `word`, in the order of the file.
    func requests(mentioning word: String) throws -> [APIServer.Served] {
        var search = searches.withLock { $0[word] } ?? Search()
        let part = try complete(from: search.end)
        if !part.isEmpty {
            // A server that is killed may leave a part of a line.
            search.found += Self.lines(of: part + [0], mentioning: word).compactMap {
                try? JSONDecoder().decode(APIServer.Served.self, from: Data($0))
            }
            search.end += part.count
            // Another search for the word may have ended meanwhile.
            searches.withLock { [search] in
                if search.end > $0[word]?.end ?? 0 { $0[word] = search }
            }
        }
        return search.found
    }

    /// The complete lines from `start` on.
    private func complete(from start: Int) throws -> [UInt8] {
        let file = try FileDescriptor(reading: path)
        var bytes = [UInt8](repeating: 0, count: max(0, try file.status().size - start))
        let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: start) }
        return Array(bytes[..<((bytes[..<count].lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1)])
    }

    /// The lines of a text with a final zero byte that contain `word`. Searches with the C library: Swift is slow without
    /// optimization.
    private static func lines(of text: [UInt8], mentioning word: String) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        text.withUnsafeBytes { text in
            guard var line = text.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
            while line.pointee != 0, let hit = strstr(line, word) {
                while let end = strchr(line, newline), end < hit { line = UnsafePointer(end) + 1 }
                let length = strcspn(line, "\n")
                lines.append(Array(UnsafeRawBufferPointer(start: line, count: length)))
                line += length
            }
        }
        return lines
    }

    private static var newline: CInt { 10 }
}
