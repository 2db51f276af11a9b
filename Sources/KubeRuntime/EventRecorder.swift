package import Kube
import LinuxIO
package import Observability
import Scheduling

/// Writes Events on distributions. Who has something to tell does not wait for it, and never hears of a failure: what is
/// lost is told by the status and the log.
package final class EventRecorder: Sendable {
    /// How many wait to be written; after that the oldest of the namespace that has most goes.
    private static let waitingAtMost = 1000
    /// How often one is tried.
    private static let tries = 12
    private static let backoff = Backoff(initial: .milliseconds(500), longest: .seconds(10))
    /// How long one waits if the server asks for it; those behind it wait too.
    private static let longestWait: Duration = .seconds(60)
    /// How long a namespace is left alone in which Events may not be written.
    private static let pause: Duration = .seconds(600)

    private let client: any KubeTransport
    private let logger: Logger
    private let lastWords: Duration
    private let source = Event.Source(component: Request.fieldManager, host: HostName.current)
    private let backlog = Mutex(EventBacklog(limit: EventRecorder.waitingAtMost))
    /// Yields when there is something in the backlog.
    private let news: AsyncStream<Void>
    private let input: AsyncStream<Void>.Continuation
    /// Ends with `run`.
    private let running: AsyncStream<Never>
    private let end: AsyncStream<Never>.Continuation

    /// - Parameters:
    ///   - client: one that writes only while this agent leads.
    ///   - lastWords: how long the last ones may take once the work is over.
    package init(client: any KubeTransport, logger: Logger, lastWords: Duration = .seconds(2)) {
        self.client = client
        self.logger = logger
        self.lastWords = lastWords
        (news, input) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (running, end) = AsyncStream.makeStream()
    }

    package func record(_ kind: Event.Kind, on object: Event.Object, reason: String, message: String) {
        let event = Event(kind, on: object, from: source, reason: reason, message: message, at: .now())
        backlog.withLock { $0.add(event) }
        input.yield()
    }

    /// Writes what is recorded, one after another, until `flush` or cancellation. To be called once.
    package func run() async {
        defer { end.finish() }
        var correlator = EventCorrelator<ContinuousClock.Instant>()
        var refusals = Refusals()
        for await _ in news {
            while !Task.isCancelled, let event = backlog.withLock({ $0.next() }) {
                guard !refusals.isPaused(event.object.namespace), let event = correlator.correlate(event, at: .now)
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
                return logger.debug("event lost", ["error": .string("\(error)")])
            }
            if refusals.isFirst {
                logger.info(
                    "events cannot be written",
                    ["error": .string("\(error)"), "roleNeeds": "create and patch on events"])
            }
            refusals.add(event.object.namespace, until: .now + Self.pause)
        }
    }

    /// Takes no more events, and waits until those that wait are written, for a short time.
    package func flush() async {
        input.finish()
        await withDiscardingTaskGroup { group in
            group.addTask {
                try? await Task.sleep(for: self.lastWords)
                self.end.finish()
            }
            for await _ in running {}
            group.cancelAll()
        }
    }

    /// - Throws: what cannot be mended by trying again, or has been tried often enough.
    private func write(_ event: Event) async throws(KubeError) {
        var failures = 0
        while true {
            do throws(KubeError) {
                return try await send(event)
            } catch {
                failures += 1
                // Whoever leads now has its own view of things.
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
        let namespace = event.object.namespace
        if event.count > 1 {
            do {
                _ = try await client.send(
                    .mergePatch(.events, namespace: namespace, name: event.name, event.mergePatch))
                return
            } catch {
                // Events live for an hour, or were never written.
                guard case .notFound = error.kind else { throw error }
            }
        }
        do {
            _ = try await client.send(.create(.events, namespace: namespace, event.manifest))
        } catch {
            // It was written by a try whose answer was lost.
            guard case .alreadyExists = error.kind else { throw error }
        }
    }
}

/// The namespaces in which the role lacks the right.
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
