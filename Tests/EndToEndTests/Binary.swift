import FoundationEssentials
import Glibc
import LinuxIO
import TestSupport
import Testing

/// The built program as its own process.
final class Binary: Sendable {
    struct Ended {
        let status: Int32
        let output: String
        let errors: String
    }

    let identifier: pid_t
    private let directory: TemporaryDirectory

    /// Beside the test bundle in the build folder.
    private static let path: String = {
        var folder = URL(fileURLWithPath: CommandLine.arguments.first ?? "").deletingLastPathComponent()
        for _ in 0..<6 {
            let candidate = folder.appending(path: "secrets-distributor").path
            if access(candidate, X_OK) == 0 { return candidate }
            folder = folder.deletingLastPathComponent()
        }
        return ".build/debug/secrets-distributor"
    }()

    /// - Parameters:
    ///   - user: who runs it; nil: who runs the tests.
    ///   - environment: all of it; nothing of the test's own is passed on but `PATH`.
    init(
        _ arguments: [String], user: uid_t? = nil, environment: [String: String] = [:], input: String = ""
    ) async throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        try writeFile(directory("in"), input)
        // The death signal comes when the starting *thread* ends: one that lives as long as this process.
        identifier = try await BlockingThread.shared.run {
            try Self.spawn(arguments, user, environment, directory)
        }
    }

    private static func spawn(
        _ arguments: [String], _ user: uid_t?, _ environment: [String: String], _ directory: TemporaryDirectory
    ) throws -> pid_t {
        var program = path
        var switching: [String] = []
        if let user {
            // Where the sources are, nobody else need be able to look.
            program = directory("secrets-distributor")
            try FileManager.default.copyItem(atPath: path, toPath: program)
            try require("chmod", directory.path, chmod(directory.path, 0o755))
            switching = ["--reuid", "\(user)", "--regid", "\(user)", "--clear-groups"]
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, directory("in"), O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, directory("out"), O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, directory("err"), O_WRONLY | O_CREAT, 0o600)
        // Ends with the test process, however that ends.
        let words = ["/usr/bin/setpriv", "--pdeathsig", "KILL"] + switching + [program] + arguments
        let variables = environment.map { "\($0.key)=\($0.value)" } + ["PATH=/usr/bin:/bin"]
        var pointers = words.map { strdup($0) } + [nil]
        var values = variables.map { strdup($0) } + [nil]
        defer { for pointer in pointers + values { free(pointer) } }
        var identifier = pid_t()
        let result = posix_spawn(&identifier, words[0], &actions, nil, &pointers, &values)
        guard result == 0 else { throw LinuxError("start", path, code: result) }
        return identifier
    }

    func signal(_ number: Int32) { kill(identifier, number) }

    var errors: String { text("err") }
    var output: String { text("out") }

    /// Waits for the end.
    func ended() async -> Ended {
        let process = identifier
        let status = await OwnedThread.value(name: "waitpid") {
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0 && errno == EINTR {}
            // WIFSIGNALED and WTERMSIG, as a shell reports them; else WEXITSTATUS.
            return status & 0x7f != 0 ? 128 + (status & 0x7f) : (status >> 8) & 0xff
        }
        return Ended(status: status, output: output, errors: errors)
    }

    static func run(
        _ arguments: [String], environment: [String: String] = [:], input: String = ""
    ) async throws -> Ended {
        try await Binary(arguments, environment: environment, input: input).ended()
    }

    private func text(_ name: String) -> String {
        String(decoding: (try? Data(contentsOf: URL(fileURLWithPath: directory(name)))) ?? Data(), as: UTF8.self)
    }
}
