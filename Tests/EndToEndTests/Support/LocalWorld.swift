import FoundationEssentials
import Glibc
import LinuxIO
import TestSupport
import Testing
import YAML

/// The folders that a test of the whole program in local mode needs: a mount, distributions and Secrets.
final class LocalWorld: Sendable {
    let root: TemporaryDirectory

    var mount: String { root("mount") }
    var output: String { root("out") }

    init() throws {
        root = try TemporaryDirectory()
        try makeDirectory(mount)
        try makeDirectory(root("in"))
    }

    /// - Parameters:
    ///   - poll: `POLL_INTERVAL`; by default so long that only events matter.
    ///   - settings: further variables.
    func start(
        poll: String = "200ms", _ settings: [String: String] = [:], wrapper: [String] = []
    ) async throws -> Binary {
        let environment = [
            "SECRETS_PATH": mount, "DISTRIBUTIONS_PATH": root("in"), "OUTPUT_PATH": output, "DEBOUNCE_QUIET": "20ms",
            "POLL_INTERVAL": poll,
        ]
        return try await Binary(["run"], environment: environment.merging(settings) { $1 }, wrapper: wrapper)
    }

    /// Writes a distribution for `web/<name>` that deletes its target. Each file becomes a key with the last part of
    /// its name, optional if it begins with `?`.
    func distribute(_ name: String, _ files: String...) throws {
        let mappings = files.map { file in
            let isOptional = file.hasPrefix("?")
            let path = isOptional ? String(file.dropFirst()) : file
            let key = path.split(separator: "/").last ?? ""
            return "    - {from: \"\(path)\", to: \"\(key)\", optional: \(isOptional)}"
        }
        try writeFile(
            root("in/\(name).yaml"),
            """
            apiVersion: xlscsde.nhs.uk/v1
            kind: SecretsDistribution
            metadata: {name: \(name), namespace: web}
            spec:
              name: \(name)
              deletionPolicy: Delete
              secrets:
            \(mappings.joined(separator: "\n"))
            """)
    }

    func manifest(_ name: String) -> String { "\(output)/web/\(name).yaml" }

    /// The values of the Secret; nil if the file is missing or incomplete.
    func secret(_ name: String, in output: String? = nil) -> [String: String]? {
        guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: "\(output ?? self.output)/web/\(name).yaml")),
            let json = try? YAMLParser.documents(in: Array(bytes)).first?.json(),
            let secret = try? JSONDecoder().decode(Manifest.self, from: Data(json))
        else { return nil }
        return secret.data.mapValues { String(decoding: $0, as: UTF8.self) }
    }

    private struct Manifest: Decodable {
        let data: [String: Data]
    }

    /// Waits until the Secret holds exactly these values.
    func expect(
        _ name: String, _ values: [String: String], _ program: Binary, in output: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let isSo = await eventually { self.secret(name, in: output) == values }
        #expect(
            isSo, "\(name) holds \(secret(name, in: output) ?? [:])\n\(program.errors.suffix(2000))",
            sourceLocation: sourceLocation)
    }

    /// Waits until the program has logged `text` this often.
    func expectLog(
        _ text: String, times: Int = 1, _ program: Binary, sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let isSo = await eventually { program.logged(text) >= times }
        #expect(isSo, "not logged: \(text)\n\(program.errors.suffix(2000))", sourceLocation: sourceLocation)
    }
}

/// Every content of one Secret that is visible during the watch, sampled by a separate thread.
final class ContentSampler: Sendable {
    private struct State: ~Copyable {
        var contents: Set<[String: String]?> = []
        var isStopped = false
        var thread: OwnedThread?
    }

    private let state = Mutex(State())

    init(_ world: LocalWorld, _ name: String) throws {
        try state.withLock { state in
            state.thread = try OwnedThread(name: "seen", stackSize: 2 << 20) { [self] in
                var isLast = false
                repeat {
                    isLast = self.state.withLock { $0.isStopped }
                    let content = world.secret(name)
                    self.state.withLock { _ = $0.contents.insert(content) }
                    // The sampling interval; nothing waits for it.
                    usleep(1000)
                } while !isLast
            }
        }
    }

    /// Ends the watch. nil means that the Secret was missing or incomplete.
    func end() -> Set<[String: String]?> {
        let thread = state.withLock { state in
            state.isStopped = true
            return state.thread.take()
        }
        if let thread { thread.join() }
        return state.withLock { $0.contents }
    }
}

extension Binary {
    /// The number of lines that contain `text`.
    func logged(_ text: String) -> Int { errors.split(separator: "\n").count { $0.contains(text) } }

    /// Ends the program as the orchestrator does, and expects status 0.
    func stop(sourceLocation: SourceLocation = #_sourceLocation) async {
        signal(SIGTERM)
        let ended = await ended()
        #expect(ended.status == 0, "\(ended.errors.suffix(2000))", sourceLocation: sourceLocation)
    }

    /// The processor time that the program has used, in clock ticks of 10 ms (proc_pid_stat(5)).
    var ticks: Int {
        let text = Files.text("/proc/\(process)/stat")
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        // utime and stime are fields 14 and 15; the list starts with field 3.
        return fields.count > 13 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
    }
}

/// Runs a command until it ends.
enum Command {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// - Throws: `Failure` if the exit status is not 0.
    static func run(_ words: [String]) async throws {
        try await BlockingThread.shared.run {
            var pointers = words.map { strdup($0) } + [nil]
            defer { for pointer in pointers { free(pointer) } }
            var process = pid_t()
            let code = posix_spawnp(&process, words[0], nil, nil, &pointers, environ)
            guard code == 0 else { throw Failure(description: "cannot start \(words[0]): errno \(code)") }
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0 && errno == EINTR {}
            guard status == 0 else { throw Failure(description: "\(words) ended with \(status)") }
        }
    }
}
