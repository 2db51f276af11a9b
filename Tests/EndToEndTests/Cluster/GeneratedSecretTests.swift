import Distribution
import FoundationEssentials
import JSON
import Kube
import TestSupport
import Testing

@Suite("Generated values on a real API server")
struct GeneratedSecretTests {
    private static let pair: [JSONValue] = [
        ["to": "key", "generate": ["kind": "Ed25519", "pair": "ssh", "format": "OpenSSH"]],
        ["to": "key.pub", "generate": ["kind": "Ed25519", "pair": "ssh", "part": "Public", "format": "OpenSSH"]],
    ]

    private func distribution(
        _ world: World, _ entries: [JSONValue], extra: [String: JSONValue] = [:]
    ) -> JSONValue {
        world.distribution("app", [], extra: ["secrets": .array(entries)].merging(extra) { $1 })
    }

    private func password(rotate: String = "1") -> JSONValue {
        ["to": "password", "generate": ["kind": "Password", "rotate": .string(rotate)]]
    }

    private static let file: JSONValue = ["to": "a", "from": "a"]

    private func values(_ world: World) async throws -> [String: Data] {
        try await world.secret("app")?.data ?? [:]
    }

    private func message(_ world: World) async throws -> String {
        try await world.distribution("app").status.ready?.message ?? ""
    }

    @Test("stay: across restarts, rotations of files, edits by hand, a new type and a recreated resource")
    func lifetime() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(distribution(world, [Self.file, password()] + Self.pair))
        var first: [String: Data] = [:]
        try await world.withAgent {
            try await world.expect("app", .synced)
            first = try await values(world)
            #expect(first["password"]?.count == 32)
            #expect(String(decoding: first["key.pub"] ?? Data(), as: UTF8.self).hasPrefix("ssh-ed25519 "))
            #expect(try await message(world).contains("holds 4 keys, 3 of them generated."))
            #expect(try await message(world).contains("password was generated at 20"))
            try await world.expectEvent(on: "app", "Synced", "Generated: password; key; key.pub.")

            // The Secret is the store of a generated value: an edit stays, and drift of the other keys is repaired.
            let edited = Data("edited".utf8)
            try await world.patchSecret(
                "app", ["data": ["password": .string(edited.base64EncodedString()), "a": "eA==", "more": "eA=="]])
            first["password"] = edited
            #expect(try await eventually { try await values(world) == first })
        }
        try await world.withAgent {
            try volume.write(["a": "2"])
            first["a"] = Data("2".utf8)
            #expect(try await eventually { try await values(world) == first })
            let uid = try await world.secret("app")?.metadata.uid
            try await world.patch("app", ["spec": ["type": "example.com/mine"]])
            #expect(
                try await eventually {
                    let secret = try await world.secret("app")
                    return secret?.type == "example.com/mine" && secret?.metadata.uid != uid
                })
            #expect(try await values(world) == first)
            try await world.patchSecret("app", ["immutable": true])
            try volume.write(["a": "3"])
            first["a"] = Data("3".utf8)
            #expect(try await eventually { try await values(world) == first })
            try await world.expect("app", .synced)
        }
        try await world.delete("app")
        try await world.withAgent {
            try await world.create(distribution(world, [Self.file, password()] + Self.pair))
            try await world.expect("app", .synced)
            #expect(try await values(world) == first)
        }
        // Nothing is left of the replacements.
        let all = try await world.client.list(LiveSecret.self, .secrets, namespace: world.namespace).items
        #expect(all.filter { $0.metadata.name.hasPrefix("secrets-distributor-saved-") }.isEmpty)
    }

    @Test("are generated again when somebody deletes them; the status and an Event say so")
    func lost() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "1"])
        try await world.create(distribution(world, [Self.file, password()]))
        try await world.withAgent {
            try await world.expect("app", .synced)
            let first = try await values(world)
            try await world.client.delete(.secrets, namespace: world.namespace, name: "app", uid: nil)
            #expect(
                try await eventually {
                    guard let data = try await world.secret("app")?.data else { return false }
                    return data != first
                })
            try await world.expectEvent(
                on: "app", "Synced", "Generated: password, because the Secret had lost it.")
            #expect(
                try await eventually {
                    try await message(world).contains(
                        "password was generated again, because the Secret had lost it, at 20")
                })
            #expect(world.logs.contains("lost values generated again", "cause=Lost"))

            let second = try await values(world)
            try await world.patchSecret("app", ["data": ["password": nil]])
            #expect(
                try await eventually {
                    let third = try await values(world)["password"]
                    return third != nil && third != first["password"] && third != second["password"]
                })
        }
    }

    @Test("are replaced by another token; half a pair holds the Secret back until then")
    func rotate() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(distribution(world, [Self.file, password()] + Self.pair))
        try await world.withAgent {
            try await world.expect("app", .synced)
            let first = try await values(world)
            try await world.patchSecret("app", ["data": ["key": nil]])
            try await world.expect("app", .pairMismatch)
            #expect(
                try await message(world).contains(
                    #"The Secret has "key.pub" of the generated pair "ssh", but not "key""#))
            try volume.write(["a": "2"])
            let entries = ([Self.file, password()] + Self.pair).map { entry in
                entry["generate"] == nil ? entry : entry.merging(["generate": ["rotate": "2"]])
            }
            try await world.patch("app", ["spec": ["secrets": .array(entries)]])
            try await world.expect("app", .synced)
            let second = try await values(world)
            #expect(second.keys.sorted() == ["a", "key", "key.pub", "password"])
            #expect(second["a"] == Data("2".utf8))
            for key in ["key", "key.pub", "password"] { #expect(second[key] != first[key]) }
        }
    }

    @Test("of two agents that create the Secret at the same time are those of one of them")
    func twoAgents() async throws {
        let world = try await World()
        let other = try await World(sharing: world)
        try AtomicVolume(world.mount).write(["a": "1"])
        let names = (0..<20).map { "app-\($0)" }
        for name in names {
            try await world.create(world.distribution(name, [], extra: ["secrets": .array([password()] + Self.pair)]))
        }
        try await world.withAgent {
            try await other.withAgent {
                for name in names { try await world.expect(name, .synced) }
                let first = try await secrets(world, names)
                // Both agents compare everything once more.
                try AtomicVolume(world.mount).write(["a": "2"])
                for name in names {
                    try await world.patchSecret(name, ["data": ["drift": "eA=="]])
                    #expect(try await eventually { try await world.secret(name)?.data?["drift"] == nil })
                }
                #expect(try await secrets(world, names) == first)
                for values in first { #expect(values.count == 3) }
            }
        }
    }

    private func secrets(_ world: World, _ names: [String]) async throws -> [[String: Data]] {
        var all: [[String: Data]] = []
        for name in names { all.append(try await world.secret(name)?.data ?? [:]) }
        return all
    }

    @Test("of every kind are accepted by the API server, with the resource definition's defaults")
    func kinds() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "1"])
        let entries: [JSONValue] = [
            ["to": "rsa", "generate": ["kind": "RSA", "pair": "r"]],
            ["to": "rsa.pub", "generate": ["kind": "RSA", "pair": "r", "part": "Public", "format": "DER"]],
            ["to": "ec", "generate": ["kind": "EC", "size": 521]], ["to": "id", "generate": ["kind": "UUID"]],
            ["to": "bytes", "generate": ["kind": "Random", "size": 64]],
            ["to": "pin", "generate": ["kind": "Password", "characters": "0123456789", "size": 12]],
        ]
        try await world.create(distribution(world, entries))
        try await world.withAgent {
            try await world.expect("app", .synced)
            let values = try await values(world)
            #expect(values.keys.sorted() == ["bytes", "ec", "id", "pin", "rsa", "rsa.pub"])
            #expect(values["bytes"]?.count == 64 && values["pin"]?.allSatisfy { (0x30...0x39).contains($0) } == true)
        }
    }
}
