import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// The folders that a test of files for an application needs.
final class OutputWorld: Sendable {
    let root: TemporaryDirectory
    let format: String

    var mount: String { root("mount") }
    var output: String { root("out") }
    var input: String { root("in") }

    init(_ format: String) throws {
        self.format = format
        root = try TemporaryDirectory()
        try makeDirectory(mount)
        try makeDirectory(root("in"))
    }

    func environment(_ more: [String: String] = [:]) -> [String: String] {
        [
            "SECRETS_PATH": mount, "DISTRIBUTIONS_PATH": input, "OUTPUT_PATH": output, "OUTPUT_FORMAT": format,
            "DEBOUNCE_QUIET": "20ms", "POLL_INTERVAL": "200ms",
        ].merging(more) { $1 }
    }

    func start(_ more: [String: String] = [:]) async throws -> Binary {
        try await Binary(["run"], environment: environment(more))
    }

    /// Runs `sync`, or another command, and returns how it ended.
    @discardableResult
    func run(_ command: String = "sync", _ more: [String: String] = [:]) async throws -> Binary.Ended {
        try await Binary([command], environment: environment(more)).ended()
    }

    /// Writes the files of the mount, and a distribution that gives each of them to a key.
    ///
    /// - Parameter keys: source files by data key; nil for a key that is named like the file.
    func distribute(
        _ name: String, _ keys: [String: String], namespace: String = "team", deletion: String = "Delete",
        labels: String = "{}"
    ) throws {
        let mappings = keys.sorted { $0.key < $1.key }.map { "    - {from: \"\($0.value)\", to: \"\($0.key)\"}" }
        try writeFile(
            root("in/.next"),
            """
            apiVersion: xlscsde.nhs.uk/v1
            kind: SecretsDistribution
            metadata: {name: \(name), namespace: \(namespace)}
            spec:
              name: \(name)
              deletionPolicy: \(deletion)
              metadata: {labels: \(labels)}
              secrets:
            \(mappings.joined(separator: "\n"))
            """)
        try rename(root("in/.next"), to: root("in/\(namespace)-\(name).yaml"))
    }

    func source(_ name: String, _ text: String) throws { try writeFile("\(mount)/\(name)", text) }

    /// The content of a file below the output folder; nil if there is none.
    func file(_ path: String) -> String? {
        (try? Data(contentsOf: URL(fileURLWithPath: "\(output)/\(path)"))).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Waits until the file holds this text.
    func expect(
        _ path: String, _ text: String?, _ program: Binary, sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let isSo = await eventually { file(path) == text }
        #expect(
            isSo, "\(path) is \(file(path) ?? "missing")\n\(program.errors.suffix(2000))",
            sourceLocation: sourceLocation)
    }

    /// The inode and the permissions of a file or folder. Follows links.
    func status(_ path: String) throws -> (inode: UInt64, mode: UInt32, group: UInt32) {
        var status = stat()
        try require("stat", path, stat("\(output)/\(path)", &status))
        return (UInt64(status.st_ino), status.st_mode & 0o7777, status.st_gid)
    }

    /// The names in a folder below the output folder, sorted.
    func names(_ path: String = "") -> [String] { TestSupport.names(in: "\(output)/\(path)").sorted() }
}

extension OutputWorld {
    /// Waits until the program has logged `text` this often.
    func expectLogged(
        _ text: String, _ times: Int, _ program: Binary, sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let isSo = await eventually { program.logged(text) >= times }
        #expect(isSo, "not logged: \(text)\n\(program.errors.suffix(3000))", sourceLocation: sourceLocation)
    }
}
