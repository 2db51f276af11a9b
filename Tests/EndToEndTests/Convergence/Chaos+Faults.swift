import FoundationEssentials
import Glibc
import JSON
import Kube
import TestSupport

/// Faults of the API server, etcd, the network and the agents.
extension Chaos {
    func stopServer() async {
        guard !isServerFaulty else { return }
        (isServerFaulty, isServerSilent) = (true, true)
        await world.server.stop()
        later(1...6) { [self] in
            try await world.server.restart()
            (isServerFaulty, isServerSilent) = (false, false)
        }
    }

    func freezeServer() {
        guard !isServerFaulty else { return }
        (isServerFaulty, isServerSilent) = (true, true)
        world.server.pause()
        later(2...12) { [self] in
            world.server.resume()
            (isServerFaulty, isServerSilent) = (false, false)
        }
    }

    /// After a while the server responds with 5xx.
    func freezeEtcd() {
        guard !isServerFaulty else { return }
        (isServerFaulty, isServerSilent) = (true, true)
        world.server.pauseEtcd()
        later(2...12) { [self] in
            world.server.resumeEtcd()
            (isServerFaulty, isServerSilent) = (false, false)
        }
    }

    func stopEtcd() async {
        guard !isServerFaulty else { return }
        (isServerFaulty, isServerSilent) = (true, true)
        await world.server.stopEtcd()
        later(1...6) { [self] in
            try await world.server.restartEtcd()
            (isServerFaulty, isServerSilent) = (false, false)
        }
    }

    func backUpEtcd() async throws {
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
    func restoreEtcd() async throws {
        guard !isServerFaulty, let backup else { return }
        for expected in backup { oracle.expect(expected) }
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

    func cut() { some().proxy.cut() }

    func cutWithin() {
        let direction: FaultyProxy.Direction = Bool.random(using: &random) ? .toServer : .toClient
        some().proxy.set(direction, .cut(after: Int.random(in: 1...4000, using: &random)))
    }

    func refuse() {
        let proxy = some().proxy
        proxy.isRefusing = true
        proxy.cut()
        later(1...6) { proxy.isRefusing = false }
    }

    /// Everything is acknowledged, but nothing is delivered.
    func silence() {
        let proxy = some().proxy
        proxy.freeze()
        later(2...12) { proxy.cut() }
    }

    func takeDescriptors() async throws {
        let replica = some()
        try await replica.takeDescriptors()
        later(1...8) { try await replica.giveDescriptors() }
    }

    /// The leader writes what only its mount has, and ends; the other agent becomes leader with its older mount.
    func handOver() async throws {
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

    func freezeAgent() {
        let replica = some()
        replica.signal(SIGSTOP)
        later(1...15) { replica.signal(SIGCONT) }
    }
}
