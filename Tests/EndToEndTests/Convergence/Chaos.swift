import FoundationEssentials
import Glibc
import JSON
import Kube
import TestSupport

/// Performs random actions of users, vaults, networks and machines.
final class Chaos {
    private typealias Healing = (due: Int, heal: () async throws -> Void)

    private let world: World
    private let namespaces: [String]
    private let hostile: HostileTenant
    private let bystander: Bystander
    private let oracle: Oracle
    private let watchman: SecretObserver
    private let replicas: [Replica]
    private let policy: AtomicVolume
    private let writing: Replica.Writing
    private var random: SeededGenerator
    private var activeFaults: [Healing] = []
    private var step = 0
    /// The server does not respond: users wait.
    private var isServerSilent = false
    private var isServerFaulty = false
    /// The distributions in the backup of etcd; nil: there is no backup.
    private var backup: [ExpectedDistribution]?
    /// Replicas without a mount.
    private var dismounted: Set<Int> = []
    /// Secrets whose distribution was deleted without its dependents: they must stay.
    private var retained: Set<String> = []
    private(set) var violations: [String] = []
    /// The actions so far, for the report of a failure.
    private(set) var trace: [String] = []
    private(set) var counts: [String: Int] = [:]

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

    private func heal(_ isDue: (Healing) -> Bool) async throws {
        let due = activeFaults.filter(isDue)
        activeFaults.removeAll(where: isDue)
        for healing in due { try await healing.heal() }
    }

    private func later(_ steps: ClosedRange<Int>, _ heal: @escaping () async throws -> Void) {
        activeFaults.append((step + Int.random(in: steps, using: &random), heal))
    }

    private func some() -> Replica { replicas[Int.random(in: replicas.indices, using: &random)] }
    private func someFiles(_ most: Int) -> [String] {
        Array(Vault.plain.shuffled(using: &random).prefix(Int.random(in: 1...most, using: &random)))
    }

    // MARK: The vault and the mounts

    private func rotate() async throws {
        let files = someFiles(writing == .atomic ? 6 : 1)
        if writing == .plain, Bool.random(using: &random), !dismounted.contains(0) {
            oracle.rotate { $0.empty(files[0]) }
            try replicas[0].truncate(files[0])
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...40, using: &random)))
            oracle.rotate { $0.rotate(files) }
            try replicas[0].fill(files[0], oracle.vault.state[files[0]] ?? "")
            return
        }
        oracle.rotate { $0.rotate(files + (Int.random(in: 0..<4) == 0 ? [Vault.forbidden] : [])) }
        try showSome()
    }

    private func rotatePair() throws {
        let pair = Int.random(in: 0..<Vault.pairs, using: &random)
        let part = Int.random(in: 0..<(writing == .atomic ? 3 : 2), using: &random)
        try oracle.rotate { try $0.issue(pair, certificate: part != 0, key: part != 1) }
        try showSome()
    }

    /// The optional file is created and removed.
    private func rotateNested() throws {
        let isLess = Int.random(in: 0..<4, using: &random) == 0
        oracle.rotate { isLess ? $0.remove(Vault.nested[1]) : $0.rotate(Vault.nested) }
        try showSome()
    }

    private func emptyNested() {
        let index = Int.random(in: replicas.indices, using: &random)
        replicas[index].emptyNested()
        later(2...12) { [self] in
            replicas[index].bringNested()
            try show(index)
        }
    }

    private func change(_ change: (inout Vault, String) -> Void) throws {
        let file = someFiles(1)[0]
        oracle.rotate { change(&$0, file) }
        try showSome()
    }

    /// Each driver polls the vault at its own time. With a plain folder there is only one replica.
    private func showSome() throws {
        for index in replicas.indices where replicas.count == 1 || Bool.random(using: &random) { try show(index) }
    }

    private func showAll() throws {
        for index in replicas.indices { try show(index) }
    }

    private func show(_ index: Int) throws {
        if !dismounted.contains(index) { try replicas[index].show(oracle.vault) }
    }

    private func tearDown() {
        let index = Int.random(in: replicas.indices, using: &random)
        guard dismounted.insert(index).inserted else { return }
        replicas[index].tearDown()
        later(2...8) { [self] in
            dismounted.remove(index)
            try show(index)
        }
    }

    /// A pod that is mounted later gets the same content under a newer generation name.
    private func remount() throws {
        let index = Int.random(in: replicas.indices, using: &random)
        if writing == .atomic, !dismounted.contains(index) { try replicas[index].remount(oracle.vault) }
    }

    // MARK: Users

    private func writeDistribution() async {
        guard !isServerSilent else { return }
        let namespace = namespaces[Int.random(in: namespaces.indices, using: &random)]
        let desiredHash = ExpectedDistribution(
            "app-\(Int.random(in: 0..<8, using: &random))", in: namespace, using: &random)
        oracle.expect(desiredHash)
        // The Secret has a distribution again, which may remove it.
        retained.remove(desiredHash.key)
        do {
            try await world.client.create(.secretsDistributions, namespace: namespace, desiredHash.manifest)
        } catch {
            guard case .alreadyExists = error.kind else { return }
            _ = try? await world.client.patch(
                .secretsDistributions, namespace: namespace, name: desiredHash.name, ["spec": desiredHash.spec])
        }
    }

    /// In all namespaces, or in those with a label.
    private func writeClusterDistribution() async {
        guard !isServerSilent else { return }
        let name = "wide-\(Int.random(in: 0..<3, using: &random))"
        let isForAll = Bool.random(using: &random)
        var desiredHash = ExpectedDistribution(name, in: namespaces[0], using: &random)
        desiredHash.isCluster = true
        for namespace in namespaces {
            desiredHash.namespace = namespace
            oracle.expect(desiredHash)
            retained.remove(desiredHash.key)
        }
        let manifest = desiredHash.clusterManifest(forAll: isForAll)
        do {
            try await world.client.create(.clusterSecretsDistributions, manifest)
        } catch {
            guard case .alreadyExists = error.kind else { return }
            let former: JSONValue = isForAll ? ["namespaceSelector": nil] : ["namespaces": nil]
            _ = try? await world.client.patch(
                .clusterSecretsDistributions, name: name,
                ["spec": former.merging(manifest["spec"] ?? .null)])
        }
    }

    private func deleteClusterDistribution() async {
        guard !isServerSilent else { return }
        try? await world.client.delete(
            .clusterSecretsDistributions, name: "wide-\(Int.random(in: 0..<3, using: &random))", uid: nil)
    }

    /// Cluster distributions may select the namespace then, or not any more.
    private func labelNamespace() async {
        guard !isServerSilent else { return }
        let namespace = namespaces[Int.random(in: namespaces.indices, using: &random)]
        retained = retained.filter { !$0.hasPrefix("\(namespace)/") }
        let tier: JSONValue = Bool.random(using: &random) ? "gold" : "tin"
        _ = try? await world.client.patch(.namespaces, name: namespace, ["metadata": ["labels": ["tier": tier]]])
    }

    private func deleteDistribution() async {
        guard !isServerSilent else { return }
        let namespace = namespaces[Int.random(in: namespaces.indices, using: &random)]
        try? await world.client.delete(
            .secretsDistributions, namespace: namespace, name: "app-\(Int.random(in: 0..<8, using: &random))", uid: nil)
    }

    /// A random target, which may or may not exist.
    private func target() -> (namespace: String, name: String) {
        let number = Int.random(in: 0..<10, using: &random)
        return (
            namespaces[Int.random(in: namespaces.indices, using: &random)],
            number < 8 ? "target-\(number)" : "tls-\(number - 8)"
        )
    }

    private func editSecret() async {
        guard !isServerSilent else { return }
        let (namespace, name) = target()
        let key = name.hasPrefix("tls") ? "tls.crt" : "key-\(Int.random(in: 0..<5, using: &random))"
        _ = try? await world.client.patch(
            .secrets, namespace: namespace, name: name, ["stringData": [key: .string(Oracle.byHand)]])
    }

    /// Another controller reverts each of our corrections, for a while.
    private func fight() async {
        let (namespace, name) = target()
        guard !isServerSilent, !name.hasPrefix("tls") else { return }
        for _ in 0..<40 {
            guard
                let secret = try? await world.client.get(LiveSecret.self, .secrets, namespace: namespace, name: name)
            else { return }
            if secret.texts["key-0"] == Oracle.byHand { continue }
            _ = try? await world.client.patch(
                .secrets, namespace: namespace, name: name, ["stringData": ["key-0": .string(Oracle.byHand)]])
        }
    }

    /// `kubectl delete --cascade=orphan`. There is no garbage collector: see `collectGarbage`.
    private func orphan() async {
        guard !isServerSilent else { return }
        let namespace = namespaces[Int.random(in: namespaces.indices, using: &random)]
        let name = "app-\(Int.random(in: 0..<8, using: &random))"
        guard
            let object = try? await world.client.get(
                JSONValue.self, .secretsDistributions, namespace: namespace, name: name),
            let desiredHash = ExpectedDistribution(object), let uid = object["metadata"]?["uid"]?.string
        else { return }
        var request = Request.delete(.secretsDistributions, namespace: namespace, name: name, uid: uid)
        let options: JSONValue = [
            "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Orphan",
            "preconditions": ["uid": .string(uid)],
        ]
        request.body = options.encoded()
        let secret = try? await world.client.get(
            LiveSecret.self, .secrets, namespace: namespace, name: desiredHash.target)
        guard (try? await world.client.send(request)) != nil else { return }
        if secret?.metadata.ownerReferences?.contains(where: { $0.uid == uid }) == true {
            retained.insert(desiredHash.key)
        }
    }

    /// Does what Kubernetes' garbage collector does with orphaned objects: removes the references, then the finalizer.
    private func collectGarbage() async throws {
        for namespace in namespaces {
            let all = try await world.client.list(MetadataOnly.self, .secretsDistributions, namespace: namespace).items
            for distribution in all.map(\.metadata) where distribution.deletionTimestamp != nil {
                for secret in try await world.client.list(LiveSecret.self, .secrets, namespace: namespace).items {
                    let owners = secret.metadata.ownerReferences ?? []
                    guard owners.contains(where: { $0.uid == distribution.uid }) else { continue }
                    try await world.client.patch(
                        .secrets, namespace: namespace, name: secret.metadata.name,
                        ["metadata": ["ownerReferences": nil]])
                }
                try await world.client.patch(
                    .secretsDistributions, namespace: namespace, name: distribution.name,
                    ["metadata": ["finalizers": nil]])
            }
        }
        for key in retained {
            let parts = key.split(separator: "/").map(String.init)
            let isThere = try? await world.client.get(
                MetadataOnly.self, .secrets, namespace: parts[0], name: parts[1])
            if isThere == nil { violations.append("\(key) was orphaned and then deleted") }
        }
        retained = []
    }

    private func deleteSecret() async {
        guard !isServerSilent else { return }
        let (namespace, name) = target()
        retained.remove("\(namespace)/\(name)")
        try? await world.client.delete(.secrets, namespace: namespace, name: name, uid: nil)
    }

    private func labelSecret() async {
        guard !isServerSilent else { return }
        let (namespace, name) = target()
        for number in 0..<20 {
            let patch: JSONValue = ["metadata": ["labels": ["theirs": .string("\(number)")]]]
            guard (try? await world.client.patch(.secrets, namespace: namespace, name: name, patch)) != nil else {
                return
            }
        }
    }

    /// These rules make the hostile tenant's long paths expensive, and match no file.
    private static let manyRules = (0..<400).map {
        "  - {namespaces: [team-\($0)], files: [\"**/team-\($0)/*-*.pem\"]}\n"
    }.joined()

    /// With default Allow, a file that a rule names is permitted in that rule's namespaces only.
    private func changePolicy() throws {
        var denied: [String: Set<String>] = [:]
        var rules = "  - {namespaces: [nobody], files: [\(Vault.forbidden)]}\n"
        for file in someFiles(2) where Bool.random(using: &random) {
            let index = Int.random(in: namespaces.indices, using: &random)
            rules += "  - {namespaces: [\(namespaces[1 - index])], files: [\(file)]}\n"
            denied[namespaces[index], default: []].insert(file)
        }
        rules += Self.manyRules
        oracle.deny(denied)
        try policy.write([
            "policy.yaml": "kind: SecretsAccessPolicy\nspec:\n  mode: Enforce\n  default: Allow\n  rules:\n\(rules)"
        ])
    }

    // MARK: The API server and the network

    private func stopServer() async {
        guard !isServerFaulty else { return }
        (isServerFaulty, isServerSilent) = (true, true)
        await world.server.stop()
        later(1...6) { [self] in
            try await world.server.restart()
            (isServerFaulty, isServerSilent) = (false, false)
        }
    }

    private func freezeServer() {
        guard !isServerFaulty else { return }
        (isServerFaulty, isServerSilent) = (true, true)
        world.server.pause()
        later(2...12) { [self] in
            world.server.resume()
            (isServerFaulty, isServerSilent) = (false, false)
        }
    }

    /// After a while the server responds with 5xx.
    private func freezeEtcd() {
        guard !isServerFaulty else { return }
        (isServerFaulty, isServerSilent) = (true, true)
        world.server.pauseEtcd()
        later(2...12) { [self] in
            world.server.resumeEtcd()
            (isServerFaulty, isServerSilent) = (false, false)
        }
    }

    private func stopEtcd() async {
        guard !isServerFaulty else { return }
        (isServerFaulty, isServerSilent) = (true, true)
        await world.server.stopEtcd()
        later(1...6) { [self] in
            try await world.server.restartEtcd()
            (isServerFaulty, isServerSilent) = (false, false)
        }
    }

    private func backUpEtcd() async throws {
        guard !isServerFaulty else { return }
        try await world.server.backUpEtcd()
        backup = []
        for namespace in namespaces {
            let answer = try await world.client.send(
                .list(.secretsDistributions, namespace: namespace), decoding: JSONValue.self)
            backup? += (answer["items"]?.array ?? []).compactMap { ExpectedDistribution($0) }
        }
        for object in try await world.clusterDistributions() {
            backup? += namespaces.compactMap { ExpectedDistribution(object, in: $0) }
        }
    }

    /// Distributions and Secrets go back to an earlier state, including their versions.
    private func restoreEtcd() async throws {
        guard !isServerFaulty, let backup else { return }
        for desiredHash in backup { oracle.expect(desiredHash) }
        retained = []
        watchman.willRestore()
        try await world.server.restoreEtcd()
        // When the watchman sees this marker, it has seen everything that was restored before.
        let marker = "marker-\(step)"
        for namespace in namespaces {
            try await world.client.create(.secrets, namespace: namespace, ["metadata": ["name": .string(marker)]])
        }
        guard await eventually({ namespaces.allSatisfy { watchman.hasSeen("\($0)/\(marker)") } }) else { return }
        watchman.restored()
    }

    private func cut() { some().proxy.cut() }

    private func cutWithin() {
        let direction: FaultyProxy.Direction = Bool.random(using: &random) ? .toServer : .toClient
        some().proxy.set(direction, .cut(after: Int.random(in: 1...4000, using: &random)))
    }

    private func refuse() {
        let proxy = some().proxy
        proxy.isRefusing = true
        proxy.cut()
        later(1...6) { proxy.isRefusing = false }
    }

    /// Everything is acknowledged, but nothing is delivered.
    private func silence() {
        let proxy = some().proxy
        proxy.freeze()
        later(2...12) { proxy.cut() }
    }

    private func takeDescriptors() async throws {
        let replica = some()
        try await replica.takeDescriptors()
        later(1...8) { try await replica.giveDescriptors() }
    }

    /// The leader writes what only its mount has, and ends; the other agent becomes leader with its older mount.
    private func handOver() async throws {
        guard replicas.count > 1, !isServerFaulty else { return }
        let index = Int.random(in: replicas.indices, using: &random)
        oracle.rotate { $0.rotate(Vault.plain) }
        try show(index)
        try await Task.sleep(for: .milliseconds(300))
        // Longer than a follower waits between two reads of the Lease: otherwise the same agent would be first to
        // request it.
        try await replicas[index].restart(by: SIGTERM, after: .milliseconds(900))
        try showAll()
    }

    private func freezeAgent() {
        let replica = some()
        replica.signal(SIGSTOP)
        later(1...15) { replica.signal(SIGCONT) }
    }
}
