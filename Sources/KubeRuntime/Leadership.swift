package import Kube
import LinuxIO

/// Whether this agent leads: until when it may begin a write.
///
/// By a clock that goes on while the process is stopped or the machine sleeps (`CLOCK_BOOTTIME`): whoever wakes up late
/// leads no more, and finds that out at once, before anything has told it so.
package final class Leadership: Sendable {
    struct Term: Sendable {
        /// Another one after each loss.
        fileprivate(set) var number = 0
        fileprivate(set) var end: ContinuousClock.Instant?
    }

    /// How soon a write notices at the latest that the leadership was lost before its end.
    private static let look = Duration.milliseconds(250)

    private let state = Mutex(Term())

    package init() {}

    /// When it ends, unless it is extended; nil if this agent does not lead now.
    package var end: ContinuousClock.Instant? { term.end }

    /// Without an end if this agent does not lead now.
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
    /// A write by an agent that does not lead.
    package static let notLeading = TransportFailure.withheld(reason: "this agent does not lead", isRetryable: true)
}

/// Lets reads through always, and writes while this agent leads: none is begun without leadership, or goes on beyond it.
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

    /// A write may take longer than one term; it is given up when leadership ends that is not renewed.
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
                let failure = TransportFailure.timeout(reason: "the leadership ended before the answer came")
                return Result<Response, KubeError>.failure(KubeError(request.operation, .transport(failure)))
            }
            return result ?? .failure(KubeError(request.operation, .transport(.cancelled)))
        }
        return try result.get()
    }

    /// A watch writes nothing.
    package func stream(_ request: Request) async throws(KubeError) -> any ByteStream {
        try await transport.stream(request)
    }
}
