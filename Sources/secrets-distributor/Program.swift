import Agent
import Glibc
import LinuxIO
import Observability

/// Runs the commands and determines the exit status. Exit statuses are those of sysexits.h(3head).
enum Program {
    private static let usage: Int32 = 64
    private static let inputOutput: Int32 = 74
    private static let configuration: Int32 = 78

    static func run(_ arguments: [String]) async -> Int32 {
        let invocation: Invocation
        do {
            invocation = try Invocation(arguments) { name in getenv(name).map { String(cString: $0) } }
        } catch let error as UsageError {
            return fail("\(error); see secrets-distributor --help", usage)
        } catch {
            return fail("\(error)", configuration)
        }
        if invocation.wantsHelp {
            print(Help.text(of: arguments.contains(invocation.command.rawValue) ? invocation.command : .help))
            return 0
        }
        if invocation.command.isConfigured { await Timers.open() }
        do {
            switch invocation.command {
            case .help: print(Help.text(of: invocation.operands.first.flatMap { .init(rawValue: $0) } ?? .help))
            case .version: print(Version.text)
            case .completion: print(Completion(rawValue: invocation.operands[0])?.script ?? "", terminator: "")
            case .check:
                return CheckCommand.run(
                    invocation.operands, policy: invocation.policy, classes: invocation.providerClasses,
                    invocation.report)
            case .export:
                return ExportCommand.run(
                    invocation.operands, classes: invocation.providerClasses, invocation.export)
            case .convert: return ConvertCommand.run(invocation.operands, invocation.settings)
            case .sync, .plan: return try await PassCommand.run(invocation)
            case .explain: return try await ExplainCommand.run(invocation.operands[0], invocation)
            case .run: try await run(invocation)
            }
            return 0
        } catch {
            return fail("\(error)", error is ConfigurationError ? configuration : 1)
        }
    }

    private static func run(_ invocation: Invocation) async throws {
        let settings = invocation.settings
        let logger = Logger(
            level: settings.logLevel, format: invocation.logFormat, isColoured: Terminal.takesColours(STDERR_FILENO),
            limiter: ResourceLogLimiter())
        let signals = try SignalRequests(overdue: 0, logger: logger)
        defer { signals.end() }
        let backend = try Backend(settings, logger: logger)
        defer { backend.close() }
        try await Agent(settings: settings, backend: backend, logger: logger)
            .run(until: signals.stops, refreshes: signals.refreshes)
    }

    /// Flushes the output and returns the exit status: `status`, or another one if the output could not be written. It
    /// is not an error if the reader has closed the pipe (`plan | head`).
    static func finished(_ status: Int32) -> Int32 {
        do throws(LinuxError) {
            try StandardStreams.flush()
        } catch {
            if error.code != EPIPE { return fail("\(error)", inputOutput) }
        }
        return status
    }

    static func fail(_ text: String, _ status: Int32) -> Int32 {
        Logger.standardError("secrets-distributor: \(text.onOneLine)")
        return status
    }
}

/// Checks that enough descriptors are free to start: libdispatch traps (SIGILL) if it cannot open its epoll instance,
/// its eventfds and its timers.
enum Descriptors {
    static let needed = 12

    /// Opens the descriptors, because the limit is not enough: the system may have no free files.
    static var areAvailable: Bool {
        let descriptors = (0..<needed).map { _ in open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        for descriptor in descriptors where descriptor >= 0 { close(descriptor) }
        return !descriptors.contains(-1)
    }
}

/// Opens the kernel timers for sleeping while descriptors are available.
///
/// libdispatch opens a timer for each clock at the first sleep that needs it, and traps (SIGILL) if it cannot. A
/// process that runs out of descriptors for a while must have the timers already.
enum Timers {
    static func open() async {
        try? await Task.sleep(for: .milliseconds(1))
        try? await Task.sleep(for: .milliseconds(1), tolerance: .milliseconds(1))
        try? await Task.sleep(for: .milliseconds(1), clock: .suspending)
    }
}
