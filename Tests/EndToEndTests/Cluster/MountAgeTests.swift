import Distribution
import JSON
import Kube
import TestSupport
import TestTraits
import Testing

/// The case of a failed rollout that was undone: the remaining pod mounted its volume earlier, and the driver writes no
/// new generation for the same content.
@Suite("An agent whose mount has an older name than another's", .endsIfHung)
struct MountAgeTests {
    /// Both mounts hold the same content. The agent with the younger mount has written all targets and has ended.
    private func left(
        _ older: [String: String] = ["a": "1", "b": "2", "c": "3"], _ younger: [String: String]? = nil,
        targets: Int = 1, between: (World) async throws -> Void = { _ in }, _ body: (World) async throws -> Void
    ) async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        volume.time = "2026_11_20_08_00_00"
        try volume.write(older)
        let young = try AtomicVolume(world.directory("younger"))
        young.time = "2026_11_20_08_05_00"
        let generation = try young.write(younger ?? older)
        for number in 0..<targets { try await world.create(world.distribution("app-\(number)", [("a", "x")])) }
        try await World(sharing: world).withAgent {
            $0.secretsPath = young.path
        } _: {
            for number in 0..<targets { try await world.expect("app-\(number)", .synced) }
        }
        #expect(try await world.secret("app-0")?.metadata.annotations?[WellKnownKeys.mountGeneration] == generation)
        try await between(world)
        try await world.withAgent { try await body(world) }
    }

    private func observed(_ world: World, _ name: String, _ reason: Reason) async throws {
        #expect(
            try await eventually {
                let distribution = try await world.distribution(name)
                let ready = distribution.status.ready
                return ready?.reason == reason.rawValue && ready?.observedGeneration == distribution.generation
            })
    }

    @Test("follows each kind of edit of a distribution if its content is current")
    func amendments() async throws {
        let amendments: [JSONValue] = [
            ["secrets": [["from": "b", "to": "x"]]],
            ["secrets": [["from": "a", "to": "x"], ["from": "b", "to": "y"]]],
            ["secrets": [["from": "c", "to": "other"]]], ["metadata": ["labels": ["team": "blue"]]],
            ["type": "example.org/type"], ["deletionPolicy": "Delete"],
        ]
        try await left(targets: amendments.count) { world in
            for (number, spec) in amendments.enumerated() {
                try await world.patch("app-\(number)", ["spec": spec])
            }
            try await world.expect("app-0", ["x": "2"])
            try await world.expect("app-1", ["x": "1", "y": "2"])
            try await world.expect("app-2", ["other": "3"])
            #expect(try await eventually { try await world.secret("app-3")?.metadata.labels?["team"] == "blue" })
            #expect(try await eventually { try await world.secret("app-4")?.type == "example.org/type" })
            #expect(try await eventually { try await world.secret("app-5")?.metadata.ownerReferences?.count == 1 })
            for number in amendments.indices { try await observed(world, "app-\(number)", .synced) }
        }
    }

    @Test("repairs a Secret that is edited by hand if its content is current")
    func drift() async throws {
        try await left { world in
            // After the agent has seen the Secret in sync.
            #expect(await eventually { world.logs.contains("first pass done") })
            for edit: JSONValue in [
                ["stringData": ["x": "by hand"]], ["stringData": ["theirs": "by hand"]], ["data": ["x": nil]],
            ] {
                try await world.expect("app-0", ["x": "1"])
                try await world.patchSecret("app-0", edit)
                #expect(try await world.secret("app-0")?.metadata.annotations?[WellKnownKeys.managedBy] != nil)
                try await world.expect("app-0", ["x": "1"])
            }
            try await world.patchSecret("app-0", ["metadata": ["labels": [WellKnownKeys.managedByLabel: "nobody"]]])
            try await world.patch("app-0", ["metadata": ["annotations": [WellKnownKeys.forceSync: "now"]]])
            #expect(
                try await eventually {
                    try await world.secret("app-0")?.metadata.labels?[WellKnownKeys.managedByLabel] == world.namespace
                })
        }
    }

    @Test("repairs a Secret that was edited while no agent ran")
    func driftBefore() async throws {
        try await left(between: {
            var request = Request.mergePatch(
                .secrets, namespace: $0.namespace, name: "app-0", ["stringData": ["x": "by hand"]])
            request.query = [.init(name: "fieldManager", value: "kubectl-edit")]
            _ = try await $0.client.send(request)
        }) {
            try await $0.expect("app-0", ["x": "1"])
        }
    }

    @Test("reports within a minute where its mount is older, and never overwrites the newer value")
    func behind() async throws {
        try await left(["a": "old", "b": "2"], ["a": "new", "b": "2"]) { world in
            try await world.patch(
                "app-0",
                [
                    "spec": [
                        "metadata": ["labels": ["team": "blue"]],
                        "secrets": [["from": "a", "to": "x"], ["from": "b", "to": "y"]],
                    ]
                ])
            #expect(try await eventually { try await world.secret("app-0")?.metadata.labels?["team"] == "blue" })
            try await observed(world, "app-0", .writeFailed)
            let text = try await world.distribution("app-0").status.statusText
            #expect(text?.contains("the mount here holds an older one") == true)
            try await world.expect("app-0", ["x": "new"])
        }
    }
}
