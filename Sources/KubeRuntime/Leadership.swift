package import Kube
import LinuxIO

/// Whether this agent leads, and until when it may start writes.
///
/// The clock also advances while the process is stopped or the machine is suspended (`CLOCK_BOOTTIME`). So an agent
/// that resumes too late does not lead any more, even before the election has noticed.
package final class Leadership: Sendable {
    struct Term: Sendable {
        /// Increases with each loss of leadership.
        fileprivate(set) var number = 0
        fileprivate(set) var end: ContinuousClock.Instant?
    }

    /// How often `ended` checks whether the leadership was lost before its end.
    private static let look = Duration.milliseconds(250)

    private let state = Mutex(Term())

    package init() {}

    /// When the leadership ends, unless it is renewed; nil if this agent does not lead now.
    package var end: ContinuousClock.Instant? { term.end }

    /// The current term. Its end is nil if this agent does not lead now.
    var term: Term {
        var term = state.withLock { $0 }
        if let end = term.end, end <= .now { term.end = nil }
        return term
    }

    /// Waits until the term has ended, or the task is cancelled.
    func ended(_ number: Int) async {
        while !Task.isCancelled {
            let term = term
            guard term.number == number, let end = term.end else { return }
            try? await Task.sleep(until: min(end, .now + Self.look), tolerance: .zero, clock: .continuous)
        }
    }

    package func lead(until end: ContinuousClock.Instant) { state.withLock { $0.end = end } }

    package func follow() {
        state.withLock { term in
            term.end = nil
            term.number += 1
        }
    }
}

extension TransportFailure {
    /// The failure of a write by an agent that does not lead.
    package static let notLeading = TransportFailure.withheld(reason: "this agent does not lead", isRetryable: true)
}

/// Sends reads always, and writes only while this agent leads. Aborts writes in progress when the leadership is lost.
package struct LeaderOnlyTransport: KubeTransport {
    private let transport: any KubeTransport
    private let leadership: Leadership

    package init(_ transport: any KubeTransport, _ leadership: Leadership) {
        self.transport = transport
        self.leadership = leadership
    }

    package func send(_ request: Request) async throws(KubeError) -> Response {
        guard request.method != .get else { return try await transport.send(request) }
        let term = leadership.term
        guard let end = term.end else { throw KubeError(request.operation, .transport(.notLeading)) }
        var request = request
        request.startDeadline = end
        return try await whileLeading(request, term)
    }

    /// Sends a write, and aborts it when the leadership ends without renewal. A write may take longer than one renewal.
    private func whileLeading(_ request: Request, _ term: Leadership.Term) async throws(KubeError) -> Response {
        let result = await withTaskGroup(of: Result<Response, KubeError>?.self) { group in
            group.addTask {
                do throws(KubeError) {
                    return .success(try await transport.send(request))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                await leadership.ended(term.number)
                return nil
            }
            var result: Result<Response, KubeError>?
            var isOver = false
            for await ended in group {
                isOver = isOver || result == nil && ended == nil && !Task.isCancelled
                result = result ?? ended
                group.cancelAll()
            }
            if isOver, case .failure(let error)? = result, error.kind == .transport(.cancelled) {
                let failure = TransportFailure.timeout(reason: "the leadership ended before the response arrived")
                return Result<Response, KubeError>.failure(KubeError(request.operation, .transport(failure)))
            }
            return result ?? .failure(KubeError(request.operation, .transport(.cancelled)))
        }
        return try result.get()
    }

    /// Needs no leadership, because a watch is a read.
    package func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        try await transport.stream(request)
    }
}
