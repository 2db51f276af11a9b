import JSON
import Kube
import TestSupport
import Testing

@Suite("An etcd without free space")
struct EtcdOutOfSpaceTests {
    @Test("rejects writes, which the log reports; the rotation reaches its Secret when there is space again")
    func outOfSpace() async throws {
        var options = APIServer.Options()
        options.etcdFlags = ["--quota-backend-bytes=\(24 << 20)"]
        try await withServer(options) { world in
            let volume = try AtomicVolume(world.mount)
            try volume.write(["a": "1"])
            try await world.create(world.distribution("space", [("a", "a")]))
            try await world.withAgent {
                try await world.expect("space", .synced)
                let error = await fill(world)
                #expect(error?.description.contains("database space exceeded") == true)
                try volume.write(["a": "2"])
                #expect(await eventually { world.logs.count("distribution held back") > 0 })
                #expect(world.logs.count("database space exceeded") > 0)
                try await world.expect("space", ["a": "1"])

                try await world.server.makeSpace()
                try await world.expect("space", ["a": "2"])
                try await world.expect("space", .synced)
            }
        }
    }

    /// - Returns: the server's error when etcd is full.
    private func fill(_ world: World) async -> KubeError? {
        let ballast = JSONValue.string(String(repeating: "A", count: 1_000_000))
        do throws(KubeError) {
            try await world.client.create(
                .secrets, namespace: world.namespace,
                ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "ballast"]])
            for round in 0..<100 {
                try await world.client.patch(
                    .secrets, namespace: world.namespace, name: "ballast",
                    ["metadata": ["labels": ["round": .string("\(round)")]], "data": ["ballast": ballast]])
            }
            return nil
        } catch {
            return error
        }
    }
}
