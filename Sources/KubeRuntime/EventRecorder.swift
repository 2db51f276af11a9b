package import Kube
import LinuxIO
package import Observability
import Scheduling

/// Writes Events on distributions. Callers do not wait and get no errors: the status and the log report the same facts.
package final class EventRecorder: Sendable {
    /// The maximum number of Events that wait to be written; see `EventBacklog`.
    private static let waitingAtMost = 1000
    /// The maximum number of attempts for one Event.
    private static let tries = 12
    private static let backoff = Backoff(initial: .milliseconds(500), longest: .seconds(10))
    /// The longest wait that the server may ask for. The Events after it wait too.
    private static let longestWait: Duration = .seconds(60)
    /// How long no Events are written to a namespace after the server has forbidden one.
    private static let pause: Duration = .seconds(600)

    private let client: any KubeTransport
    private let logger: Logger
    private let drainTimeout: Duration
    private let source = Event.Source(component: Request.fieldManager, host: HostName.current)
    private let backlog = Mutex(EventBacklog(limit: EventRecorder.waitingAtMost))
    /// Yields when there is an Event in the backlog.
    private let news: AsyncStream<Void>
    private let input: AsyncStream<Void>.Continuation
    /// Finishes when `run` returns.
    private let running: AsyncStream<Never>
    private let end: AsyncStream<Never>.Continuation

    /// - Parameters:
    ///   - client: a transport that writes only while this agent leads.
    ///   - drainTimeout: how long `flush` waits for the remaining Events.
    package init(client: any KubeTransport, logger: Logger, drainTimeout: Duration = .seconds(2)) {
        self.client = client
        self.logger = logger
        self.drainTimeout = drainTimeout
        (news, input) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (running, end) = AsyncStream.makeStream()
    }

    package func record(_ kind: Event.Kind, on object: Event.Object, reason: String, message: String) {
        let event = Event(kind, on: object, from: source, reason: reason, message: message, at: .now())
        backlog.withLock { $0.add(event) }
        input.yield()
    }

    /// Writes the recorded Events one after another until `flush` or cancellation. Call it only once.
    package func run() async {
        defer { end.finish() }
        var correlator = EventCorrelator<ContinuousClock.Instant>()
        var refusals = Refusals()
        for await _ in news {
            while !Task.isCancelled, let event = backlog.withLock({ $0.next() }) {
                guard !refusals.isPaused(event.namespace), let event = correlator.correlate(event, at: .now)
                else { continue }
                await write(event, &refusals)
            }
        }
    }

    private func write(_ event: Event, _ refusals: inout Refusals) async {
        do throws(KubeError) {
            try await write(event)
        } catch {
            guard case .forbidden = error.kind else {
                return logger.debug("event could not be written", ["error": .string("\(error)")])
            }
            if refusals.isFirst {
                logger.info(
                    "events cannot be written",
                    ["error": .string("\(error)"), "roleNeeds": "create and patch on events"])
            }
            refusals.add(event.namespace, until: .now + Self.pause)
        }
    }

    /// Stops recording, and waits until the recorded Events are written, for at most `drainTimeout`.
    package func flush() async {
        input.finish()
        await withDiscardingTaskGroup { group in
            group.addTask {
                try? await Task.sleep(for: self.drainTimeout)
                self.end.finish()
            }
            for await _ in running {}
            group.cancelAll()
        }
    }

    /// - Throws: an error that a retry does not fix, or the last error after all attempts.
    private func write(_ event: Event) async throws(KubeError) {
        var failures = 0
        while true {
            do throws(KubeError) {
                return try await send(event)
            } catch {
                failures += 1
                // Without leadership, the new leader writes its own Events.
                guard error.isRetryable, error.kind != .transport(.notLeading), failures < Self.tries,
                    (error.retryAfter ?? .zero) <= Self.longestWait
                else { throw error }
                let wait = Self.backoff.delay(failures: failures, jitter: .random(in: 0...1))
                try? await Task.sleep(for: max(wait, error.retryAfter ?? .zero))
                if Task.isCancelled { throw error }
            }
        }
    }

    private func send(_ event: Event) async throws(KubeError) {
        let namespace = event.namespace
        if event.count > 1 {
            do {
                _ = try await client.send(
                    .mergePatch(.events, namespace: namespace, name: event.name, event.mergePatch))
                return
            } catch {
                // The server deletes Events after an hour by default. Or the Event was never written.
                guard case .notFound = error.kind else { throw error }
            }
        }
        do {
            _ = try await client.send(.create(.events, namespace: namespace, event.manifest))
        } catch {
            // An earlier attempt wrote it, but its response was lost.
            guard case .alreadyExists = error.kind else { throw error }
        }
    }
}

/// The namespaces in which the role does not allow writing Events.
private struct Refusals {
    private var ends: [String: ContinuousClock.Instant] = [:]
    private(set) var isFirst = true

    mutating func isPaused(_ namespace: String) -> Bool {
        guard let end = ends[namespace] else { return false }
        if end > .now { return true }
        ends[namespace] = nil
        return false
    }

    mutating func add(_ namespace: String, until end: ContinuousClock.Instant) {
        isFirst = false
        ends = ends.filter { $0.value > .now }
        ends[namespace] = end
    }
}
