import JSON
import KubeRuntime
import Observability
import TestSupport
import Testing

@Suite("A server that rejects most requests")
struct OverloadedServerTests {
    /// The server processes one request at a time of users who are not administrators, and answers others with 429.
    @Test("with 429 gets no more requests than it asks for, and all Secrets are in sync in the end")
    func tooManyRequests() async throws {
        var options = APIServer.Options()
        options.serverFlags = ["--max-mutating-requests-inflight=1", "--max-requests-inflight=1"]
        try await withServer(options) { world in
            let names = (0..<8).map { "storm-\($0)" }
            let volume = try AtomicVolume(world.mount)
            try volume.write(["a": "1"])
            for name in names { try await world.create(world.distribution(name, [("a", "a")])) }
            try await world.server.allow("alice", ["*"], .secrets, in: world.namespace)
            try await world.server.allow("alice", ["*"], .secretsDistributions, in: world.namespace)
            // Apart from the agent's namespace, so that its requests are not searched for among thousands.
            let crowded = try await world.server.namespace()
            try await world.server.allow("bob", ["*"], .secrets, in: crowded)
            try await world.withAgent(as: .named("alice")) {
                for name in names { try await world.expect(name, ["a": "1"]) }
                try await flooded(crowded, of: world) {
                    try volume.write(["a": "2"])
                    #expect(try await eventually { try refusals(of: names, in: world) >= names.count })
                }
                for name in names { try await world.expect(name, ["a": "2"]) }
                for name in names { try await world.expect(name, .synced) }
                // The agent waits one second after each rejection, as the server requests. Other failures, which a busy
                // machine causes, it repeats sooner.
                let waits = try waits(of: names, after: { $0 == 429 }, in: world)
                #expect(!waits.isEmpty && waits.allSatisfy { $0.seconds >= 0.9 }, "\(waits)")
            }
        }
    }

    @Test("with 5xx, because etcd is silent or gone, gets a bounded number of requests; a rotation meanwhile succeeds")
    func serverErrors() async throws {
        var options = APIServer.Options()
        options.serverFlags = ["--request-timeout=3s"]
        try await withServer(options) { world in
            let volume = try AtomicVolume(world.mount)
            try volume.write(["a": "1"])
            try await world.create(world.distribution("storm", [("a", "a")]))
            try await world.withAgent {
                try await world.expect("storm", .synced)
                world.server.pauseEtcd()
                try volume.write(["a": "2"])
                // More failures than one pass of the agent causes.
                #expect(try await eventually { try failures(in: world) >= 5 })
                world.server.resumeEtcd()
                try await world.expect("storm", ["a": "2"])
                try await world.expect("storm", .synced)

                await world.server.stopEtcd()
                let before = try failures(in: world)
                try volume.write(["a": "3"])
                #expect(try await eventually { try failures(in: world) >= before + 2 })
                try await world.server.restartEtcd()
                try await world.expect("storm", ["a": "3"])
                try await world.expect("storm", .synced)
                // Each retry follows after a delay that doubles, starting at 0.1 s.
                let waits = try waits(of: ["storm"], after: { $0 >= 500 }, in: world)
                #expect(!waits.isEmpty && waits.allSatisfy { $0.seconds >= 0.1 }, "\(waits)")
            }
        }
    }

    private func writes(of name: String, in world: World) throws -> [APIServer.Served] {
        try world.server.served(in: world.namespace).filter {
            $0.verb == "update" && $0.objectRef?.resource == "secrets" && $0.objectRef?.name == name
        }
    }

    /// A write with an unknown outcome is looked up before the next write.
    private func tries(of name: String, in world: World) throws -> [APIServer.Served] {
        try world.server.served(in: world.namespace).filter {
            ["get", "update"].contains($0.verb) && $0.objectRef?.resource == "secrets" && $0.objectRef?.name == name
        }
    }

    private func refusals(of names: [String], in world: World) throws -> Int {
        try names.reduce(0) { $0 + (try writes(of: $1, in: world).count { $0.code == 429 }) }
    }

    private func failures(in world: World) throws -> Int {
        try tries(of: "storm", in: world).count { $0.code >= 500 }
    }

    /// The time between each failed write and the next one of the same Secret, in seconds, with both codes.
    private func waits(
        of names: [String], after isFailure: (_ code: Int) -> Bool, in world: World
    ) throws -> [(codes: [Int], seconds: Double)] {
        try names.flatMap { name in
            let writes = try writes(of: name, in: world)
            return zip(writes, writes.dropFirst()).filter { isFailure($0.0.code) }.map { failed, next in
                ([failed.code, next.code], (next.time?.inSeconds ?? 0) - (failed.time?.inSeconds ?? 0))
            }
        }
    }

    /// Runs `body` while another client keeps the server busy.
    private func flooded(_ namespace: String, of world: World, _ body: () async throws -> Void) async throws {
        let flood = try KubeClient(configuration: world.server.configuration(.named("bob")), logger: .none, attempts: 1)
        defer { flood.shutdown() }
        try await withThrowingTaskGroup { group in
            for writer in 0..<6 {
                group.addTask {
                    while !Task.isCancelled {
                        let name = "flood-\(writer)"
                        let secret: JSONValue = [
                            "apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name)],
                        ]
                        _ = try? await flood.create(.secrets, namespace: namespace, secret)
                        try? await flood.delete(.secrets, namespace: namespace, name: name, uid: nil)
                    }
                }
            }
            try await body()
            group.cancelAll()
        }
    }
}

extension Timestamp {
    fileprivate var inSeconds: Double { Double(seconds) + Double(nanoseconds) / 1e9 }
}
