import TestSupport

/// A namespace that works normally: the duration of its rotations shows how a hostile tenant affects others.
final class Bystander {
    private let world: World
    let namespace: String

    init(_ world: World) async throws {
        self.world = world
        namespace = try await world.server.namespace()
        try await world.client.create(
            .secrets, namespace: namespace,
            ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(Oracle.foreign)]])
        try await world.client.create(
            .secretsDistributions, namespace: namespace,
            [
                "apiVersion": "xlscsde.nhs.uk/v1", "kind": "SecretsDistribution",
                "metadata": ["name": "bystander", "namespace": .string(namespace)],
                "spec": ["name": "bystander", "secrets": [["from": .string(Vault.bystander), "to": "a"]]],
            ])
    }

    /// The worst of a few measurements.
    struct Latency {
        /// The time from a rotation of its file to its Secret.
        var rotation = Duration.zero
        /// The time of a write of a Secret that does not concern the agent.
        var write = Duration.zero
    }

    /// - Parameter rotate: changes the file and returns its new content.
    func latency(_ rotate: () throws -> String) async throws -> Latency {
        var worst = Latency()
        for _ in 0..<5 {
            let begin = ContinuousClock.now
            _ = try? await world.client.patch(
                .secrets, namespace: namespace, name: Oracle.foreign, ["stringData": ["a": .string("\(begin)")]])
            let start = ContinuousClock.now
            worst.write = max(worst.write, begin.duration(to: start))
            let content = try rotate()
            _ = await eventually {
                let secret = try? await world.client.get(
                    LiveSecret.self, .secrets, namespace: namespace, name: "bystander")
                return secret?.texts["a"] == content
            }
            worst.rotation = max(worst.rotation, start.duration(to: .now))
        }
        return worst
    }
}
