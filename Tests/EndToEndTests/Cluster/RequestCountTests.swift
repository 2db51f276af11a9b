import Kube
import TestSupport
import Testing

/// What a rotation asks of the server, as its audit log has it: the numbers are the baseline.
@Suite("What a rotation asks of the server")
struct RequestCountTests {
    @Test("one Secret, one status and one Event for each of the 10 distributions of 20 that the file feeds, no more")
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

            // What the first one asks too late, or too much, would be seen with the second one.
            for rotation in 1...2 {
                // Every file is written anew, as the kubelet does; one has other bytes.
                let generation = try volume.write(["rotated": "\(rotation)", "kept": "0"])
                for number in 0..<10 {
                    try await world.expect("secret-\(number)", ["value": "\(rotation)"])
                    #expect(
                        try await eventually {
                            try await world.distribution("secret-\(number)").status.mountGeneration == generation
                        })
                }
                #expect(try await eventually { try await writtenEvents(in: world) == 20 + rotation * 10 })
            }
            let asked = try requests(in: world).merging(before) { $0 - $1 }.filter { $0.value != 0 }
            #expect(asked == ["patch secrets": 20, "patch secretsdistributions/status": 20])
            // No watch ended by a fault.
            #expect(world.logs.count("watch failed") == 0)
        }
    }

    /// Each write of an Event counts it once more.
    private func writtenEvents(in world: World) async throws -> Int {
        try await world.events().reduce(0) { $0 + $1.count }
    }

    /// The agent's, by verb and resource. A watch is there once it has ended, which is the clock's matter.
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
