package import Distribution
package import KubeRuntime
import LinuxIO
package import Observability
package import Planning
import Scheduling
package import Stores

/// The dependencies of the controller.
package struct ControllerDependencies: Sendable {
    package var settings: ReconcilerSettings
    package var secrets: any SecretStore
    package var distributions: any DistributionStore
    package var logger: Logger
    /// Nil if there is no leader election: this agent is the only writer.
    package var leadership: Leadership?
    /// Nil if no Events are recorded.
    package var events: EventRecorder?
    /// Runs policy evaluations that take long; nil if they run in place.
    package var evaluator: PolicyEvaluator?
    /// Requests that the mount is read soon.
    package var readMount: @Sendable () -> Void = {}
    /// The clock of limits and grace periods. The worker, which starts keys when they are due, has its own.
    package var now: @Sendable () -> ContinuousClock.Instant = { .now }
    /// Receives each failure that no status reports, as a sentence.
    package var reportFault: @Sendable (String) -> Void = { _ in }
    /// Receives the results by distribution when the first pass is done.
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

/// A thin shell that serializes access to the cache, the reconciler's functions and their reports.
///
/// Events change the cache and queue keys (`handle`). `reconcile` processes one key.
package actor Controller {
    let dependencies: ControllerDependencies
    let worker: Worker<WorkItem>
    /// Runs policy evaluations that take long, a part of one at a time, round robin by namespace.
    let evaluations: Worker<ObjectKey>
    var ongoingEvaluations = OngoingEvaluations()
    /// Generates RSA key pairs, one at a time, round robin by namespace.
    let keyGenerations: Worker<ObjectKey>
    var keyPairs = KeyPairQueue()
    /// The state that probes read.
    package nonisolated let probes = ProbeState()

    var cache: Cache
    var targetRecords = TargetRecords()
    var statusRecords = StatusRecords()
    package internal(set) var statuses = StatusTracker()
    var clusterTargets = ClusterTargetResults()
    var recentReads = RecentReads()
    var rotations = RotationTracker()
    var drift: DriftTracker
    var counts = ControllerCounts()
    var start = StartProgress()
    /// The results of checking the certificates and keys in the mount.
    package internal(set) var certificateChecks = CertificateCheckCache()
    /// Whether keys were processed or lists applied since memory was last released.
    private var isUntidy = false
    let startedAt = Timestamp.now()

    /// The number of requests that the server accepts at once on a connection. Further requests would wait there.
    private static let mostOnConnection = 100
    /// How long Secrets go before statuses, so that new certificates are written first. The status of a target that
    /// keeps changing is at most this old.
    private static let statusStarvationLimit: Duration = .seconds(60)

    package init(_ dependencies: ControllerDependencies) {
        self.dependencies = dependencies
        let settings = dependencies.settings
        cache = Cache(
            scopes: settings.scopes, hasPolicy: settings.hasPolicy, staleAfter: settings.staleAfter,
            isOurs: settings.isOurs)
        drift = DriftTracker(isWatching: !settings.dryRun)
        // With a single namespace, keys need no fair queuing by namespace.
        let isShared = settings.scopes.contains { $0.namespace == nil } || settings.scopes.count > 1
        let namespace: @Sendable (WorkItem) -> String = { $0.key.namespace }
        var limits = Worker<WorkItem>.Limits()
        (limits.process, limits.drain) = (settings.processTimeout, settings.drainTimeout)
        let leadership = dependencies.leadership
        worker = Worker(
            WorkQueue(
                limit: min(settings.maxInFlight, Self.mostOnConnection), starvationLimit: Self.statusStarvationLimit,
                isLowPriority: { $0.isStatus }, group: isShared ? namespace : nil),
            name: "workers", limits: limits, isPaused: { leadership.map { $0.end == nil } ?? false })
        evaluations = Worker(WorkQueue(limit: 1, group: { $0.namespace }), name: "access policy evaluation")
        keyGenerations = Worker(WorkQueue(limit: 1, group: { $0.namespace }), name: "key generation")
        probes.readiness = Self.readiness(of: cache)
    }

    nonisolated var settings: ReconcilerSettings { dependencies.settings }
    nonisolated var secrets: any SecretStore { dependencies.secrets }
    nonisolated var distributions: any DistributionStore { dependencies.distributions }
    nonisolated var logger: Logger { dependencies.logger }
    nonisolated var now: ContinuousClock.Instant { dependencies.now() }
    nonisolated var leadership: Leadership? { dependencies.leadership }

    /// Whether this agent does not lead, and so writes nothing.
    nonisolated var isFollowing: Bool { leadership.map { $0.end == nil } ?? false }

    /// Beats while the worker starts keys and none is stuck.
    package nonisolated var heartbeat: Heartbeat { worker.heartbeat }

    package func isOurs(_ distribution: SecretsDistribution) -> Bool { settings.isOurs(distribution) }
}

// MARK: Work

extension Controller {
    /// Reconciles due keys until `stop`. Cancellation aborts the writes in flight; `stop` lets them finish.
    ///
    /// - Parameter tries: set for a single pass. `work` then returns when no key is left, and gives up on a key that
    ///   has failed this often.
    package nonisolated func work(tries: Int? = nil) async {
        await withDiscardingTaskGroup { group in
            // Evaluations in flight are canceled at the end.
            group.addTask { await self.evaluations.run { await self.evaluatePolicy(for: $0) } }
            group.addTask { await self.keyGenerations.run { await self.generateKeyPair(for: $0) } }
            await worker.run(
                untilIdle: tries != nil,
                pulse: {
                    await self.tidy()
                    self.logger.reportSuppressed()
                }
            ) { await self.process($0, tries: tries) }
            group.cancelAll()
        }
    }

    /// The outcome of a key in a single pass.
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
        // No suspension point: no event can arrive between the end of the key and the update of the start's progress.
        start.firstPass?.remove(item)
        worker.finish(item, outcome)
        checkFirstPass()
    }

    /// Starts no more targets. `work` returns when those in flight are finished and reported, except for statuses that wait
    /// for a retry.
    package nonisolated func stop() {
        evaluations.stop()
        keyGenerations.stop()
        worker.stop()
    }

    /// Whether nothing is left to do, including retries.
    package nonisolated var isIdle: Bool { worker.read { $0.isDone } }

    /// Releases memory after a list or a burst of writes, which leave the heap fragmented.
    private func tidy() {
        guard isUntidy, isFollowing || worker.read({ $0.isIdle }) else { return }
        isUntidy = false
        worker.releaseUnusedCapacity()
        evaluations.releaseUnusedCapacity()
        keyGenerations.releaseUnusedCapacity()
        statuses.releaseUnusedCapacity()
        drift.forgetSettled(at: now)
        ProcessMemory.giveBack()
    }

    func enqueue(_ targets: some Sequence<ObjectKey>) { enqueue(targets.map(WorkItem.target)) }

    func enqueue(_ item: WorkItem) { enqueue([item]) }

    /// Queues the keys whose namespace is ready, see `Cache.isReady`. When a namespace becomes ready, all its keys are
    /// queued.
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

    func enqueueAll() { enqueue(cache.items()) }

    /// The number of distributions of this instance that were reconciled, and of all that are known.
    package func progress() -> (done: Int, total: Int) {
        (statuses.outcomes.count, cache.index.keys.count { cache.index[$0].map(isOurs) == true })
    }

    func requestTidying() { isUntidy = true }
}

// MARK: Leadership

extension Controller {
    /// Starts leading: compares every target. Until now, events changed the cache and nothing was reconciled.
    package func lead() {
        start.hasOtherLeader = false
        // Pending statuses are out of date: another agent has reported since.
        statuses.dropPending()
        start.reset()
        enqueueAll()
        checkFirstPass()
        worker.wake()
    }

    /// Stops leading.
    package func stopLeading() {
        rotations.abandon()
        drift = DriftTracker(isWatching: !settings.dryRun)
        statuses.dropPending()
        clusterTargets = ClusterTargetResults()
    }

    /// Records that another agent leads and is alive.
    package func follow() {
        start.hasOtherLeader = true
        checkFirstPass()
    }
}
