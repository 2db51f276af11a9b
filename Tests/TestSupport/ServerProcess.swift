package import Glibc
import LinuxIO

/// A server process for the tests. It ends with them, however they end.
package final class ServerProcess: Sendable {
    package struct StartError: Error, CustomStringConvertible {
        package let description: String
    }

    private static let all = Mutex<Set<pid_t>>([])

    package let identifier: pid_t
    private let isOver = Mutex(false)

    /// - Parameters:
    ///   - log: a file for its output.
    ///   - descriptors: descriptors of this process, and the number that each has in the server. The former are above
    ///     the latter.
    package init(
        _ command: String, _ arguments: [String], log: String, descriptors: [(own: Int32, its: Int32)] = []
    ) async throws {
        identifier = try await BlockingThread.shared.run {
            // setpriv(1) requests the signal and then executes the command.
            let words = ["setpriv", "--pdeathsig", "KILL", "--", command] + arguments
            return try Self.spawn(words, log: log, descriptors: descriptors)
        }
        Self.all.withLock { _ = $0.insert(identifier) }
    }

    /// Kills the process like a crash, and waits until it has ended.
    package func kill() async {
        _ = try? await BlockingThread.shared.run { [self] in end() }
    }

    private func end() {
        isOver.withLock { isOver in
            guard !isOver else { return }
            isOver = true
            Self.end(identifier)
        }
        Self.all.withLock { _ = $0.remove(identifier) }
    }

    /// Stops it with SIGSTOP: connections stay open and silent.
    func pause() { _ = Glibc.kill(identifier, SIGSTOP) }

    func resume() { _ = Glibc.kill(identifier, SIGCONT) }

    /// Whether it has ended by itself.
    package var hasEnded: Bool {
        var info = siginfo_t()
        info.si_signo = 0
        return waitid(P_PID, id_t(identifier), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_signo != 0
    }

    /// Called at the end of the tests, before their folders are removed.
    static func endAll() {
        for identifier in all.withLock({ $0 }) { end(identifier) }
    }

    private static func end(_ identifier: pid_t) {
        // Including all processes that it has started.
        _ = Glibc.kill(-identifier, SIGKILL)
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
    }

    /// Runs a command until it ends; use it only for short commands.
    static func run(_ words: [String], log: String) async throws {
        try await BlockingThread.shared.run {
            let identifier = try spawn(words, log: log)
            var status: Int32 = 0
            while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
            guard status == 0 else { throw StartError(description: "\(words[0]) failed, see \(log)") }
        }
    }

    /// - Parameters:
    ///   - input: a file for standard input.
    ///   - errors: a file for standard error, if that is not `log` too.
    static func spawn(
        _ words: [String], input: String = "/dev/null", log: String, errors: String? = nil,
        descriptors: [(own: Int32, its: Int32)] = []
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        if let errors {
            posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        } else {
            posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        }
        for (own, its) in descriptors { posix_spawn_file_actions_adddup2(&actions, own, its) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The spawning thread blocks all signals, and an interrupt of the tests should reach only the tests.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        let strings = words.map { strdup($0) }
        defer { for string in strings { free(string) } }
        var identifier = pid_t()
        let code = posix_spawnp(&identifier, words[0], &actions, &attributes, strings + [nil], environ)
        guard code == 0 else {
            throw StartError(description: "cannot start \(words[0]): \(String(cString: strerror(code)))")
        }
        return identifier
    }
}
