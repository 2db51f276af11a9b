import FoundationEssentials
import Glibc
import LinuxIO
import TestSupport
import Testing

/// The built program, run as a separate process.
final class Binary: Sendable {
    struct Ended {
        let status: Int32
        let output: String
        let errors: String
    }

    let process: pid_t
    private let directory: TemporaryDirectory

    /// Beside the test bundle in the build folder.
    static let path: String = {
        var folder = URL(fileURLWithPath: CommandLine.arguments.first ?? "").deletingLastPathComponent()
        for _ in 0..<6 {
            let candidate = folder.appending(path: "secrets-distributor").path
            if access(candidate, X_OK) == 0 { return candidate }
            folder = folder.deletingLastPathComponent()
        }
        return ".build/debug/secrets-distributor"
    }()

    /// - Parameters:
    ///   - environment: the whole environment. `PATH` is added, and an empty `LISTEN_ADDRESS` if it has none; nothing
    ///     else of the test's environment.
    ///   - wrapper: a command and its arguments that finally executes the program, for example `unshare --mount`.
    ///   - program: the path, if it is not the program that was built with the tests.
    init(
        _ arguments: [String], environment: [String: String] = [:], input: String = "", wrapper: [String] = [],
        program: String = path
    ) async throws {
        let directory = try TemporaryDirectory()
        self.directory = directory
        try writeFile(directory("in"), input)
        // The kernel sends the death signal when the starting *thread* ends: use one that lives as long as this
        // process.
        process = try await BlockingThread.shared.run {
            try Self.spawn(wrapper + Self.endsWithUs + [program] + arguments, environment, directory)
        }
    }

    /// Ends the program with the test process, however that ends. It comes after a wrapper, because a change of
    /// credentials clears the setting.
    private static let endsWithUs = ["/usr/bin/setpriv", "--pdeathsig", "KILL"]

    private static func spawn(
        _ words: [String], _ environment: [String: String], _ directory: TemporaryDirectory
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, directory("in"), O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, directory("out"), O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, directory("err"), O_WRONLY | O_CREAT, 0o600)
        // Many processes run at once, and there is only one standard port.
        let standard = ["PATH": "/usr/bin:/bin", "LISTEN_ADDRESS": ""]
        let variables = standard.merging(environment) { $1 }.map { "\($0.key)=\($0.value)" }
        var pointers = words.map { strdup($0) } + [nil]
        var values = variables.map { strdup($0) } + [nil]
        defer { for pointer in pointers + values { free(pointer) } }
        var identifier = pid_t()
        let result = posix_spawnp(&identifier, words[0], &actions, nil, &pointers, &values)
        guard result == 0 else { throw LinuxError("start", words[0], code: result) }
        return identifier
    }

    func signal(_ number: Int32) { kill(process, number) }

    var errors: String { text("err") }
    var output: String { text("out") }

    /// Waits for the process to end.
    func ended() async -> Ended {
        let process = process
        let status = await OwnedThread.value(name: "waitpid") {
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0 && errno == EINTR {}
            // WIFSIGNALED and WTERMSIG, as a shell reports them; otherwise WEXITSTATUS.
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
