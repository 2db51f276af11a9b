import LinuxIO
package import Observability

/// Notifies an application of new content, once for each pass, until it succeeds.
package final class Notifier: Sendable {
    private typealias Pending = PendingNotification<ContinuousClock.Instant>

    private struct State {
        var pending: Pending
        /// Counts changes, to notice those during an attempt.
        var changes = 0
        /// The processes that were signalled for the pending notification, while others could not be.
        var signalled: Set<ProcessNotifier.Signalled> = []
        /// The last failure that was logged.
        var complaint: String?
    }

    /// Where it is recorded that a notification is due, so that it survives the end of the process.
    package struct Journal: Sendable {
        /// The number of changes so far.
        let count: @Sendable () async -> Int
        /// Records that all of that many changes were reported.
        let end: @Sendable (Int) async -> Void

        package init(count: @escaping @Sendable () async -> Int, end: @escaping @Sendable (Int) async -> Void) {
            self.count = count
            self.end = end
        }
    }

    private let receiver: Receiver
    private let journal: Journal
    private let meter: NotificationMeter
    private let logger: Logger
    private let urlNotifier: URLNotifier?
    private let state = Mutex(State(pending: Pending()))
    private let wakeUps: AsyncStream<Void>
    private let alarm: AsyncStream<Void>.Continuation

    /// - Throws: if threads cannot be started.
    package init(_ receiver: Receiver, _ journal: Journal, meter: NotificationMeter, logger: Logger) throws {
        self.receiver = receiver
        self.journal = journal
        self.meter = meter
        self.logger = logger
        if case .url(let url) = receiver { urlNotifier = try URLNotifier(url) } else { urlNotifier = nil }
        (wakeUps, alarm) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Records that a target has new content, which is in place.
    package func changed(_ secret: String) {
        state.withLock { state in
            state.pending.changed(secret, at: .now)
            state.changes += 1
            state.signalled = []
        }
        meter.set(pending: true)
        alarm.yield()
    }

    /// Stops libcurl's threads.
    package func close() { urlNotifier?.close() }

    /// Notifies until it is cancelled.
    ///
    /// - Parameter isRotating: whether targets of the newest rotation are still to be written.
    package func run(isRotating: @escaping @Sendable () async -> Bool) async {
        for await _ in wakeUps {
            while let deadline = state.withLock({ $0.pending.deadline }), !Task.isCancelled {
                guard await sleep(until: deadline) else { continue }
                await attempt(isRotating: await isRotating())
            }
        }
    }

    /// - Returns: false if the deadline changed meanwhile.
    private func sleep(until deadline: ContinuousClock.Instant) async -> Bool {
        while ContinuousClock.now < deadline {
            // In steps, so that a change during a long delay is noticed.
            let step = min(deadline, .now + .milliseconds(250))
            do {
                try await Task.sleep(until: step, tolerance: .milliseconds(20))
            } catch {
                return false
            }
            if state.withLock({ $0.pending.deadline }) != deadline { return false }
        }
        return true
    }

    private func attempt(isRotating: Bool) async {
        let (taken, changes, signalled) = state.withLock { state in
            (state.pending.nextDue(at: .now, isRotating: isRotating), state.changes, state.signalled)
        }
        guard let notification = taken else { return }
        let recorded = await journal.count()
        let outcome = await send(notification, except: signalled)
        if let failure = outcome.failure {
            meter.failed()
            let isNew = state.withLock { state in
                if state.changes == changes { state.signalled = outcome.signalled }
                state.pending.failed(at: .now, jitter: .random(in: 0...1), hasChanged: state.changes != changes)
                let isNew = state.complaint != failure.description
                state.complaint = failure.description
                return isNew
            }
            if isNew {
                logger.warning(
                    "notification failed, retrying",
                    ["receiver": .string(receiver.description), "error": .string(failure.description)])
            }
            return
        }
        meter.delivered()
        let isEmpty = state.withLock { state in
            state.pending.delivered(hasChanged: state.changes != changes)
            state.complaint = nil
            state.signalled = []
            return state.pending.isEmpty
        }
        meter.set(pending: !isEmpty)
        if isEmpty { await journal.end(recorded) }
        logger.info(
            "notification sent",
            ["receiver": .string(receiver.description), "secrets": .strings(notification.secrets)])
    }

    private struct Outcome: Sendable {
        /// Nil if it succeeded.
        var failure: ProcessNotifier.Failure?
        var signalled: Set<ProcessNotifier.Signalled>
    }

    private func send(_ notification: Notification, except signalled: Set<ProcessNotifier.Signalled>) async -> Outcome {
        switch receiver {
        case .url:
            do throws(ProcessNotifier.Failure) {
                try await urlNotifier?.send(notification)
                return Outcome(signalled: [])
            } catch {
                return Outcome(failure: error, signalled: [])
            }
        case .process(let name, let signal):
            return await OwnedThread.value(name: "notify") { () -> Outcome in
                var outcome = Outcome(signalled: signalled)
                do throws(ProcessNotifier.Failure) {
                    try ProcessNotifier.send(signal, to: name, except: &outcome.signalled)
                } catch {
                    outcome.failure = error
                }
                return outcome
            }
        }
    }
}
