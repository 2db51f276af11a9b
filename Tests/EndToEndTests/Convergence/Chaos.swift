import FoundationEssentials
import Glibc
import JSON
import Kube
import TestSupport

/// Performs random actions of users, vaults, networks and machines.
final class Chaos {
    typealias Healing = (due: Int, heal: () async throws -> Void)

    let world: World
    let namespaces: [String]
    let hostile: HostileTenant
    let bystander: Bystander
    let oracle: Oracle
    let watchman: SecretObserver
    let replicas: [Replica]
    let policy: AtomicVolume
    let writing: Replica.Writing
    var random: SeededGenerator
    var activeFaults: [Healing] = []
    var step = 0
    /// The server does not respond: users wait.
    var isServerSilent = false
    var isServerFaulty = false
    /// The distributions in the backup of etcd; nil: there is no backup.
    var backup: [ExpectedDistribution]?
    /// Replicas without a mount.
    var dismounted: Set<Int> = []
    /// Secrets whose distribution was deleted without its dependents: they must stay.
    var retained: Set<String> = []
    var violations: [String] = []
    /// The actions so far, for the report of a failure.
    var trace: [String] = []
    var counts: [String: Int] = [:]

    init(
        _ world: World, _ namespaces: [String], _ hostile: HostileTenant, _ bystander: Bystander, _ oracle: Oracle,
        _ watchman: SecretObserver, _ replicas: [Replica], _ policy: AtomicVolume, _ writing: Replica.Writing,
        _ random: SeededGenerator
    ) {
        self.world = world
        self.namespaces = namespaces
        self.hostile = hostile
        self.bystander = bystander
        self.oracle = oracle
        self.watchman = watchman
        self.replicas = replicas
        self.policy = policy
        self.writing = writing
        self.random = random
    }

    // MARK: Steps

    private typealias Action = (name: String, weight: Int, run: () async throws -> Void)

    private lazy var actions: [Action] = [
        ("rotate files", 16, { [self] in try await rotate() }),
        ("rotate a pair", 6, { [self] in try rotatePair() }),
        ("rotate a nested volume", 5, { [self] in try rotateNested() }),
        ("empty a nested volume", 3, { [self] in emptyNested() }),
        ("lose a file", 3, { [self] in try change { $0.remove($1) } }),
        ("empty a file", 2, { [self] in try change { $0.empty($1) } }),
        ("update all mounts", 6, { [self] in try showAll() }),
        ("write a distribution", 12, { [self] in await writeDistribution() }),
        ("delete a distribution", 4, { [self] in await deleteDistribution() }),
        ("write a cluster distribution", 5, { [self] in await writeClusterDistribution() }),
        ("delete a cluster distribution", 2, { [self] in await deleteClusterDistribution() }),
        ("label a namespace", 4, { [self] in await labelNamespace() }),
        ("edit a Secret", 6, { [self] in await editSecret() }),
        ("delete a Secret", 3, { [self] in await deleteSecret() }),
        ("label a Secret repeatedly", 2, { [self] in await labelSecret() }),
        ("change the policy", 3, { [self] in try changePolicy() }),
        ("break the policy", 1, { [self] in try policy.write(["policy.yaml": "kind: [SecretsAccessPolicy"]) }),
        ("stop the API server", 1, { [self] in await stopServer() }),
        ("freeze the API server", 1, { [self] in freezeServer() }),
        ("freeze etcd", 1, { [self] in freezeEtcd() }),
        ("stop etcd", 1, { [self] in await stopEtcd() }),
        ("back up etcd", 2, { [self] in try await backUpEtcd() }),
        ("restore etcd", 2, { [self] in try await restoreEtcd() }),
        ("compact etcd", 1, { [self] in if !isServerFaulty { try? await world.server.compact() } }),
        ("cut connections", 3, { [self] in cut() }),
        ("cut a connection after some bytes", 3, { [self] in cutWithin() }),
        ("refuse connections", 2, { [self] in refuse() }),
        ("drop packets silently", 1, { [self] in silence() }),
        ("kill an agent", 3, { [self] in try await some().restart(by: SIGKILL) }),
        ("restart an agent", 2, { [self] in try await some().restart(by: SIGTERM) }),
        ("hand over to an older mount", 2, { [self] in try await handOver() }),
        ("freeze an agent", 2, { [self] in freezeAgent() }),
        ("take an agent's descriptors", 1, { [self] in try await takeDescriptors() }),
        ("unmount a mount", 1, { [self] in tearDown() }),
        ("mount a volume again", 4, { [self] in try remount() }),
        ("revert a Secret's corrections", 2, { [self] in await fight() }),
        ("orphan a Secret", 3, { [self] in await orphan() }),
        ("act as a hostile tenant", 6, { [self] in await actAsHostileTenant() }),
    ]

    /// Performs one action, and ends faults whose time is over.
    func next() async throws {
        step += 1
        try await heal { $0.due <= self.step }
        var lot = Int.random(in: 0..<actions.reduce(0) { $0 + $1.weight }, using: &random)
        for action in actions {
            lot -= action.weight
            guard lot < 0 else { continue }
            trace.append(action.name)
            counts[action.name, default: 0] += 1
            try await action.run()
            break
        }
        // Simultaneous changes cause other races than successive ones.
        if Bool.random(using: &random) {
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...120, using: &random)))
        }
    }

    /// Ends all faults, and updates all mounts from the vault.
    func healAll() async throws {
        try await heal { _ in true }
        try await collectGarbage()
        try changePolicy()
        try showAll()
        trace.append("all faults ended")
    }

    /// The effect of the hostile tenant on the bystander, when all faults have ended: the worst rotation beside that
    /// tenant, as a multiple of the worst rotation without it plus a write to the same server beside it.
    func harm() async throws -> Double {
        let reference = try await bystander.latency(rotateBystander)
        let (hostile, acting) = (hostile, Switch(true))
        async let acts: Void = Self.act(hostile, while: acting)
        let latency = try await bystander.latency(rotateBystander)
        acting.isOn = false
        await acts
        return latency.rotation / (reference.rotation + latency.write)
    }

    private func actAsHostileTenant() async {
        if !isServerSilent { await hostile.act() }
    }

    private static func act(_ hostile: HostileTenant, while acting: Switch) async {
        while acting.isOn { await hostile.act() }
    }

    private func rotateBystander() throws -> String {
        oracle.rotate { $0.rotate([Vault.bystander]) }
        try showAll()
        return oracle.vault.state[Vault.bystander] ?? ""
    }

    func heal(_ isDue: (Healing) -> Bool) async throws {
        let due = activeFaults.filter(isDue)
        activeFaults.removeAll(where: isDue)
        for healing in due { try await healing.heal() }
    }

    func later(_ steps: ClosedRange<Int>, _ heal: @escaping () async throws -> Void) {
        activeFaults.append((step + Int.random(in: steps, using: &random), heal))
    }

    func some() -> Replica { replicas[Int.random(in: replicas.indices, using: &random)] }
    func someFiles(_ most: Int) -> [String] {
        Array(Vault.plain.shuffled(using: &random).prefix(Int.random(in: 1...most, using: &random)))
    }
}
