package import Distribution
package import KubeRuntime
import LinuxIO
package import Observability
package import Planning
import Scheduling
package import Stores

/// What the controller works with.
package struct ControllerDependencies: Sendable {
    package var settings: ReconcilerSettings
    package var secrets: any SecretStore
    package var distributions: any DistributionStore
    package var logger: Logger
    /// Nil: no election, this agent alone writes.
    package var leadership: Leadership?
    /// Nil: no Events are recorded.
    package var events: EventRecorder?
    /// Evaluates policies that take long; nil: they are evaluated in place.
    package var judge: PolicyJudge?
    /// Has the mount read soon.
    package var readMount: @Sendable () -> Void = {}
    /// Gets what cannot be done and no status says, a sentence each.
    package var reportFault: @Sendable (String) -> Void = { _ in }
    /// Gets how the distributions fare once the first pass is done.
    package var firstPassDone: @Sendable ([ObjectKey: DistributionStatus]) -> Void = { _ in }

    package init(
        settings: ReconcilerSettings, secrets: any SecretStore, distributions: any DistributionStore, logger: Logger
    ) {
        self.settings = settings
        self.secrets = secrets
        self.distributions = distributions
        self.logger = logger
    }
}

/// A thin shell around the cache, the reconciler's functions and what they report: it serialises the access to them.
///
/// Events change the cache and queue keys (`hear`). `reconcile` does the work for one key.
package actor Controller {
    let dependencies: ControllerDependencies
    let worker: Worker<WorkItem>
    /// Distributions whose policy evaluation takes long: a part of one at a time, in turns by namespace.
    let judging: Worker<ObjectKey>
    var turns = PolicyTurns()
    /// What probes ask.
    package nonisolated let probes = ProbeState()

    var cache: Cache
    var notes = TargetNotes()
    var remarks = Remarks()
    package internal(set) var statuses = StatusBook()
    var rotations = RotationLedger()
    var contention: Contention
    var counts = ControllerCounts()
    var start = StartProgress()
    /// Of certificates and keys in the mount.
    package internal(set) var pairs = CertificateCheckCache()
    /// Keys were processed, or lists taken in, since memory was last given back.
    private var isUntidy = false
    let startedAt = Timestamp.now()

    /// How many requests the server takes on a connection: any more would wait there, whoever sends them.
    private static let mostOnConnection = 100
    /// For how long statuses let Secrets pass: the new certificate is written first, and the status of a target that
    /// changes all the time is this old at most.
    private static let statusStarvationLimit: Duration = .seconds(60)

    package init(_ dependencies: ControllerDependencies) {
        self.dependencies = dependencies
        let settings = dependencies.settings
        cache = Cache(
            scopes: settings.scopes, hasPolicy: settings.hasPolicy, staleAfter: settings.staleAfter,
            isOurs: settings.isOurs)
        contention = Contention(isWatching: !settings.dryRun)
        // In one namespace alone there is nobody to leave room for.
        let isShared = settings.scopes.contains { $0.namespace == nil } || settings.scopes.count > 1
        let namespace: @Sendable (WorkItem) -> String = { $0.key.namespace }
        var limits = Worker<WorkItem>.Limits()
        (limits.process, limits.drain) = (settings.processTimeout, settings.drainTimeout)
        let leadership = dependencies.leadership
        worker = Worker(
            WorkQueue(
                limit: min(settings.maxInFlight, Self.mostOnConnection), starvationLimit: Self.statusStarvationLimit,
                canWait: { $0.isStatus }, group: isShared ? namespace : nil),
            name: "workers", limits: limits, isPaused: { leadership.map { $0.end == nil } ?? false })
        judging = Worker(WorkQueue(limit: 1, group: { $0.namespace }), name: "access policy evaluation")
        probes.readiness = Self.readiness(of: cache)
    }

    nonisolated var settings: ReconcilerSettings { dependencies.settings }
    nonisolated var secrets: any SecretStore { dependencies.secrets }
    nonisolated var distributions: any DistributionStore { dependencies.distributions }
    nonisolated var logger: Logger { dependencies.logger }
    nonisolated var leadership: Leadership? { dependencies.leadership }

    /// Another agent may lead: nothing is written.
    nonisolated var isFollowing: Bool { leadership.map { $0.end == nil } ?? false }

    /// Beats while keys are taken and none is stuck.
    package nonisolated var heartbeat: Heartbeat { worker.heartbeat }

    package func isOurs(_ distribution: SecretsDistribution) -> Bool { settings.isOurs(distribution) }
}

// MARK: Work

extension Controller {
    /// Reconciles what is due until `stop`. Cancellation aborts the writes in flight; `stop` lets them end.
    ///
    /// - Parameter tries: in a single pass: ends once nothing is left, and gives a key up that has failed so often.
    package nonisolated func work(tries: Int? = nil) async {
        await withDiscardingTaskGroup { group in
            // Nobody waits for the end of an evaluation.
            group.addTask { await self.judging.run { await self.judge($0) } }
            await worker.run(
                untilIdle: tries != nil,
                pulse: {
                    await self.tidy()
                    self.logger.settle()
                }
            ) { await self.process($0, tries: tries) }
            group.cancelAll()
        }
    }

    /// What becomes of a key in a single pass.
    private func lastOutcome(_ outcome: Outcome, of item: WorkItem, tries: Int) -> Outcome {
        switch outcome {
        case .done, .held: return outcome
        case .again: return .done
        case .retry:
            guard worker.failures(of: item) + 1 >= tries else { return outcome }
            dependencies.reportFault("\(item): given up after \(tries) tries")
            return .done
        }
    }

    private func process(_ item: WorkItem, tries: Int?) async {
        isUntidy = true
        var outcome = await reconcile(item)
        if let tries { outcome = lastOutcome(outcome, of: item, tries: tries) }
        // In one step: no event can come between the end of the key and the progress of the start.
        start.firstPass?.remove(item)
        worker.finish(item, outcome)
        noteStart()
    }

    /// Starts no more targets; `work` returns once those in flight are done and reported.
    package nonisolated func stop() {
        judging.stop()
        worker.stop()
    }

    /// Nothing is left to do, retries included.
    package nonisolated var isIdle: Bool { worker.read { $0.isDone } }

    /// After a list or a burst of writes, once it is over: much of what it needed lies between what stays.
    private func tidy() {
        guard isUntidy, isFollowing || worker.read({ $0.isIdle }) else { return }
        isUntidy = false
        worker.giveBackRoom()
        judging.giveBackRoom()
        statuses.giveBackRoom()
        ProcessMemory.giveBack()
    }

    func enqueue(_ targets: some Sequence<ObjectKey>) { enqueue(targets.map(WorkItem.target)) }

    func enqueue(_ item: WorkItem) { enqueue([item]) }

    /// Queues what can be reconciled. Once all is known that has to be known, everything is queued.
    func enqueue(_ items: [WorkItem]) {
        var isReady: [String: Bool] = [:]
        let ready = items.filter { item in
            let namespace = item.key.namespace
            if let known = isReady[namespace] { return known }
            isReady[namespace] = cache.isReady(namespace)
            return isReady[namespace] == true
        }
        if !ready.isEmpty { worker.add(ready) }
    }

    func enqueueAll() { enqueue(cache.items(in: .all)) }

    /// Distributions of this instance that were reconciled, and all that are known.
    package func progress() -> (done: Int, total: Int) {
        (statuses.outcomes.count, cache.index.distributions.values.count(where: isOurs))
    }

    func noteListed() { isUntidy = true }
}

// MARK: Leadership

extension Controller {
    /// This agent leads from now on: everything is compared. Until then events were taken in and nothing was reconciled.
    package func lead() {
        start.isLed = false
        // Since it was found out, it has been another agent's matter.
        statuses.dropPending()
        start.reset()
        enqueueAll()
        noteStart()
        worker.wake()
    }

    /// This agent no longer leads.
    package func leadNoMore() {
        rotations.abandon()
        contention = Contention(isWatching: !settings.dryRun)
        statuses.dropPending()
    }

    /// Another agent leads, and is alive.
    package func follow() {
        start.isLed = true
        noteStart()
    }
}
