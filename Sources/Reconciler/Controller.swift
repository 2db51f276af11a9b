package import Distribution
package import KubeRuntime
import MountWatch
package import Observability
package import Planning
import Scheduling
import Snapshots
package import Stores

/// What is known, and what is to be done: the snapshot, the distributions, what is kept of the actual targets, and the
/// queue of targets to look at.
///
/// Events only change what is known and put keys into the queue. `reconcile` (its own file) does the work for one key.
package actor Controller {
    package let settings: ReconcilerSettings
    let secrets: any SecretStore
    let distributions: any DistributionStore
    let logger: Logger
    /// Nil: no election, this agent alone writes.
    let leadership: Leadership?
    /// Nil: nobody is told by Events.
    let recorder: EventRecorder?
    /// In a dry run: what would be written.
    let rehearsal: ChangeRecorder?
    /// What probes ask.
    package nonisolated let vitals = ProbeState()
    /// Beats while keys are taken, and none takes for ever.
    package nonisolated let heartbeat = Heartbeat("workers", limit: .seconds(90))
    /// A turn that takes longer is stuck. It has a few requests, each of which ends after some minutes at the latest, with
    /// all its repetitions.
    let longestTurn: Duration
    /// For how long statuses are still begun after `stop`: whoever comes next tells of the rest, and waits for the Lease.
    let lastWords: Duration
    /// How long Secrets may be neither listed nor watched before the statuses say so.
    let staleAfter: Duration
    /// Judges what takes long; nil: it is judged in place.
    let judge: PolicyJudge?
    /// Has the mount looked at soon.
    let lookAtMount: @Sendable () -> Void
    let startedAt = Timestamp.now()

    /// The last generation that there was.
    var snapshot: Snapshot? { didSet { announceReadiness() } }
    /// Of all files in `snapshot`; nil: nobody has asked.
    var mountDigests: Set<Digest>?
    /// Why the mount has no generation at present; nil if it has.
    var absence: String?
    /// The mount gets no other generation as long as this container runs.
    var isMountLost = false
    var generations = GenerationHistory()
    /// Of other agents' mounts.
    var newerGenerations = NewerGenerations()
    /// What others do to our targets.
    var contention = Contention()
    var rotations = RotationLedger()
    var counts = ControllerCounts()
    /// By target that holds a certificate: when that expires.
    var expiries: [ObjectKey: Timestamp] = [:]
    /// Targets to be read anew when they are looked at next, whatever is known of them.
    var forced: Set<ObjectKey> = []
    /// By target: when it was read because somebody asked for it.
    var forcedAt: [ObjectKey: ContinuousClock.Instant] = [:]
    /// Items whose last write may have been carried out: their objects are read before the next one.
    var uncertain: Set<WorkItem> = []
    /// Targets whose content came from a newer generation than our mount holds, and since when that is seen.
    var ahead: [ObjectKey: ContinuousClock.Instant] = [:]
    /// How long such a target's status is left to the agent that wrote it.
    let patience: Duration
    package var index = DistributionIndex()
    /// Targets that carry our label, as last seen or written.
    var observed: [ObjectKey: ObservedTarget] = [:]
    /// Of distributions and targets.
    var common = Interner()
    /// Of certificates and keys in `snapshot`.
    package internal(set) var pairs = CertificateCheckCache()
    var definition = DefinitionTraits.current
    /// How each distribution fared when it was last looked at.
    package internal(set) var outcomes: [ObjectKey: DistributionStatus] = [:]
    /// By distribution: the status that is to be written.
    var unsaid: [ObjectKey: PendingStatus] = [:]
    /// By distribution: the status that was written last.
    package var said: [ObjectKey: StatusThrottle] = [:]
    /// By distribution, then by target: why its former target could not be removed.
    var leftovers: [ObjectKey: [ObjectKey: String]] = [:]
    /// By distribution: former targets that go once its own is in line.
    package var awaited: [ObjectKey: Set<ObjectKey>] = [:]
    /// What is known of the access policy.
    var access: PolicyState { didSet { announceReadiness() } }
    /// Of the policy in force.
    var verdicts = PolicyVerdicts()
    /// By distribution: what it was last warned of that the policy only audits.
    var audited: [ObjectKey: String] = [:]
    /// In one pass: what could not be done, besides what `outcomes` tells.
    package internal(set) var faults: [String] = []

    var mountWasRead = false
    var scopes: [Scope: ScopeState] { didSet { announceReadiness() } }
    var queue: WorkQueue<WorkItem, ContinuousClock.Instant>
    /// Keys being worked on, and since when.
    var turns: [WorkItem: ContinuousClock.Instant] = [:]
    /// Keys have been worked on since memory was last given back.
    var isUntidy = false
    let wakeUps: AsyncStream<Void>
    let wakeUp: AsyncStream<Void>.Continuation
    /// One pass: a key that failed so often is given up. Nil: never.
    let triesAtMost: Int?
    var stoppedAt: ContinuousClock.Instant?
    /// Another agent is known to do the work.
    var isLed = false
    /// Before the start, at a leader: what was to be done when all was known and has had no turn since. Nil: it is not yet.
    var firstPass: Set<WorkItem>?
    /// Before the start, at a follower: targets that were not seen in line yet. Nil: none was looked at.
    var unseen: [ObjectKey]?
    /// Distributions whose verdict takes long: one is judged at a time, in turns by namespace.
    var unjudged = WorkQueue<ObjectKey, ContinuousClock.Instant>(limit: 1, group: { $0.namespace })

    /// How many requests the server takes on a connection: what is more would wait there, whosever it is.
    private static let mostOnConnection = 100

    package init(
        settings: ReconcilerSettings, secrets: any SecretStore, distributions: any DistributionStore, logger: Logger,
        leadership: Leadership? = nil, recorder: EventRecorder? = nil, rehearsal: ChangeRecorder? = nil,
        triesAtMost: Int? = nil,
        patience: Duration = .seconds(45), longestTurn: Duration = .seconds(900),
        lastWords: Duration = .seconds(2), staleAfter: Duration = .seconds(120),
        judge: PolicyJudge? = nil, lookAtMount: @escaping @Sendable () -> Void = {}
    ) {
        self.settings = settings
        self.secrets = secrets
        self.distributions = distributions
        self.logger = logger
        self.leadership = leadership
        self.recorder = recorder
        self.rehearsal = rehearsal
        self.triesAtMost = triesAtMost
        self.patience = patience
        self.longestTurn = longestTurn
        self.lastWords = lastWords
        self.staleAfter = staleAfter
        self.judge = judge
        self.lookAtMount = lookAtMount
        access = PolicyState(isWanted: settings.hasPolicy)
        scopes = Dictionary(uniqueKeysWithValues: settings.scopes.map { ($0, ScopeState()) })
        // In one namespace alone there is nobody to leave room for.
        let isShared = settings.scopes.contains { $0.namespace == nil } || settings.scopes.count > 1
        let namespace: @Sendable (WorkItem) -> String = { $0.key.namespace }
        queue = WorkQueue(
            limit: min(settings.maxInFlight, Self.mostOnConnection), patience: Self.statusPatience,
            canWait: { $0.isStatus }, group: isShared ? namespace : nil)
        vitals.readiness = Self.readiness(nil, scopes, access)
        (wakeUps, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }
}

/// What is in the queue.
package enum WorkItem: Sendable, Hashable, CustomStringConvertible {
    /// The Secret is to be brought in line.
    case target(ObjectKey)
    /// The status of the distribution is to be written.
    case status(ObjectKey)

    package var description: String {
        switch self {
        case .target(let key): "Secret \(key)"
        case .status(let key): "SecretsDistribution \(key)"
        }
    }

    var key: ObjectKey {
        switch self {
        case .target(let key), .status(let key): key
        }
    }

    var isStatus: Bool { if case .status = self { true } else { false } }
}
