import Kube
import TestSupport

/// A namespace in which all is well: how long its rotations take tells what a hostile tenant does to others.
final class Bystander {
    private let world: World
    let namespace: String

    init(_ world: World) async throws {
        self.world = world
        namespace = try await world.server.namespace()
        try await world.client.create(
            .secretsDistributions, namespace: namespace,
            [
                "apiVersion": "xlscsde.nhs.uk/v1", "kind": "SecretsDistribution",
                "metadata": ["name": "bystander", "namespace": .string(namespace)],
                "spec": ["name": "bystander", "secrets": [["from": .string(Vault.bystander), "to": "a"]]],
            ])
    }

    /// From a rotation of its file to its Secret, the middle one of a few.
    ///
    /// - Parameter rotate: returns what the file holds now.
    func latency(_ rotate: () throws -> String) async throws -> Duration {
        var times: [Duration] = []
        for _ in 0..<5 {
            let start = ContinuousClock.now
            let content = try rotate()
            _ = await eventually(within: .seconds(180)) {
                let secret = try? await world.client.get(
                    LiveSecret.self, .secrets, namespace: namespace, name: "bystander")
                return secret?.texts["a"] == content
            }
            times.append(start.duration(to: .now))
        }
        return times.sorted()[2]
    }
}
