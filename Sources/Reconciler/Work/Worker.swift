import LinuxIO
package import Observability
package import Scheduling

/// Takes keys from a work queue and processes each in its own task. It does not know what the keys mean.
///
/// The queue is behind a lock: keys can be added and finished from any thread without waiting.
package final class Worker<Key: Hashable & Sendable>: Sendable {
    package typealias Instant = ContinuousClock.Instant
    package typealias Queue = WorkQueue<Key, Instant>

    package struct Limits: Sendable {
        /// A key that is processed for longer is stuck, and the heartbeat stops.
        package var process: Duration = .seconds(900)
        /// How long after `stop` keys of low priority (`WorkQueue.isLowPriority`) are still started.
        package var drain: Duration = .seconds(2)

        package init() {}
    }

    private struct State {
        var queue: Queue
        var stoppedAt: Instant?
        var retries = 0
    }

    private let state: Mutex<State>
    private let limits: Limits
    private let isPaused: @Sendable () -> Bool
    private let wakeUps: AsyncStream<Void>
    private let alarm: AsyncStream<Void>.Continuation
    /// Beats when a key is finished and at each pulse, unless a key is stuck.
    package let heartbeat: Heartbeat

    /// The interval of the heartbeat without work.
    private static var pulse: Duration { .seconds(30) }

    /// - Parameter isPaused: while it returns true, no key is started. Call `wake` when it becomes false.
    package init(
        _ queue: Queue, name: String, limits: Limits = Limits(), isPaused: @escaping @Sendable () -> Bool = { false }
    ) {
        state = Mutex(State(queue: queue))
        self.limits = limits
        self.isPaused = isPaused
        heartbeat = Heartbeat(name, limit: .seconds(90))
        (wakeUps, alarm) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Adds all keys before the first of them is started.
    package func add(_ keys: some Sequence<Key>) {
        state.withLock { state in
            let now = Instant.now
            for key in keys { state.queue.add(key, at: now) }
        }
        alarm.yield()
    }

    /// Checks the queue again, because a pause may be over.
    package func wake() { alarm.yield() }

    /// Starts no more keys, except keys of low priority for `Limits.drain`. `run` returns when those in flight are
    /// finished.
    package func stop() {
        state.withLock { state in if state.stoppedAt == nil { state.stoppedAt = .now } }
        alarm.yield()
    }

    /// Processes due keys until `stop`; with `untilIdle`, until no key is left, including retries. Cancellation cancels
    /// the keys in flight.
    ///
    /// - Parameters:
    ///   - pulse: called at the start and every 30 seconds.
    ///   - process: must end with `finish`. `run` does not call it, so that the caller can do more in the same step.
    package func run(
        untilIdle: Bool = false, pulse: @escaping @Sendable () async -> Void = {},
        process: @escaping @Sendable (Key) async -> Void
    ) async {
        await withDiscardingTaskGroup { timers in
            timers.addTask {
                while !Task.isCancelled {
                    self.alarm.yield()
                    await pulse()
                    self.beat()
                    try? await Task.sleep(for: Self.pulse, tolerance: .seconds(5))
                }
            }
            await withDiscardingTaskGroup { workers in
                var armed: Instant?
                for await _ in wakeUps {
                    while let key = next() { workers.addTask { await process(key) } }
                    if isOver(untilIdle) { break }
                    guard let deadline = deadline() else { continue }
                    if let armed, armed <= deadline, armed > .now { continue }
                    armed = deadline
                    timers.addTask {
                        try? await Task.sleep(until: deadline, tolerance: .milliseconds(50))
                        self.alarm.yield()
                    }
                }
            }
            timers.cancelAll()
        }
    }

    private func beat() {
        let now = Instant.now
        let isStuck = state.withLock { state in
            state.queue.oldestStart.map { $0.duration(to: now) >= limits.process } ?? false
        }
        if !isStuck { heartbeat.beat(at: now) }
    }

    private func next() -> Key? {
        guard !isPaused() else { return nil }
        return state.withLock { state in
            let now = Instant.now
            guard let stoppedAt = state.stoppedAt else { return state.queue.next(at: now) }
            return stoppedAt.duration(to: now) < limits.drain ? state.queue.nextLowPriority(at: now) : nil
        }
    }

    /// Ends the processing of a key.
    package func finish(_ key: Key, _ outcome: Queue.Outcome) {
        state.withLock { state in
            if case .retry = outcome { state.retries += 1 }
            state.queue.finish(key, outcome, at: .now, jitter: .random(in: 0...1))
        }
        beat()
        alarm.yield()
    }

    private func isOver(_ untilIdle: Bool) -> Bool {
        state.withLock { state in
            (state.stoppedAt != nil && state.queue.inFlight == 0) || (untilIdle && state.queue.isDone)
        }
    }

    private func deadline() -> Instant? {
        isPaused() ? nil : state.withLock { $0.stoppedAt == nil ? $0.queue.deadline() : nil }
    }
}

/// Access to the queue.
extension Worker {
    /// Reads the queue.
    package func read<Value: Sendable>(_ body: (borrowing Queue) -> Value) -> Value {
        state.withLock { body($0.queue) }
    }

    /// Whether the key is being processed.
    package func isRunning(_ key: Key) -> Bool { state.withLock { $0.queue.isInFlight(key) } }

    package var isStopped: Bool { state.withLock { $0.stoppedAt != nil } }

    /// The number of retries so far.
    package var retries: Int { state.withLock { $0.retries } }

    /// The number of consecutive failures of `key`.
    package func failures(of key: Key) -> Int { state.withLock { $0.queue.failures(of: key) } }

    /// Releases the memory of a burst of keys.
    package func releaseUnusedCapacity() { state.withLock { $0.queue.releaseUnusedCapacity() } }
}
