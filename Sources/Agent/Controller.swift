package import Distribution
package import Kube
package import MountWatch
package import Observability
import Scheduling
import Snapshots

/// What is known, and what is to be done: the snapshot, the distributions, what is kept of the actual targets, and the
/// queue of targets to look at.
///
/// Events only change what is known and put keys into the queue. `reconcile` (its own file) does the work for one key.
package actor Controller {
    package let settings: Settings
    let secrets: any SecretStore
    let distributions: any DistributionStore
    let logger: Logger
    /// Nil: no election, this agent alone writes.
    private let leadership: Leadership?

    /// The last generation that there was.
    var snapshot: Snapshot? { didSet { announceReadiness() } }
    var generations = GenerationHistory()
    /// Targets whose content came from a newer generation than our mount holds, and since when that is seen.
    var ahead: [ObjectKey: ContinuousClock.Instant] = [:]
    /// How long such a target's status is left to the agent that wrote it.
    let patience: Duration
    var index = DistributionIndex()
    /// Targets that carry our label, as last seen or written.
    var observed: [ObjectKey: ObservedTarget] = [:]
    /// Of certificates and keys in `snapshot`.
    package internal(set) var pairs = PairVerdicts()
    var definition = DefinitionTraits.current
    /// How each distribution fared when it was last looked at.
    package internal(set) var outcomes: [ObjectKey: DistributionStatus] = [:]
    /// By distribution: the status that was written last.
    var said: [ObjectKey: SaidStatus] = [:]
    /// By distribution, then by target: why its former target could not be removed.
    var leftovers: [ObjectKey: [ObjectKey: String]] = [:]
    /// By distribution: former targets that go once its own is in line.
    var awaited: [ObjectKey: Set<ObjectKey>] = [:]
    /// What is known of the access policy.
    var access: PolicyState { didSet { announceReadiness() } }
    /// By distribution: what it was last warned of that the policy only audits.
    var audited: [ObjectKey: String] = [:]
    /// Why the agent was not ready when that was last looked at.
    var announced: [String]
    /// In one pass: what could not be done, besides what `outcomes` tells.
    package private(set) var faults: [String] = []

    private var mountWasRead = false
    private(set) var scopes: [Scope: ScopeState] { didSet { announceReadiness() } }
    private var queue: WorkQueue<WorkItem, ContinuousClock.Instant>
    private let wakeUps: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation
    /// One pass: a key that failed so often is given up. Nil: never.
    let triesAtMost: Int?
    private var isStopping = false

    package init(
        settings: Settings, secrets: any SecretStore, distributions: any DistributionStore, logger: Logger,
        leadership: Leadership? = nil, triesAtMost: Int? = nil, patience: Duration = .seconds(300)
    ) {
        self.settings = settings
        self.secrets = secrets
        self.distributions = distributions
        self.logger = logger
        self.leadership = leadership
        self.triesAtMost = triesAtMost
        self.patience = patience
        access = PolicyState(isWanted: settings.policyPath != nil)
        scopes = Dictionary(uniqueKeysWithValues: settings.scopes.map { ($0, ScopeState()) })
        announced = Self.unreadiness(nil, scopes, access)
        queue = WorkQueue(limit: settings.maxInFlight)
        (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    struct ScopeState {
        var hasDistributions = false
        var hasTargets = false
        /// Why there are no targets yet.
        var failure: StoreError?
        /// Why changes of targets are not heard of.
        var blindness: StoreError?

        var isReady: Bool { hasDistributions && (hasTargets || failure != nil) }
    }
}

/// What is in the queue.
package enum WorkItem: Sendable, Hashable, CustomStringConvertible {
    case target(ObjectKey)
    /// One that names no target: only its status is to be written.
    case distribution(ObjectKey)

    package var description: String {
        switch self {
        case .target(let key): "Secret \(key)"
        case .distribution(let key): "SecretsDistribution \(key)"
        }
    }
}

// MARK: Events

extension Controller {
    /// The mount was read. Absence changes nothing: the last generation stays.
    package func mount(_ reading: Reading) {
        let isFirst = !mountWasRead
        mountWasRead = true
        switch reading {
        case .absent:
            if isFirst { enqueueAll() }
        case .snapshot(let new):
            let changed = new.changedPaths(since: snapshot)
            let old = snapshot
            snapshot = new
            generations.append(new.generation)
            pairs = PairVerdicts()
            guard !isFirst, old != nil else { return enqueueAll() }
            enqueue(index.targets(reading: changed).union(ahead.keys))
        }
    }

    package func distributions(_ scope: Scope, _ event: FeedEvent<SecretsDistribution>) {
        switch event {
        case .upsert(let distribution): upsert(distribution)
        case .delete(let distribution):
            guard index.distributions[distribution.key]?.uid == distribution.uid else { return }
            forget(distribution.key)
        case .replace(let all):
            let present = Set(all.map(\.key))
            for key in Array(index.distributions.keys) where scope.contains(key.namespace) && !present.contains(key) {
                forget(key)
            }
            for distribution in all { upsert(distribution) }
            // The resource definition may have been replaced: learn anew what it keeps.
            definition = .current
            scopes[scope, default: ScopeState()].hasDistributions = true
            enqueueAll(in: scope)
        }
    }

    package func targets(_ scope: Scope, _ event: FeedEvent<ObservedTarget>) {
        switch event {
        case .upsert(let target):
            sees(scope)
            if record(target) { enqueue([target.key]) }
        case .delete(let target):
            sees(scope)
            guard observed[target.key]?.uid == target.uid else { return }
            lost(target.key)
            enqueue([target.key])
        case .replace(let all):
            let present = Set(all.map(\.key))
            for key in Array(observed.keys) where scope.contains(key.namespace) && !present.contains(key) {
                lost(key)
            }
            for target in all { _ = record(target) }
            scopes[scope, default: ScopeState()].hasTargets = true
            scopes[scope, default: ScopeState()].failure = nil
            enqueueAll(in: scope)
        }
    }

    /// The targets of `scope` cannot be listed, or not be watched: their distributions say so.
    package func targetsFailed(_ scope: Scope, _ error: StoreError) {
        guard case .forbidden = error, let state = scopes[scope] else { return }
        if state.hasTargets {
            guard state.blindness != error else { return }
            scopes[scope]?.blindness = error
        } else {
            scopes[scope]?.failure = error
        }
        enqueueAll(in: scope)
    }

    /// The watch of targets brought something.
    private func sees(_ scope: Scope) {
        guard scopes[scope]?.blindness != nil else { return }
        scopes[scope]?.blindness = nil
        enqueueAll(in: scope)
    }

    private func lost(_ target: ObjectKey) {
        observed[target] = nil
        ahead[target] = nil
        forgetLeftover(target)
    }

    func upsert(_ distribution: SecretsDistribution) {
        let known = index.distributions[distribution.key]
        if let known, known.uid == distribution.uid,
            known.resourceVersion.isNewer(than: distribution.resourceVersion)
        {
            return
        }
        let affected = index.upsert(distribution)
        if let known, isOurStatus(in: distribution, after: known) { return }
        enqueue(affected)
        if distribution.target == nil { enqueue(.distribution(distribution.key)) }
    }

    /// Our own status comes back as an event. It tells nothing new, and must not cut the wait for the next try short:
    /// a server that fails in two ways by turns would be asked without end.
    private func isOurStatus(in new: SecretsDistribution, after known: SecretsDistribution) -> Bool {
        var amended = known
        amended.resourceVersion = new.resourceVersion
        amended.generation = new.generation
        amended.status = new.status
        guard amended == new, new.resourceVersion == known.resourceVersion || new.status != known.status,
            let outcome = outcomes[new.key]
        else { return false }
        return outcome.update(of: new, on: definition, now: "") == nil
    }

    private func forget(_ key: ObjectKey) {
        outcomes[key] = nil
        said[key] = nil
        leftovers[key] = nil
        audited[key] = nil
        enqueue(index.remove(key).union(awaited.removeValue(forKey: key) ?? []))
    }

    /// Takes over what was seen or written.
    ///
    /// - Returns: whether it says something new. An event about a version before our own last write does not.
    func record(_ target: ObservedTarget) -> Bool {
        let known = observed[target.key]
        if let known, known.uid == target.uid, known.resourceVersion.isNewer(than: target.resourceVersion) {
            return false
        }
        guard known != target else { return false }
        observed[target.key] = target
        return true
    }

    func record(_ distribution: SecretsDistribution) {
        guard let known = index.distributions[distribution.key], known.uid == distribution.uid,
            !known.resourceVersion.isNewer(than: distribution.resourceVersion)
        else { return }
        enqueue(index.upsert(distribution).filter { $0 != distribution.target })
    }

    /// Why changes of targets in a namespace are not heard of; nil if they are.
    func blindness(in namespace: String) -> StoreError? {
        scopes.first { $0.key.contains(namespace) }?.value.blindness
    }

    /// Something that a single pass could not do.
    func fault(_ text: String) {
        if triesAtMost != nil { faults.append(text) }
    }

    /// Why nothing is known of the targets in a namespace; nil if it is.
    func missingTargets(in namespace: String) -> StoreError? {
        scopes.first { $0.key.contains(namespace) }.flatMap { $0.value.hasTargets ? nil : $0.value.failure }
    }
}

extension String {
    /// Resource versions of one object are compared as numbers (Kubernetes API, "Resource versions"); if they are none,
    /// neither is newer.
    fileprivate func isNewer(than other: String) -> Bool {
        guard let mine = UInt64(self), let theirs = UInt64(other) else { return false }
        return mine > theirs
    }
}

// MARK: The queue

extension Controller {
    func enqueue(_ targets: some Sequence<ObjectKey>) {
        for key in targets { enqueue(.target(key)) }
    }

    private func enqueue(_ item: WorkItem) {
        let namespace =
            switch item {
            case .target(let key), .distribution(let key): key.namespace
            }
        // Before all is known a pass could only be wrong; `enqueueAll` follows.
        guard mountWasRead, access.isKnown,
            scopes.first(where: { $0.key.contains(namespace) })?.value.isReady == true
        else { return }
        queue.add(item)
        wakeUp.yield()
    }

    func enqueueAll(in scope: Scope = .all) {
        for key in index.targets where scope.contains(key.namespace) { enqueue(.target(key)) }
        // Those that nobody describes: to be pruned perhaps.
        for key in observed.keys where scope.contains(key.namespace) { enqueue(.target(key)) }
        for (key, distribution) in index.distributions where scope.contains(key.namespace) {
            if distribution.target == nil { enqueue(.distribution(key)) }
        }
    }

    /// Works on what is due, each key in a task of its own, until `stop`; or, in one pass, until nothing is left.
    ///
    /// Cancellation ends the writes under way; `stop` lets them end.
    package nonisolated func work() async {
        await withDiscardingTaskGroup { timers in
            await withDiscardingTaskGroup { workers in
                var armed: ContinuousClock.Instant?
                for await _ in wakeUps {
                    while let item = await take() {
                        workers.addTask { await self.turn(item) }
                    }
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

    /// No further key is begun; `work` returns once those under way are done.
    package func stop() {
        isStopping = true
        wakeUp.finish()
    }

    /// This agent leads from now on: everything is compared. Until then events were taken in, and no key was begun.
    package func lead() {
        enqueueAll()
        wakeUp.yield()
    }

    private var isFollowing: Bool { leadership.map { $0.end == nil } ?? false }

    /// For one pass: ends `work` once nothing is left to do, also if there is nothing at all.
    package func finishWhenIdle() {
        if isIdle { stop() }
    }

    /// Nothing is left to do, or will be.
    package var isIdle: Bool { queue.isIdle && queue.retrying == 0 }

    private func take() -> WorkItem? { isStopping || isFollowing ? nil : queue.next(at: .now) }

    private func deadline() -> ContinuousClock.Instant? { isFollowing ? nil : queue.deadline() }

    private func turn(_ item: WorkItem) async {
        var outcome = await reconcile(item)
        if let triesAtMost {
            switch outcome {
            case .done: break
            case .again: outcome = .done
            case .retry:
                guard queue.failures(of: item) + 1 >= triesAtMost else { break }
                fault("\(item): given up after \(triesAtMost) tries")
                outcome = .done
            }
        }
        queue.finish(item, outcome, at: .now, jitter: .random(in: 0...1))
        if triesAtMost != nil { finishWhenIdle() }
        wakeUp.yield()
    }
}
