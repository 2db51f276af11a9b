import Distribution
import FoundationEssentials
import Glibc
import LinuxIO
import TestSupport
import Testing
import YAML

/// What a test of the whole program in local mode needs: a mount, a folder of distributions and one of Secrets.
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
    ///   - poll: `POLL_INTERVAL`; so long that only events count where that is the point.
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

    /// Writes a distribution for `web/<name>` that goes with its resource; each file becomes the key of its last name,
    /// an optional one if it begins with `?`.
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

    /// The values of the Secret; nil if there is none, or none that is whole.
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

    /// Waits until the program has logged `text` so often.
    func expectLog(
        _ text: String, times: Int = 1, _ program: Binary, sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let isSo = await eventually { program.logged(text) >= times }
        #expect(isSo, "not logged: \(text)\n\(program.errors.suffix(2000))", sourceLocation: sourceLocation)
    }
}

/// Every content of one Secret that could be seen while it was watched, from a thread that does nothing else.
final class SeenContents: Sendable {
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
                    // The pace of its looks, which nobody waits for.
                    usleep(1000)
                } while !isLast
            }
        }
    }

    /// Ends the watch; nil stands for a Secret that was not there, or not whole.
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
    /// How many lines contain `text`.
    func logged(_ text: String) -> Int { errors.split(separator: "\n").count { $0.contains(text) } }

    /// Ends it as the orchestrator does; 0 is expected.
    func stop(sourceLocation: SourceLocation = #_sourceLocation) async {
        signal(SIGTERM)
        let ended = await ended()
        #expect(ended.status == 0, "\(ended.errors.suffix(2000))", sourceLocation: sourceLocation)
    }

    /// Processor time that it has used, in clock ticks (proc_pid_stat(5)), a hundredth of a second each.
    var ticks: Int {
        let text = Files.text("/proc/\(process)/stat")
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        // utime and stime are fields 14 and 15; the list begins with field 3.
        return fields.count > 13 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
    }
}

/// A command, run to its end.
enum Command {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// - Throws: `Failure` if it does not end with 0.
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
