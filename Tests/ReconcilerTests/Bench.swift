import Distribution
import DistributionSupport
import JSON
import Kube
import KubeRuntime
import MountWatch
import Observability
import Planning
import Reconciler
import Snapshots
import Stores
import TestSupport
import Testing

/// A controller of instance `me` on a fake store, with the events and conditions that its tests need. All objects are
/// in namespace `web`.
struct Bench: Sendable {
    /// The parts that must be known before anything is done.
    enum Part: CaseIterable {
        case mount, distributions, targets
    }

    let store: FakeStore
    let controller: Controller
    /// Errors that no status reports.
    let faults = LineRecorder()
    private let writes: SecretWriteMeter

    /// - Parameters:
    ///   - store: the store of an earlier controller, to simulate a restart.
    ///   - dryRun: a dry run on `store`.
    ///   - isTimeHeld: the clock of limits and grace periods stands still, so no wait between corrections ends.
    init(
        on store: FakeStore = FakeStore(), dryRun: (DryRunSecretStore, ChangeRecorder)? = nil, maxInFlight: Int = 32,
        leadership: Leadership? = nil, logger: Logger = .none, isTimeHeld: Bool = false,
        _ configure: (inout ReconcilerSettings) -> Void = { _ in },
        readMount: @escaping @Sendable () -> Void = {}
    ) {
        self.store = store
        writes = SecretWriteMeter(isWriting: { leadership.map { $0.end != nil } ?? true })
        var settings = ReconcilerSettings(managedBy: "me")
        settings.maxInFlight = maxInFlight
        settings.dryRun = dryRun != nil
        settings.staleMountGrace = .seconds(300)
        settings.drainTimeout = .seconds(900)
        settings.staleAfter = .seconds(900)
        configure(&settings)
        var dependencies = ControllerDependencies(
            settings: settings, secrets: dryRun?.0 ?? MeteredSecretStore(store, meter: writes, logger: logger),
            distributions: dryRun == nil ? store : DryRunDistributionStore(store), logger: logger)
        dependencies.leadership = leadership
        dependencies.evaluator = settings.hasPolicy ? try? PolicyEvaluator() : nil
        dependencies.readMount = readMount
        if isTimeHeld { dependencies.now = { [start = ContinuousClock.now] in start } }
        dependencies.reportFault = { [faults] in faults.add($0) }
        if let changes = dryRun?.1 { dependencies.firstPassDone = { changes.logSummary($0) } }
        controller = Controller(dependencies)
    }

    func metrics() async -> [Metric] { await controller.metrics() + writes.metrics }

    /// Runs `body` while the controller works, and then stops the controller.
    func working(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await controller.work() }
            let result: Result<Void, any Error>
            do {
                result = .success(try await body())
            } catch {
                result = .failure(error)
            }
            await store.release()
            controller.stop()
            try await group.waitForAll()
            try result.get()
        }
    }

    // MARK: Events

    func mount(_ files: [String: String] = ["a": "1"], _ generation: String = "generation-1") async {
        let files = files.mapValues { SourceFile(SecretBytes($0.utf8)) }
        await controller.mount(
            .snapshot(Snapshot(generation: generation, createdAt: Timestamp(seconds: 0), files: files)))
    }

    /// Reports the content of the store, or a first generation of the mount.
    func tell(_ part: Part) async throws {
        switch part {
        case .mount: await mount()
        case .distributions: await controller.distributions(.all, .replace(try await store.list(.all)))
        case .targets: await controller.targets(.all, .replace(try await store.list(.all)))
        }
    }

    func tellAll() async throws {
        for part in [Part.distributions, .targets, .mount] { try await tell(part) }
    }

    /// Reports all distributions and the namespaces. For a bench with the scope `.cluster`.
    func tellCluster(_ namespaces: String...) async throws {
        await controller.distributions(.cluster, .replace(try await store.list(.cluster)))
        for name in namespaces { await store.put(Namespace(name: name, uid: name)) }
        await controller.handle(.namespaces(.replace(namespaces.map { Namespace(name: $0, uid: $0) })))
        try await tellAll()
    }

    // MARK: Conditions

    /// Waits until nothing is left to do, and no retry is pending.
    func runUntilIdle() async throws {
        try #require(await eventually { controller.isIdle })
    }

    /// Brings Secret `t` in sync, then changes its distribution to name `u`, whose source is missing: `t` waits for
    /// that.
    ///
    /// - Returns: the distribution that names `u`.
    func awaitSuccessor() async throws -> SecretsDistribution {
        try await tellAll()
        try await runUntilIdle()
        let renamed = await store.put(
            try distribution(target: "u", policy: .delete, generation: 2, from: ["missing"]))
        await controller.distributions(.all, .upsert(renamed))
        try await runUntilIdle()
        return renamed
    }

    /// Waits until nothing is due or in flight; retries and requeues may be pending.
    func rest() async throws {
        try #require(await eventually { await rests })
    }

    /// Whether nothing is due or in flight; retries may be pending.
    var rests: Bool { get async { await isBusy(with: 0) } }

    /// Whether nothing is due and exactly `count` keys are being processed, at the same moment.
    func isBusy(with count: Double) async -> Bool {
        let metrics = await metrics()
        return Self.figure("queue_depth", in: metrics) == 0 && Self.figure("queue_in_flight", in: metrics) == count
    }

    /// The number of keys that wait for a retry or a requeue.
    var waiting: Double? { get async { await figure("queue_waiting") } }

    func figure(_ name: String) async -> Double? { Self.figure(name, in: await metrics()) }

    private static func figure(_ name: String, in metrics: [Metric]) -> Double? {
        let samples = metrics.first { $0.name == "secrets_distributor_\(name)" }?.samples
        guard case .number(let number)? = samples?.first?.value else { return nil }
        return number
    }

    func waitForWrites(_ count: Int) async throws {
        try #require(await eventually { await store.writesUnderWay == count })
    }

    /// Waits until the `Ready` condition of the last status has `reason`, and returns it.
    func eventuallyReady(_ reason: String) async throws -> Condition? {
        try #require(await eventually { await store.lastStatus?.status.ready?.reason == reason })
        return await store.lastStatus?.status.ready
    }

    // MARK: Values

    func key(_ name: String) -> ObjectKey { ObjectKey(namespace: "web", name: name) }

    func secret(_ name: String) async -> ObservedTarget? { await store.secrets[key(name)] }

    func digest(_ text: String) -> Digest { Digest(of: SecretBytes(text.utf8)) }

    func distribution(
        _ name: String = "d", target: String = "t", policy: DeletionPolicy = .retain, uid: String = "one",
        generation: Int = 1, from files: [String] = ["a"], assignedTo instance: String? = nil,
        spec amendment: JSONValue = [:]
    ) throws -> SecretsDistribution {
        let manifest: JSONValue = [
            "metadata": [
                "name": .string(name), "namespace": "web", "uid": .string(uid), "generation": .int(generation),
                "annotations": .object(instance.map { [WellKnownKeys.managedBy: .string($0)] } ?? [:]),
            ],
            "spec": [
                "name": .string(target), "deletionPolicy": .string(policy.rawValue),
                "secrets": .array(files.map { ["from": .string($0), "to": .string($0)] }),
            ],
        ]
        return try JSONBytes.decode(
            SecretsDistribution.self, from: manifest.merging(["spec": amendment]).encoded())
    }
}

extension Bench {
    /// A bench that serves cluster distributions.
    static func ofCluster(
        on store: FakeStore = FakeStore(), _ configure: (inout ReconcilerSettings) -> Void = { _ in }
    ) -> Bench {
        Bench(on: store) { settings in
            settings.scopes = [.all, .cluster]
            settings.clusterStatusPause = .milliseconds(1)
            configure(&settings)
        }
    }

    /// A `ClusterSecretsDistribution` of the namespaces `team-*`.
    func clusterDistribution(
        _ name: String = "c", target: String = "t", to namespaces: String = "team-*", policy: DeletionPolicy = .retain,
        createdAt: String = "1", generation: Int = 1, from file: String = "a"
    ) throws -> SecretsDistribution {
        let manifest: JSONValue = [
            "metadata": [
                "name": .string(name), "uid": .string(name), "generation": .int(generation),
                "creationTimestamp": .string(createdAt),
            ],
            "spec": [
                "namespaces": [.string(namespaces)],
                "template": [
                    "name": .string(target), "deletionPolicy": .string(policy.rawValue),
                    "secrets": [["from": .string(file), "to": .string(file)]],
                ],
            ],
        ]
        return try SecretsDistribution(reading: try JSONNode(json: manifest.encoded()[...]), isCluster: true)
    }

    /// The stored status of a cluster distribution.
    func clusterStatus(_ name: String = "c") async -> StoredStatus? {
        await store.distributions[ObjectKey(namespace: "", name: name)]?.status
    }

    /// `2/3`: in sync, of all.
    func clusterCounts(_ name: String = "c") async -> String {
        await clusterStatus(name)?.targets.map { "\($0.inSync)/\($0.all)" } ?? "none"
    }
}

/// Controller events with names for what they report.
extension Controller {
    func mount(_ reading: MountReading) { handle(.mount(reading)) }
    func policy(_ reading: PolicyReading) { handle(.policy(reading)) }
    func distributions(_ scope: Scope, _ event: ListWatchEvent<SecretsDistribution>) {
        handle(.distributions(scope, event))
    }
    func targets(_ scope: Scope, _ event: ListWatchEvent<ObservedTarget>) { handle(.targets(scope, event)) }
    func distributionsFailed(_ scope: Scope, _ error: StoreError) { handle(.distributionsWatch(scope, .failed(error))) }
    func targetsFailed(_ scope: Scope, _ error: StoreError) { handle(.targetsWatch(scope, .failed(error))) }
    func targetsRecovered(_ scope: Scope) { handle(.targetsWatch(scope, .recovered)) }
    func targets(_ scope: Scope, inParts parts: [String: [ObservedTarget]], because error: StoreError) {
        handle(.targetsInParts(scope, parts, because: error))
    }
    func resync(_ scope: Scope) { handle(.distributionsWatch(scope, .relisting)) }
    var outcomes: [ObjectKey: DistributionStatus] { statuses.outcomes }
}
