import Agent
import Distribution
import Glibc
import Kube
import LinuxIO
import Observability

/// The commands, and how they end. Exit statuses are those of sysexits.h(3head).
enum Program {
    private static let usage: Int32 = 64
    private static let configuration: Int32 = 78

    static func run(_ arguments: [String]) async -> Int32 {
        let invocation: Invocation
        do {
            invocation = try Invocation(arguments, environment: environment)
        } catch let error as UsageError {
            return fail("\(error); see secrets-distributor --help", usage)
        } catch {
            return fail("\(error)", configuration)
        }
        if invocation.wantsHelp {
            print(Help.text(of: arguments.contains(invocation.command.rawValue) ? invocation.command : .help))
            return 0
        }
        switch invocation.command {
        case .help: print(Help.text(of: .help))
        case .version: print(Version.text)
        case .check: return CheckCommand.run(invocation.operands, policy: invocation.policy)
        case .sync: return await sync(invocation.settings)
        case .run: return await run(invocation.settings)
        }
        return 0
    }

    private static func run(_ settings: Settings) async -> Int32 {
        let logger = logger(settings)
        do {
            let signals = try SignalRequests(overdue: 0, logger: logger)
            defer { signals.end() }
            let backend = try Backend(settings, logger: logger)
            defer { backend.close() }
            try await Agent(settings: settings, backend: backend, logger: logger)
                .run(until: signals.stops, refreshes: signals.refreshes)
            return 0
        } catch {
            return fail("\(error)", isConfiguration(error) ? configuration : 1)
        }
    }

    private static func sync(_ settings: Settings) async -> Int32 {
        let logger = logger(settings)
        do {
            let signals = try SignalRequests(overdue: 1)
            defer { signals.end() }
            let backend = try Backend(settings, logger: logger)
            defer { backend.close() }
            let agent = Agent(settings: settings, backend: backend, logger: logger)
            let result = try await agent.sync(until: signals.stops)
            let outcomes = result.outcomes
            let bad = outcomes.filter { $0.value.reason != .synced }.sorted { $0.key < $1.key }
            for (key, status) in bad { print("\(key): \(status.reason.rawValue): \(status.message)".onOneLine) }
            for fault in result.faults { print(fault.onOneLine) }
            print("\(outcomes.count - bad.count) of \(outcomes.count) distributions are in sync")
            return bad.isEmpty && result.faults.isEmpty ? 0 : 1
        } catch {
            return fail("\(error)", isConfiguration(error) ? configuration : 1)
        }
    }

    private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static func logger(_ settings: Settings) -> Logger {
        Logger(
            level: settings.logLevel, format: settings.logFormat,
            isColoured: Terminal.takesColours(STDERR_FILENO, environment: environment))
    }

    private static func isConfiguration(_ error: any Error) -> Bool { error is ConfigurationError }

    static func fail(_ text: String, _ status: Int32) -> Int32 {
        Logger.standardError("secrets-distributor: \(text.onOneLine)")
        return status
    }
}
