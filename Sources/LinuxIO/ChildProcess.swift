import Glibc

/// Runs a program once and returns its output. Blocks, so use it only on threads of our own.
package struct ChildProcess {
    /// The reason why there is no output. The description continues a sentence that starts with the program's name.
    package enum Failure: Error, CustomStringConvertible {
        case start(reason: String)
        case timeout(Duration)
        case output(reason: String)
        case exit(status: Int32)
        case signal(Int32)

        package var description: String {
            switch self {
            case .start(let reason): "cannot be started: \(reason)"
            case .timeout(let limit): "did not end within \(limit.components.seconds) s"
            case .output(let reason): "has unreadable output: \(reason)"
            case .exit(let status): "ended with exit status \(status)"
            case .signal(let signal): "was ended by signal \(signal)"
            }
        }
    }

    /// A path, or a name to search in `PATH`.
    package let command: String
    package let arguments: [String]
    /// Variables in addition to those of this process.
    package let environment: [String: String]

    package init(command: String, arguments: [String], environment: [String: String]) {
        self.command = command
        self.arguments = arguments
        self.environment = environment
    }

    /// Returns the standard output of the program. Its standard input is empty, and it shares our standard error. Kills
    /// the program and the processes in its group if it takes longer than `timeout` or writes more than `limit` bytes.
    package func output(timeout: Duration, limit: Int) throws(Failure) -> [UInt8] {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .start(reason: String(cString: strerror(errno))) }
        // Two programs that start at the same time can inherit each other's pipe. The reader of one then waits for the
        // end of both.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let reader = ends[0]
        defer { close(reader) }
        let started = spawn(output: ends[1])
        close(ends[1])
        let child = try started.get()
        let deadline = ContinuousClock.now + timeout
        let result = read(reader, until: deadline, timeout: timeout, limit: limit)
        // Kill a program that wrote too much, or that closed its output and still runs.
        var ended: Int32?
        if case .success = result { ended = wait(for: child, until: deadline) }
        if ended == nil { kill(-child, SIGKILL) }
        let status = ended ?? wait(for: child)
        let bytes = try result.get()
        guard ended != nil else { throw .timeout(timeout) }
        if status & 0x7f != 0 { throw .signal(status & 0x7f) }
        if status >> 8 != 0 { throw .exit(status: status >> 8) }
        return bytes
    }

    private func spawn(output: Int32) -> Result<pid_t, Failure> {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Our threads block all signals, and we ignore SIGPIPE; the program must inherit neither. It gets its own
        // process group, so that its children can be killed with it.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var pipe = sigset_t()
        sigemptyset(&pipe)
        sigaddset(&pipe, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &pipe)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
        var child = pid_t()
        let code = withStrings([command] + arguments) { arguments in
            withStrings(merged) { environment in
                // A plugin that was just written may still be open in a child that another thread has forked and that
                // has not called execve(2) yet: ETXTBSY. That takes milliseconds.
                for _ in 0..<50 {
                    let code = posix_spawnp(&child, command, &actions, &attributes, arguments, environment)
                    guard code == ETXTBSY else { return code }
                    usleep(10_000)
                }
                return ETXTBSY
            }
        }
        return code == 0 ? .success(child) : .failure(.start(reason: String(cString: strerror(code))))
    }

    private var merged: [String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            entry += 1
        }
        return variables.merging(environment) { _, ours in ours }.map { "\($0.key)=\($0.value)" }
    }

    private func read(
        _ descriptor: Int32, until deadline: ContinuousClock.Instant, timeout: Duration, limit: Int
    ) -> Result<[UInt8], Failure> {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let left = (deadline - .now).components.seconds
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard ContinuousClock.now < deadline else { return .failure(.timeout(timeout)) }
            let ready = poll(&entry, 1, Int32(clamping: (left + 1) * 1000))
            if ready < 0, errno != EINTR { return .failure(.output(reason: String(cString: strerror(errno)))) }
            guard ready > 0 else { continue }
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return .success(content) }
            if count < 0 {
                if errno == EINTR { continue }
                return .failure(.output(reason: String(cString: strerror(errno))))
            }
            content += buffer[..<count]
            guard content.count <= limit else { return .failure(.output(reason: "more than \(limit) bytes")) }
        }
    }

    /// Waits until the deadline. Returns the exit status, or nil if the program is still running.
    private func wait(for child: pid_t, until deadline: ContinuousClock.Instant) -> Int32? {
        var status: Int32 = 0
        // Most programs end together with their output.
        var pause: Int32 = 1
        while true {
            if waitpid(child, &status, WNOHANG) == child { return status }
            guard ContinuousClock.now < deadline else { return nil }
            poll(nil, 0, pause)
            pause = min(pause * 2, 100)
        }
    }

    private func wait(for child: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status
    }

    private func withStrings<Value>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
    ) -> Value {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
