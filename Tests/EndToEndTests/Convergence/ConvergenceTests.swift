import FoundationEssentials
import Glibc
import JSON
import TestSupport
import Testing

private let convergenceSeconds = given("CONVERGENCE_SECONDS").flatMap { Int($0) }

private func given(_ variable: String) -> String? { ProcessInfo.processInfo.environment[variable] }

/// Random sequences of everything that can happen, checked against an oracle. After each round all faults end, and then
/// every Secret must hold the expected content. No version of any Secret may ever have held content that is not
/// allowed.
///
/// `CONVERGENCE_SECONDS` sets how long each test runs; without it the tests are disabled. `CONVERGENCE_SEED` repeats
/// the same actions; the races between them depend on the machine.
@Suite(
    "Whatever happens, every Secret converges", .serialized,
    .enabled(if: convergenceSeconds != nil, "CONVERGENCE_SECONDS is not set"))
struct ConvergenceTests {
    struct Setting: CustomTestStringConvertible {
        let writing: Replica.Writing
        let replicas: Int

        var testDescription: String { "\(replicas) with \(writing) mounts" }
    }

    @Test(arguments: [
        Setting(writing: .atomic, replicas: 1), Setting(writing: .plain, replicas: 1),
        Setting(writing: .atomic, replicas: 2),
    ])
    func converges(_ setting: Setting) async throws {
        let seed = given("CONVERGENCE_SEED").flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
        let seconds = try #require(convergenceSeconds)
        print("convergence of \(setting.testDescription): CONVERGENCE_SEED=\(seed) CONVERGENCE_SECONDS=\(seconds)")
        let server = try await APIServer.start()
        do {
            for file in ["crd", "cluster-crd"] {
                try await server.install(definition: try World.manifest("sidecar-example/\(file).yaml"))
            }
            try await run(setting, on: server, seed, .seconds(seconds))
        } catch {
            await server.end()
            throw error
        }
        await server.end()
    }

    private func run(
        _ setting: Setting, on server: APIServer, _ seed: UInt64, _ duration: Duration
    ) async throws {
        let world = try await World(on: server)
        let namespaces = [world.namespace, try await server.namespace()]
        let (hostile, bystander) = (
            try await HostileTenant(world, SeededGenerator(seed: seed + 1)), try await Bystander(world)
        )
        let oracle = Oracle(try Vault(), managedBy: world.namespace)
        let policy = try AtomicVolume(world.directory("policy"))
        var environment = [
            "MANAGED_BY": world.namespace, "DEBOUNCE_QUIET": "10ms", "DEBOUNCE_MAX": "50ms", "POLL_INTERVAL": "1s",
            "POLICY_PATH": policy.path + "/policy.yaml",
        ]
        if setting.replicas > 1 {
            environment.merge([
                "LEADER_ELECTION": "true", "LEASE_NAMESPACE": world.namespace, "LEASE_DURATION": "3s",
                "LEASE_RENEW_DEADLINE": "2s", "LEASE_RETRY_PERIOD": "300ms",
            ]) { $1 }
        }
        var replicas: [Replica] = []
        for number in 0..<setting.replicas {
            replicas.append(try await Replica(world, "agent-\(number)", setting.writing, environment))
        }
        let foreign = try await foreignSecrets(world, namespaces)
        let watchman = SecretObserver(oracle, foreign: foreign)
        let chaos = Chaos(
            world, namespaces, hostile, bystander, oracle, watchman, replicas, policy, setting.writing,
            SeededGenerator(seed: seed))
        var harm = 0.0
        var rounds = 0
        var complaints: [String] = []
        let end = ContinuousClock.now + duration
        try await server.watchingSecrets(of: namespaces, watchman.see) {
            repeat {
                for _ in 0..<40 { try await chaos.next() }
                try await chaos.healAll()
                rounds += 1
                complaints = try await self.complaints(world, namespaces, oracle, replicas)
                if !complaints.isEmpty || !watchman.violations.isEmpty { break }
                harm = max(harm, try await chaos.harm())
                oracle.settle(
                    try await self.distributions(world, namespaces).compactMap { ExpectedDistribution($0) }
                        + world.clusterDistributions().flatMap { object in
                            namespaces.compactMap { ExpectedDistribution(object, in: $0) }
                        })
                // A round may leave no Secret to check.
            } while ContinuousClock.now < end || (watchman.seen == 0 && rounds < 20)
        }
        let ineffective = complaints.isEmpty ? await hostile.ineffective() : []
        var logs = ""
        for replica in replicas { logs += await replica.end().suffix(6000) }
        #expect(complaints.isEmpty, "seed \(seed)\n\(chaos.trace.suffix(60))\n\(logs)")
        #expect(watchman.violations.isEmpty, "seed \(seed)\n\(chaos.trace.suffix(60))\n\(logs)")
        let crashes = replicas.flatMap(\.crashes)
        #expect(crashes.isEmpty, "seed \(seed)\n\(logs)")
        #expect(chaos.violations.isEmpty, "seed \(seed)\n\(chaos.trace.suffix(60))\n\(logs)")
        #expect(ineffective.isEmpty, "seed \(seed)\n\(logs)")
        #expect(watchman.seen > 0)
        // The limit leaves out the time of the machine and the server; the agent may add about the time of a rotation.
        #expect(harm < 8, "seed \(seed)\n\(logs)")
        print(
            "\(rounds) rounds, rotations \(harm) times as slow with a hostile tenant, \(watchman.seen) contents checked, \(chaos.counts.sorted { $0.key < $1.key })"
        )
    }

    /// Waits until nothing is wrong; at the time limit, returns what is wrong.
    private func complaints(
        _ world: World, _ namespaces: [String], _ oracle: Oracle, _ replicas: [Replica]
    ) async throws -> [String] {
        let look = {
            for replica in replicas { try await replica.restartIfTrapped() }
            let distributions = try await distributions(world, namespaces)
            return oracle.complaints(
                distributions, try await world.clusterDistributions(), try await world.tiers(of: namespaces),
                try await secrets(world, namespaces))
        }
        if try await eventually({ try await look().isEmpty }) { return [] }
        return try await look()
    }

    private func distributions(_ world: World, _ namespaces: [String]) async throws -> [JSONValue] {
        var all: [JSONValue] = []
        for namespace in namespaces {
            let answer = try await world.client.send(
                .list(.secretsDistributions, namespace: namespace), decoding: JSONValue.self)
            all += answer["items"]?.array ?? []
        }
        return all
    }

    private func secrets(_ world: World, _ namespaces: [String]) async throws -> [LiveSecret] {
        var all: [LiveSecret] = []
        for namespace in namespaces {
            all += try await world.client.list(LiveSecret.self, .secrets, namespace: namespace).items
        }
        return all
    }

    /// - Returns: the resource versions of these Secrets.
    private func foreignSecrets(_ world: World, _ namespaces: [String]) async throws -> [String: String] {
        var versions: [String: String] = [:]
        for namespace in namespaces {
            let made = try await world.client.create(
                .secrets, namespace: namespace,
                [
                    "apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(Oracle.foreign)],
                    "stringData": ["theirs": "theirs"],
                ])
            versions["\(namespace)/\(Oracle.foreign)"] = made.resourceVersion
        }
        return versions
    }
}

extension World {
    func clusterDistributions() async throws -> [JSONValue] {
        let answer = try await client.send(.list(.clusterSecretsDistributions), decoding: JSONValue.self)
        return answer["items"]?.array ?? []
    }

    /// By namespace: its label `tier`, or an empty text.
    func tiers(of namespaces: [String]) async throws -> [String: String] {
        var tiers: [String: String] = [:]
        for namespace in namespaces {
            let object = try await client.get(JSONValue.self, .namespaces, name: namespace)
            tiers[namespace] = object["metadata"]?["labels"]?["tier"]?.string ?? ""
        }
        return tiers
    }
}
