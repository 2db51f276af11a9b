import Distribution
import FoundationEssentials
import TestSupport
import Testing

@testable import secrets_distributor

@Suite("explain")
struct ExplainTests {
    private struct Report: Decodable {
        struct Key: Decodable { let from, to: String; let optional: Bool }
        struct Reader: Decodable {
            let namespace, distribution, message: String
            let secret, reason: String?
            let keys: [Key]
        }
        let from: String
        let inMount: Bool?
        let otherInstances: Int
        let similar: [String]
        let readers: [Reader]

        init(_ ended: Binary.Ended) throws { self = try JSONDecoder().decode(Self.self, from: Data(ended.output.utf8)) }
    }

    @Test("shows which Secrets use a file, from a folder of distributions alone")
    func local() async throws {
        let world = try LocalWorld()
        try world.distribute("app", "certs/tls.crt", "certs/tls.key", "?extra")
        try world.distribute("other", "password")
        // Without a folder for Secrets, and with a mount that does not exist.
        let environment = ["DISTRIBUTIONS_PATH": world.root("in"), "SECRETS_PATH": world.root("none")]
        for operand in ["certs/tls.crt", "./certs//tls.crt", "..data/certs/tls.crt", world.root("none/certs/tls.crt")] {
            let ended = try await Binary.run(["explain", operand], environment: environment)
            #expect(ended.status == 0)
            #expect(
                ended.output == """
                    SECRET   KEY      FROM           OPTIONAL  DISTRIBUTION  REASON  MESSAGE
                    web/app  tls.crt  certs/tls.crt  no        web/app       -       -

                    "certs/tls.crt" feeds 1 Secret in 1 namespace.

                    """)
            #expect(ended.errors.isEmpty)
        }
        let folder = try Report(try await Binary.run(["explain", "certs/", "--output=json"], environment: environment))
        #expect(folder.readers.flatMap(\.keys).map(\.from) == ["certs/tls.crt", "certs/tls.key"])
        #expect(folder.from == "certs" && folder.inMount == nil)
        let optional = try Report(
            try await Binary.run(["explain", "extra", "--output=json"], environment: environment))
        #expect(optional.readers.first?.keys.first?.optional == true)

        let unknown = try await Binary.run(["explain", "TLS.crt"], environment: environment)
        #expect(unknown.status == 1)
        #expect(
            unknown.output
                == "No distribution reads \"TLS.crt\".\nSimilar names: \"certs/tls.crt\".\n")
    }

    @Test("draws the path from file to key to Secret to namespace, and marks what is held back")
    func diagram() async throws {
        let world = try LocalWorld()
        try world.distribute("app", "certs/tls.crt", "certs/a.key")
        try world.distribute("held", "certs/tls.crt", "missing")
        try makeDirectory("\(world.mount)/certs")
        for name in ["tls.crt", "a.key"] { try writeFile("\(world.mount)/certs/\(name)", "x") }
        let environment = ["DISTRIBUTIONS_PATH": world.root("in"), "SECRETS_PATH": world.mount]
        let ended = try await Binary.run(["explain", "certs", "--output", "mermaid"], environment: environment)
        #expect(
            ended.output == """
                flowchart LR
                  classDef held stroke-dasharray: 4 3
                  s0["app"]
                  n0["certs/tls.crt"] --> s0k0(["tls.crt"]) --> s0
                  n1["certs/a.key"] --> s0k1(["a.key"]) --> s0
                  s0 --> n2[("web")]
                  s1["held<br/>SourceNotFound"]
                  class s1 held
                  n0 --> s1k0(["tls.crt"]) --> s1
                  s1 --> n2

                """)
        let wrong = try await Binary.run(
            ["plan", "--output", "mermaid"], environment: environment.merging(["OUTPUT_PATH": world.output]) { $1 })
        #expect(wrong.status == 64 && wrong.errors.contains("--output is \"mermaid\", expected table or json"))
    }

    @Test("shows whether the file is in the mount, and why a Secret is held back")
    func mount() async throws {
        let world = try LocalWorld()
        try world.distribute("app", "a", "none")
        try writeFile("\(world.mount)/a", "very secret")
        let environment = ["DISTRIBUTIONS_PATH": world.root("in"), "SECRETS_PATH": world.mount]
        let present = try await Binary.run(["explain", "a"], environment: environment)
        #expect(present.output.contains("It is in the mount."))
        #expect(present.output.contains("SourceNotFound  The mount has no file \"none\"."))
        #expect(!present.output.contains("very secret"))
        let absent = try await Binary.run(["explain", "none"], environment: environment)
        #expect(absent.status == 0)
        #expect(absent.output.contains("It is not in the mount."))
        try writeFile(
            world.root("policy.yaml"),
            "kind: SecretsAccessPolicy\napiVersion: xlscsde.nhs.uk/v1\nspec: {default: Deny, rules: []}\n")
        let denied = try await Binary.run(
            ["explain", "a", "--policy-path", world.root("policy.yaml")], environment: environment)
        #expect(denied.output.contains("PolicyDenied"))
    }

    @Test(
        "rejects an argument that cannot name a file of the mount",
        arguments: ["/etc/passwd", "../x", "..", "..data", ".", "/", "x\0y"])
    func refuses(operand: String) throws {
        #expect(throws: SourcePathError.self) { try ExplainCommand.path(operand, below: "/mnt/secrets") }
    }

    @Test("ends with 64 and one line for an argument that cannot name a file")
    func usage() async throws {
        let ended = try await Binary.run(["explain", "../x\ny\u{1b}[2J"])
        #expect(ended.status == 64)
        #expect(
            ended.errors
                == #"secrets-distributor: FROM is "../x\ny\u{1B}[2J", which leads out of a folder; expected a path without ".."; see secrets-distributor explain --help"#
                + "\n")
    }

    @Test("shows each name on one line, whatever characters it has")
    func forged() async throws {
        let world = try LocalWorld()
        try writeFile("\(world.mount)/x\ny\u{1b}[2J", "1")
        try writeFile(
            world.root("in/a.yaml"),
            """
            apiVersion: xlscsde.nhs.uk/v1
            kind: SecretsDistribution
            metadata: {name: a, namespace: web}
            spec:
              name: a
              secrets: [{from: "x\\ny\\e[2J\\u202e", to: a}]
            """)
        let environment = ["DISTRIBUTIONS_PATH": world.root("in"), "SECRETS_PATH": world.mount]
        for words in [["explain", "x\ny\u{1b}[2J\u{202e}"], ["explain", "x\ny\u{1b}[2K"]] {
            for output in ["table", "json"] {
                let ended = try await Binary.run(words + ["--output", output], environment: environment)
                #expect(ended.output.contains("x\\ny"))
                #expect(
                    ended.output.unicodeScalars.allSatisfy {
                        $0 == "\n" || $0.value >= 0x20 && $0.value != 0x7f && $0 != "\u{202e}"
                    })
                if output == "json" { _ = try Report(ended) }
            }
        }
    }

    @Test("on a real API server shows the agent's statuses, and needs only the right to list distributions")
    func cluster() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1", "b": "1"])
        try await world.create(world.distribution("app", [("a", "a")]))
        try await world.create(world.distribution("held", [("a", "a"), ("none", "b")]))
        try await world.create(world.distribution("unread", [("b", "b")]))
        try await world.withAgent {
            try await world.expect("app", .synced)
            try await world.expect("held", .sourceNotFound)
        }
        try await world.server.allow("carol", ["list"], .secretsDistributions, in: world.namespace)
        let environment = [
            "SECRETS_PATH": "/does/not/exist", "MANAGED_BY": world.namespace, "WATCH_NAMESPACES": world.namespace,
            "KUBECONFIG": try world.server.kubeconfig(.named("carol")),
        ]
        let ended = try await Binary.run(["explain", "a", "--output=json"], environment: environment)
        #expect(ended.status == 0, "\(ended.errors)")
        let report = try Report(ended)
        #expect(report.readers.map(\.distribution) == ["app", "held"])
        #expect(report.readers.map(\.reason) == ["Synced", "SourceNotFound"])
        #expect(report.inMount == nil)
        let requests = try world.server.served(in: world.namespace).filter { $0.user.username == "carol" }
        #expect(requests.map { "\($0.verb) \($0.objectRef?.resource ?? "")" } == ["list secretsdistributions"])
    }
}
