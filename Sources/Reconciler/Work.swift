import Distribution
import LinuxIO
import Scheduling

/// The queue, and who works on it.
extension Controller {
    /// For how long statuses let Secrets pass: the new certificate goes out first, and who reads the status of what
    /// changes all the time sees it at most so late.
    static let statusPatience: Duration = .seconds(60)

    func enqueue(_ targets: some Sequence<ObjectKey>) {
        for key in targets { enqueue(.target(key)) }
    }

    func enqueue(_ item: WorkItem) {
        let namespace = item.key.namespace
        // Before all is known a pass could only be wrong; `enqueueAll` follows.
        guard mountWasRead, access.isKnown,
            scopes.first(where: { $0.key.contains(namespace) })?.value.isReady == true
        else { return }
        queue.add(item, at: .now)
        wakeUp.yield()
    }

    func enqueueAll(in scope: Scope = .all) {
        for key in index.targets where scope.contains(key.namespace) { enqueue(.target(key)) }
        // Those that nobody describes: to be pruned perhaps.
        for key in observed.keys where scope.contains(key.namespace) { enqueue(.target(key)) }
        for (key, distribution) in index.distributions where scope.contains(key.namespace) {
            if distribution.target == nil { enqueue(.status(key)) }
        }
    }

    /// Works on what is due, each key in a task of its own, until `stop`; or, in one pass, until nothing is left.
    ///
    /// Cancellation ends the writes under way; `stop` lets them end.
    package nonisolated func work() async {
        await withDiscardingTaskGroup { timers in
            timers.addTask {
                while !Task.isCancelled {
                    self.wakeUp.yield()
                    await self.tidy()
                    self.logger.settle()
                    try? await Task.sleep(for: Self.pulse, tolerance: .seconds(5))
                }
            }
            await withDiscardingTaskGroup { workers in
                var armed: ContinuousClock.Instant?
                for await _ in wakeUps {
                    await beat()
                    // Among the timers: the end does not wait for it.
                    if let (distribution, policy) = await nextToJudge() {
                        timers.addTask { await self.judge(distribution, by: policy) }
                    }
                    while let item = await take() {
                        workers.addTask { await self.turn(item) }
                    }
                    if await isOver { break }
                    guard let deadline = await deadline() else { continue }
                    if let armed, armed <= deadline, armed > .now { continue }
                    armed = deadline
                    timers.addTask {
                        try? await Task.sleep(until: deadline, tolerance: .milliseconds(50))
                        self.wakeUp.yield()
                    }
                }
            }
            timers.cancelAll()
        }
    }

    /// How often the workers show that they are alive, with nothing to do.
    private static let pulse: Duration = .seconds(30)
    private func beat() {
        let now = ContinuousClock.now
        if turns.values.allSatisfy({ $0.duration(to: now) < longestTurn }) { heartbeat.beat(at: now) }
    }

    /// After a list or a burst of writes, once it is over: much of what it needed stands in between what stays.
    private func tidy() {
        guard isUntidy, isFollowing || queue.isIdle else { return }
        isUntidy = false
        queue.giveBackRoom()
        unjudged.giveBackRoom()
        unsaid.giveBackRoom()
        ProcessMemory.giveBack()
    }

    /// No further target is begun; `work` returns once those under way are done, and told of.
    package func stop() {
        if stoppedAt == nil { stoppedAt = .now }
        wakeUp.yield()
    }

    /// What `take` has not given any more is done.
    private var isOver: Bool { stoppedAt != nil && queue.inFlight == 0 }

    /// This agent leads from now on: everything is compared. Until then events were taken in, and no key was begun.
    package func lead() {
        isLed = false
        // What was found out before has been another agent's matter since: all is looked at anew.
        unsaid = [:]
        lookAnew()
        enqueueAll()
        noteStart()
        wakeUp.yield()
    }

    /// This agent does not lead any more.
    package func leadNoMore() {
        rotations.abandon()
        contention = Contention()
        unsaid = [:]
    }

    /// Another agent leads, and lives.
    package func follow() {
        isLed = true
        noteStart()
    }

    var isFollowing: Bool { leadership.map { $0.end == nil } ?? false }

    /// For one pass: ends `work` once nothing is left to do, also if there is nothing at all.
    package func finishWhenIdle() {
        if isIdle { stop() }
    }

    /// Nothing is left to do, or will be.
    package var isIdle: Bool { queue.isIdle && queue.retrying == 0 }

    private func take() -> WorkItem? {
        guard !isFollowing, let item = stoppedAt.map(lastWord) ?? queue.next(at: .now) else { return nil }
        turns[item] = .now
        isUntidy = true
        // While there is more to take than can be in flight, nobody else beats.
        beat()
        return item
    }

    private func lastWord(_ stoppedAt: ContinuousClock.Instant) -> WorkItem? {
        stoppedAt.duration(to: .now) < lastWords ? queue.nextThatWaits() : nil
    }

    private func deadline() -> ContinuousClock.Instant? { isFollowing ? nil : queue.deadline() }

    private func turn(_ item: WorkItem) async {
        var outcome = await reconcile(item)
        if let triesAtMost {
            switch outcome {
            case .done, .held: break
            case .again: outcome = .done
            case .retry:
                guard queue.failures(of: item) + 1 >= triesAtMost else { break }
                fault("\(item): given up after \(triesAtMost) tries")
                outcome = .done
            }
        }
        turns[item] = nil
        firstPass?.remove(item)
        if case .retry = outcome { counts.retries += 1 }
        queue.finish(item, outcome, at: .now, jitter: .random(in: 0...1))
        noteStart()
        if triesAtMost != nil { finishWhenIdle() }
        wakeUp.yield()
    }
}
