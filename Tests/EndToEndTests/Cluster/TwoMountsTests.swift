import FoundationEssentials
import TestSupport
import TestTraits
import Testing

/// Two agents on two nodes, or the old and the new pod of a rolling update: each mount is updated at its own time.
@Suite("Two agents with a mount each", .endsIfHung)
struct TwoMountsTests {
    @Test("publish the newer generation, never return to the older, and do not overwrite each other in turns")
    func newerStays() async throws {
        let first = try await World()
        let second = try await World(sharing: first)
        let (one, two) = (try AtomicVolume(first.mount), try AtomicVolume(first.directory("mount-2")))
        one.time = "2026_11_20_08_00_00"
        try one.write(["password": "v1", "only-in-old": "x"])
        two.time = "2026_11_20_08_01_00"
        try two.write(["password": "v1", "only-in-new": "x"])
        try await first.create(first.distribution("app", [("password", "password")]))
        let states = try await first.witnessed { witness in
            try await first.withAgent {
                try await first.expect("app", ["password": "v1"])
                try await second.withAgent {
                    $0.secretsPath = two.path
                } _: {
                    two.time = "2026_11_20_08_02_00"
                    try two.write(["password": "v2", "only-in-new": "x"])
                    try await first.expect("app", ["password": "v2"])
                    // Both agents see this edit, and a spec that only the newer mount can satisfy.
                    try await first.patchSecret("app", ["data": ["password": "aGFuZA=="]])
                    try await first.expect("app", ["password": "v2"])
                    try await first.patch(
                        "app",
                        [
                            "spec": [
                                "secrets": [
                                    ["from": "password", "to": "password"], ["from": "only-in-new", "to": "new"],
                                ]
                            ]
                        ])
                    try await first.expect("app", ["password": "v2", "new": "x"])
                    try await first.expect("app", .synced)
                    // The first mount is updated too, and its agent reports again.
                    one.time = "2026_11_20_08_03_00"
                    try one.write(["password": "v3", "only-in-new": "x"])
                    try await first.expect("app", ["password": "v3", "new": "x"])
                    try await first.expect("app", .synced)
                }
            }
            #expect(await eventually { witness.states("app").last?["password"] == "v3" })
            return witness.states("app")
        }
        let passwords = states.compactMap { $0["password"] }
        let firstOfV2 = try #require(passwords.firstIndex(of: "v2"))
        #expect(!passwords[firstOfV2...].contains("v1"))
        #expect(passwords.count <= 6, "\(states)")
    }
}
