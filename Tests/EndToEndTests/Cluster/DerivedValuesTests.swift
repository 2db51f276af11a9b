import Distribution
import JSON
import TestSupport
import Testing

@Suite("Values that are derived from files, on a real API server")
struct DerivedValuesTests {
    /// A distribution whose spec has no entries but these fields.
    private func distribution(_ world: World, _ name: String, _ spec: [String: JSONValue]) -> JSONValue {
        world.distribution(name, [], extra: spec)
    }

    @Test("follow a rotation; the order of a JSON file's members changes no Secret")
    func rotation() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["db.json": #"{"user": "a", "password": "p/1"}"#, "host": "h"])
        let variables: JSONValue = [
            ["name": "user", "from": "db.json", "pointer": "/user"],
            ["name": "password", "from": "db.json", "pointer": "/password"], ["name": "host", "from": "host"],
        ]
        let entry: JSONValue = [
            "to": "url", "template": "db://${user}:${password|url}@${host}", "with": variables,
        ]
        let member: JSONValue = ["to": "user", "from": "db.json", "pointer": "/user"]
        try await world.create(distribution(world, "derived", ["secrets": [entry, member]]))
        try await world.withAgent {
            try await world.expect("derived", ["url": "db://a:p%2F1@h", "user": "a"])
            try await world.expect("derived", .synced)
            let written = try await world.secret("derived")?.version
            let reordered = try volume.write(["db.json": #"{"password":"p/1","user":"a"}"#, "host": "h"])
            #expect(await eventually { world.logs.contains("rotation", "generation=\(reordered)") })
            #expect(try await world.secret("derived")?.version == written)
            try volume.write(["db.json": #"{"password":"p/2","user":"a"}"#, "host": "h"])
            try await world.expect("derived", ["url": "db://a:p%2F2@h", "user": "a"])
            // A member that is gone holds the whole Secret back.
            try volume.write(["db.json": #"{"user":"b"}"#, "host": "h"])
            try await world.expect("derived", .sourceNotFound)
            try await world.expect("derived", ["url": "db://a:p%2F2@h", "user": "a"])
        }
    }

    @Test("of dataFrom: a member that is gone loses its key; when nothing is left, no key is removed")
    func members() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["db.json": #"{"a": "1", "b": "2"}"#, "app/c": "3"])
        let sources: JSONValue = [["from": "db.json", "format": "JSON"], ["folder": "app"]]
        try await world.create(distribution(world, "members", ["dataFrom": sources]))
        try await world.withAgent {
            try await world.expect("members", ["a": "1", "b": "2", "c": "3"])
            try volume.write(["db.json": #"{"b": "2"}"#, "app/c": "3", "app/d": "4"])
            try await world.expect("members", ["b": "2", "c": "3", "d": "4"])
            try volume.write(["db.json": "{}", "app/c": "5"])
            try await world.expect("members", .sourceNotFound)
            try await world.expect("members", ["b": "2", "c": "3", "d": "4"])
            try volume.write(["db.json": #"{"b": "2"}"#, "app/c": "5"])
            try await world.expect("members", ["b": "2", "c": "5"])
            try await world.expect("members", .synced)
        }
    }

    @Test("are denied by the access policy for each file: of a template, a password and a folder")
    func policy() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["open": "1", "closed": "2", "app/open": "3"])
        let policy = try AtomicVolume(world.directory("policy"))
        try policy.write([
            "policy.yaml": """
            kind: SecretsAccessPolicy
            spec:
              rules:
                - {namespaces: ["\(world.namespace)"], files: ["open", "app/open"]}
            """
        ])
        let variables: JSONValue = [["name": "a", "from": "open"], ["name": "b", "from": "closed"]]
        let template: JSONValue = ["to": "t", "template": "${a}${b}", "with": variables]
        let key: JSONValue = ["to": "k", "from": "open", "extract": "PrivateKey", "passwordFrom": "closed"]
        try await world.create(distribution(world, "template", ["secrets": [template]]))
        try await world.create(distribution(world, "password", ["secrets": [key]]))
        try await world.create(distribution(world, "folder", ["dataFrom": [["folder": "app"]]]))
        try await world.withAgent {
            $0.policyPath = world.directory("policy/policy.yaml")
        } _: {
            try await world.expect("template", .policyDenied)
            try await world.expect("password", .policyDenied)
            try await world.expect("folder", ["open": "3"])
            // A new file in the folder is judged too.
            try volume.write(["open": "1", "closed": "2", "app/open": "3", "app/closed": "4"])
            try await world.expect("folder", .policyDenied)
            try await world.expect("folder", ["open": "3"])
        }
    }

    @Test("never put a private key into tls.crt or ca.crt, whichever way it is derived")
    func privateKey() async throws {
        let world = try await World()
        let pair = try TLSPair.make("derived")
        try AtomicVolume(world.mount).write([
            "key": pair.key, "tls.json": #"{"k": "\#(pair.key.replacing("\n", with: "\\n"))"}"#,
        ])
        let variables: JSONValue = [["name": "k", "from": "key"]]
        let ways: [String: JSONValue] = [
            "pointer": ["to": "ca.crt", "from": "tls.json", "pointer": "/k"],
            "template": ["to": "ca.crt", "template": "a ${k}", "with": variables],
            "base64": ["to": "tls.crt", "template": "${k|base64}", "with": variables],
            "none": ["to": "tls.crt", "from": "key", "extract": "None"],
            "constant": ["to": "ca.crt", "value": .string(pair.key)],
        ]
        for (name, entry) in ways {
            let spec: [String: JSONValue] = ["secrets": [entry], "validation": "None"]
            try await world.create(distribution(world, name, spec))
        }
        try await world.withAgent {
            for name in ways.keys { try await world.expect(name, .sourceUnreadable) }
            for name in ways.keys { #expect(try await world.secret(name) == nil) }
        }
    }
}
