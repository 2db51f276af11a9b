import FoundationEssentials
import JSON
import TestSupport
import Testing

/// TLS hides the content, so the proxy cuts the connection after a number of bytes, at many points.
@Suite("A connection that is cut at any point")
struct ConnectionCutTests {
    /// So large that a response and a watch line span many segments.
    private static let size = 100_000

    @Test("in a write or in its response loses no rotation, and mixes no content")
    func writes() async throws {
        try await withProxiedAgent { world, proxy in
            let volume = try AtomicVolume(world.mount, firstNumber: 1000)
            for round in 1...24 {
                // The request is as long as its values in base64, and so are the response and the watch line.
                let point = Int.random(in: 0..<2 * Self.size * 4 / 3)
                proxy.set(round.isMultiple(of: 2) ? .toServer : .toClient, .cut(after: point))
                let value = "\(round)" + String(repeating: ".", count: Self.size / 2)
                try volume.write(["a": value, "b": value])
                try await world.expect("cut", ["a": value, "b": value])
            }
        }
    }

    @Test("in a line of the watch of distributions loses no change")
    func watchLines() async throws {
        try await withProxiedAgent { world, proxy in
            try AtomicVolume(world.mount, firstNumber: 1000).write(["a": "A", "b": "A"])
            for round in 1...4 {
                let point = Int.random(in: 0..<Self.size)
                proxy.set(.toClient, .cut(after: point))
                let annotations = ["ballast": JSONValue.string(String(repeating: "\(round)", count: Self.size))]
                try await world.patch(
                    "cut",
                    [
                        "metadata": ["annotations": .object(annotations)],
                        "spec": [
                            "secrets": [
                                ["from": .string(round.isMultiple(of: 2) ? "a" : "b"), "to": .string("\(round)")]
                            ]
                        ],
                    ])
                try await world.expect("cut", ["\(round)": "A"])
            }
        }
    }

    private func withProxiedAgent(_ body: (World, FaultyProxy) async throws -> Void) async throws {
        let world = try await World()
        let proxy = try FaultyProxy(to: world.server.port)
        defer { proxy.stop() }
        let client = try world.client(through: proxy)
        defer { client.shutdown() }
        try AtomicVolume(world.mount).write(["a": "0", "b": "0"])
        try await world.create(world.distribution("cut", [("a", "a"), ("b", "b")]))
        try await world.witnessed { witness in
            try await world.withAgent(over: client) {
                try await world.expect("cut", ["a": "0", "b": "0"])
                try await body(world, proxy)
            }
            #expect(witness.states("cut").allSatisfy { $0.count == 1 || $0["a"] == $0["b"] })
        }
    }
}
