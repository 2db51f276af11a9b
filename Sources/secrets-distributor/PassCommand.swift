import Agent
import Glibc
import Observability

/// The commands `sync` and `plan`: one pass, with or without writes.
enum PassCommand {
    static func run(_ invocation: Invocation) async throws -> Int32 {
        let settings = invocation.settings
        // Log lines show the progress already; a progress line among them would be hard to read.
        let showsProgress = Terminal.canErase(STDERR_FILENO) && !invocation.isGiven("LOG_LEVEL")
        let line = showsProgress ? ProgressLine(isPlan: settings.dryRun) : nil
        // What is logged as an error is part of the result too, and a person should see it once.
        let logger =
            line == nil
            ? Logger(
                level: settings.logLevel, format: invocation.logFormat,
                isColoured: Terminal.takesColours(STDERR_FILENO)) : .none
        let signals = try SignalRequests(overdue: 1)
        defer { signals.end() }
        let backend = try Backend(settings, logger: logger)
        defer { backend.close() }
        let agent = Agent(settings: settings, backend: backend, logger: logger)
        defer { line?.clear() }
        let begin = ContinuousClock.now
        let result = try await agent.sync(until: signals.stops, progress: line?.show)
        line?.clear()
        let report = PassReport(result: result, isPlan: settings.dryRun, took: begin.duration(to: .now))
        invocation.output.print(report.json, report.lines)
        return report.status
    }
}
