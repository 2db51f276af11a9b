import Distribution
import FoundationEssentials
import JSON
import TestSupport
import Testing

@Suite("Other clients that write, own or delete Secrets")
struct ForeignWriterTests {
    @Test("a namespace that is being deleted still gets rotations, but no new Secret, and causes no retry loop")
    func terminatingNamespace() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("there", [("a", "a")]))
        try await world.create(world.distribution("new", [("late", "a")]))
        let begin = ContinuousClock.now
        try await world.withAgent {
            try await world.expect("there", .synced)
            try await world.expect("new", .sourceNotFound)
            // Without the cluster's controllers the namespace stays in this state.
            try await world.client.delete(.namespaces, name: world.namespace, uid: nil)
            try volume.write(["a": "2", "late": "L"])
            try await world.expect("there", ["a": "2"])
            try await world.expect("new", .writeFailed)
            let text = try await world.distribution("new").status.statusText
            #expect(text?.contains("its namespace is being deleted") == true)
            try volume.write(["a": "3", "late": "L"])
            try await world.expect("there", ["a": "3"])
        }
        #expect(try await world.secret("new") == nil)
        // One attempt at first, and then one a minute: a busy machine needs some minutes.
        let minutes = Int(begin.duration(to: .now) / .seconds(60))
        let refused = try world.server.codes(of: "create", in: world.namespace).count { $0 == 403 }
        #expect((1...(1 + minutes)).contains(refused))
    }

    @Test("a Secret of another owner is never written, at startup, on rotations or on resyncs")
    func foreignSecret() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(secret: "foreign", managedBy: nil, ["theirs": "kept"])
        // Even if the Secret has our label.
        try await world.client.patch(
            .secrets, namespace: world.namespace, name: "foreign",
            ["metadata": ["labels": [WellKnownKeys.managedByLabel: .string(world.namespace)]]])
        try await world.create(world.distribution("foreign", [("a", "a")], policy: .delete))
        try await world.create(world.distribution("mark", [("a", "a")]))
        let version = try await world.secret("foreign")?.version
        for round in 1...2 {
            try await World(sharing: world).withAgent({ $0.resyncInterval = .milliseconds(300) }) {
                try volume.write(["a": "\(round)"])
                try await world.expect("mark", ["a": "\(round)"])
                try await world.expect("foreign", .notManaged)
                let lists = { try world.server.served(in: world.namespace).count { $0.verb == "list" } }
                let before = try lists()
                #expect(try await eventually { try lists() >= before + 6 })
            }
        }
        try await world.delete("foreign")
        try await world.withAgent {
            try volume.write(["a": "3"])
            try await world.expect("mark", ["a": "3"])
        }
        #expect(try await world.secret("foreign")?.version == version)
        let writes = try world.server.served(in: world.namespace).filter {
            $0.objectRef?.resource == "secrets" && $0.objectRef?.name == "foreign"
                && !["get", "list", "watch", "create"].contains($0.verb)
        }
        // The patch of the label above.
        #expect(writes.map(\.verb) == ["patch"])
    }

    @Test("a writer that changes a label of the same Secret all the time delays a rotation, but loses no data")
    func labelStorm() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "0"])
        try await world.create(world.distribution("hot", [("a", "a")]))
        try await world.withAgent {
            try await world.expect("hot", .synced)
            try await stormed(world, { ["metadata": ["labels": ["theirs": .string($0)]]] }) {
                for round in 1...10 {
                    try volume.write(["a": "\(round)"])
                    try await world.expect("hot", ["a": "\(round)"])
                }
                #expect(try await eventually { try conflicts(in: world) > 0 })
            }
            #expect(try await world.secret("hot")?.metadata.labels?["theirs"] != nil)
            try await world.expect("hot", .synced)
        }
    }

    @Test("a writer that rewrites the data of the same Secret all the time is corrected in the end")
    func dataStorm() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "0"])
        try await world.create(world.distribution("hot", [("a", "a")]))
        try await world.withAgent {
            try await world.expect("hot", .synced)
            try await stormed(
                world, { ["data": ["a": .string(Data("theirs \($0)".utf8).base64EncodedString())]] },
                {
                    try volume.write(["a": "1"])
                    #expect(try await eventually { try conflicts(in: world) > 2 })
                })
            try await world.expect("hot", ["a": "1"])
            try await world.expect("hot", .synced)
        }
    }

    private func conflicts(in world: World) throws -> Int {
        try world.server.codes(of: "update", in: world.namespace).count { $0 == 409 }
    }

    /// Runs `body` while another client patches Secret `hot` as fast as it can.
    private func stormed(
        _ world: World, _ patch: @escaping @Sendable (String) -> JSONValue, _ body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask {
                var round = 0
                while !Task.isCancelled {
                    round += 1
                    try await world.client.patch(
                        .secrets, namespace: world.namespace, name: "hot", patch("\(round)"))
                }
            }
            try await body()
            group.cancelAll()
            while let result = await group.nextResult() { _ = result }
        }
    }
}
