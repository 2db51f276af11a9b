import FoundationEssentials
import Glibc
import KubeConfig
import TestSupport

/// The server's responses since a moment, from its audit log, with the times of the server's clock in microseconds.
///
/// Waiting costs almost nothing: new parts of the file are searched for a few words, ten times a second. The lines are
/// decoded at the end.
struct AuditTail {
    struct Overdue: Error, CustomStringConvertible {
        let description: String
    }

    private let path: String
    /// The position up to which the file was read.
    private var offset: Int
    /// All lines since the start.
    private var lines: [AuditLine] = []
    /// The start of a line whose end was not written yet.
    private var begun: [UInt8] = []
    /// The number of Secret writes by the agent.
    private(set) var secretWrites = 0

    /// Starts at the current end of the log.
    init(_ cluster: Cluster) {
        path = cluster.auditLog
        var status = stat()
        offset = stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Waits until the agent has written this many Secrets.
    ///
    /// - Parameter pause: the time between two reads.
    mutating func wait(
        forSecrets count: Int, within limit: Duration = .seconds(900), pause: Duration = .milliseconds(100)
    ) async throws {
        let end = ContinuousClock.now + limit
        while true {
            look()
            if secretWrites >= count { return }
            guard ContinuousClock.now < end else {
                throw Overdue(description: "only \(secretWrites) of \(count) Secrets were written within \(limit)")
            }
            try await Task.sleep(for: pause)
        }
    }

    /// Waits until there was no response for this long.
    mutating func wait(forSilenceOf silence: Duration, within limit: Duration = .seconds(900)) async throws {
        let end = ContinuousClock.now + limit
        var last = ContinuousClock.now
        while ContinuousClock.now - last < silence {
            guard ContinuousClock.now < end else { throw Overdue(description: "requests do not end within \(limit)") }
            try await Task.sleep(for: min(silence / 4, .milliseconds(100)))
            if look() { last = .now }
        }
    }

    /// Reads the new part of the file.
    ///
    /// - Returns: whether there is any.
    @discardableResult
    mutating func look() -> Bool {
        var status = stat()
        guard stat(path, &status) == 0, status.st_size > offset else { return false }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: Int(status.st_size) - offset)
        let count = buffer.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, off_t(offset)) }
        guard count > 0 else { return false }
        offset += count
        take(buffer[..<count])
        return true
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = AuditLine(begun + rest[..<end])
            begun = []
            rest = rest[(end + 1)...]
            if line.isSecretWrite(by: Cluster.agent) { secretWrites += 1 }
            lines.append(line)
        }
        begun += rest
    }

    /// All requests since the start, in the order in which their responses were complete.
    func requests(of user: String = Cluster.agent) throws -> [APIServer.Served] {
        try lines.filter { $0.isRequest(of: user) }
            .map { try JSONDecoder().decode(APIServer.Served.self, from: Data($0.bytes)) }
            .sorted { $0.stageTimestamp < $1.stageTimestamp }
    }
}

/// A line of the audit log, searched without decoding, because its parts are always written in the same form.
struct AuditLine: Sendable {
    /// With a zero at the end, for strstr(3).
    private let text: [UInt8]

    init(_ bytes: [UInt8]) { text = bytes + [0] }

    var bytes: [UInt8] { text.dropLast() }

    func isRequest(of user: String) -> Bool { contains("\"user\":{\"username\":\"\(user)\"") }

    /// Whether the line is about a Secret that was created, changed or deleted.
    func isSecretWrite(by user: String) -> Bool {
        contains("\"objectRef\":{\"resource\":\"secrets\"") && isRequest(of: user) && contains("\"code\":20")
            && !["get", "list", "watch"].contains { contains("\"verb\":\"\($0)\"") }
    }

    private func contains(_ word: String) -> Bool {
        text.withUnsafeBytes { text in
            guard let start = text.baseAddress?.assumingMemoryBound(to: CChar.self) else { return false }
            return strstr(start, word) != nil
        }
    }
}
