import Kube
import TestSupport
import Testing

/// The requests of a rotation, from the server's audit log. The numbers are the baseline.
@Suite("The requests of a rotation")
struct RequestCountTests {
    @Test("are one Secret and one status for each of the 10 distributions of 20 that use the file")
    func requests() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["rotated": "0", "kept": "0"])
        for number in 0..<20 {
            let file = number < 10 ? "rotated" : "kept"
            try await world.create(world.distribution("secret-\(number)", [(file, "value")]))
        }
        for resource in [Resource.secrets, .secretsDistributions, .events] {
            try await world.server.allow("bob", ["*"], resource, in: world.namespace)
        }
        try await world.withAgent(as: .named("bob")) {
            for number in 0..<20 { try await world.expect("secret-\(number)", .synced) }
            #expect(try await eventually { try await writtenEvents(in: world) == 20 })
            let before = try requests(in: world)

            // Late or surplus requests of the first rotation would show up in the second.
            for rotation in 1...2 {
                // Every file is rewritten, as the kubelet does it; one has different bytes.
                let generation = try volume.write(["rotated": "\(rotation)", "kept": "0"])
                for number in 0..<10 {
                    try await world.expect("secret-\(number)", ["value": "\(rotation)"])
                    #expect(
                        try await eventually {
                            try await world.distribution("secret-\(number)").status.mountGeneration == generation
                        })
                }
            }
            let asked = try requests(in: world).merging(before) { $0 - $1 }.filter { $0.value != 0 }
            #expect(asked == ["update secrets": 20, "patch secretsdistributions/status": 20])
            // A rotation causes none; see `DistributionStatus.isNew`.
            #expect(try await writtenEvents(in: world) == 20)
            // No watch ended with an error.
            #expect(world.logs.count("watch failed") == 0)
        }
    }

    /// The number of Events written: each write of an Event increases its count.
    private func writtenEvents(in world: World) async throws -> Int {
        try await world.events().reduce(0) { $0 + $1.count }
    }

    /// The agent's requests, by verb and resource. Watches are not counted, because the log has them only when they
    /// end, which depends on time.
    private func requests(in world: World) throws -> [String: Int] {
        var requests: [String: Int] = [:]
        for served in try world.server.served(in: world.namespace)
        where served.user.username == "bob" && served.verb != "watch" {
            let parts = [served.objectRef?.resource, served.objectRef?.subresource].compactMap(\.self)
            requests["\(served.verb) \(parts.joined(separator: "/"))", default: 0] += 1
        }
        return requests
    }
}
