package import Kube
import LinuxIO

/// Whether this agent leads: until when it may begin a write.
///
/// By a clock that goes on while the process is stopped or the machine sleeps (`CLOCK_BOOTTIME`): whoever wakes up late
/// leads no more, and finds that out at once, before anything has told it so.
package final class Leadership: Sendable {
    private let until = Mutex<ContinuousClock.Instant?>(nil)

    package init() {}

    /// When it ends, unless it is extended; nil if this agent does not lead now.
    package var end: ContinuousClock.Instant? { until.withLock { $0 }.flatMap { $0 > .now ? $0 : nil } }

    package func lead(until end: ContinuousClock.Instant) { until.withLock { $0 = end } }

    package func follow() { until.withLock { $0 = nil } }
}

/// Lets reads through always, and writes while this agent leads: none is begun without leadership, or goes on beyond it.
package struct WhileLeading: KubeTransport {
    private let transport: any KubeTransport
    private let leadership: Leadership

    package init(_ transport: any KubeTransport, _ leadership: Leadership) {
        self.transport = transport
        self.leadership = leadership
    }

    package func send(_ request: Request) async throws(KubeError) -> Response {
        guard request.method != .get else { return try await transport.send(request) }
        guard let end = leadership.end else { throw KubeError(request.operation, .transport(.notLeading)) }
        var request = request
        request.deadline = end
        return try await transport.send(request)
    }

    /// A watch writes nothing.
    package func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        try await transport.stream(request)
    }
}
