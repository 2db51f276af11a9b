import Agent
import Distribution
import JSON
import KubeRuntime
import Observability
import Planning
import Reconciler
import Snapshots
import Stores
import TestSupport
import Testing

/// A controller on a fake store, instance `me`, and what its tests say to it. All is in namespace `web`.
struct Bench: Sendable {
    /// What has to be known before anything is done.
    enum Part: CaseIterable {
        case mount, distributions, targets
    }

    let store: FakeStore
    let controller: Controller

    /// - Parameters:
    ///   - store: one that a former controller wrote to, after a restart.
    ///   - rehearsal: a dry run on `store`.
    init(
        on store: FakeStore = FakeStore(), rehearsing rehearsal: (DryRunSecretStore, ChangeRecorder)? = nil,
        maxInFlight: Int = 32, triesAtMost: Int? = nil,
        leadership: Leadership? = nil, patience: Duration = .seconds(300), longestTurn: Duration = .seconds(900),
        lastWords: Duration = .seconds(900), staleAfter: Duration = .seconds(900), logger: Logger = .none,
        _ configure: (inout ReconcilerSettings) -> Void = { _ in },
        lookAtMount: @escaping @Sendable () -> Void = {}
    ) {
        self.store = store
        var settings = ReconcilerSettings(managedBy: "me")
        settings.maxInFlight = maxInFlight
        settings.dryRun = rehearsal != nil
        configure(&settings)
        controller = Controller(
            settings: settings, secrets: rehearsal?.0 ?? store, distributions: store, logger: logger,
            leadership: leadership, rehearsal: rehearsal?.1, triesAtMost: triesAtMost, patience: patience,
            longestTurn: longestTurn, lastWords: lastWords, staleAfter: staleAfter,
            judge: !settings.hasPolicy ? nil : try? PolicyJudge(), lookAtMount: lookAtMount)
    }

    /// Runs `body` beside the controller's work, then ends that.
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
            await controller.stop()
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

    /// What the store holds, or a first generation of the mount.
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

    // MARK: Conditions

    /// Nothing is left to do, and no retry waits.
    func settle() async throws {
        try #require(await eventually { await controller.isIdle })
    }

    /// Brings Secret `t` in line, then has its distribution name `u`, whose source is missing: `t` waits for that.
    ///
    /// - Returns: the distribution that names `u`.
    func awaitSuccessor() async throws -> SecretsDistribution {
        try await tellAll()
        try await settle()
        let renamed = await store.put(
            try distribution(target: "u", policy: .delete, generation: 2, from: ["missing"]))
        await controller.distributions(.all, .upsert(renamed))
        try await settle()
        return renamed
    }

    /// Nothing is due or under way any more; retries and second looks may wait.
    func rest() async throws {
        try #require(await eventually { await rests })
    }

    /// Nothing is due or under way; retries may wait.
    var rests: Bool { get async { await isBusy(with: 0) } }

    /// Nothing is due, and so many keys are worked on; both at the same moment.
    func isBusy(with count: Double) async -> Bool {
        let metrics = await controller.metrics()
        return Self.figure("queue_depth", in: metrics) == 0 && Self.figure("queue_in_flight", in: metrics) == count
    }

    /// How many keys wait for a retry or a second look.
    var waiting: Double? { get async { await figure("queue_waiting") } }

    func figure(_ name: String) async -> Double? { Self.figure(name, in: await controller.metrics()) }

    private static func figure(_ name: String, in metrics: [Metric]) -> Double? {
        let samples = metrics.first { $0.name == "secrets_distributor_\(name)" }?.samples
        guard case .number(let number)? = samples?.first?.value else { return nil }
        return number
    }

    func waitForWrites(_ count: Int) async throws {
        try #require(await eventually { await store.writesUnderWay == count })
    }

    /// The `Ready` condition of the last status, once it has `reason`.
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

extension ObservedTarget {
    /// An empty Secret of instance `me`.
    init(_ key: ObjectKey, of distribution: ObjectKey) {
        self.init(
            key: key, uid: "made-before", resourceVersion: "", type: "Opaque",
            labels: [WellKnownKeys.managedByLabel: "me"],
            annotations: [WellKnownKeys.managedBy: "me", WellKnownKeys.distribution: distribution.description])
    }
}
