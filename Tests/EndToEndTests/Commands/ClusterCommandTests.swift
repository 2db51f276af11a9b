import Glibc
import TestSupport
import Testing

/// Cluster distributions without a cluster: local mode and the commands.
@Suite("Cluster distributions in local mode")
struct ClusterCommandTests {
    private let world: LocalWorld

    init() throws {
        world = try LocalWorld()
        try writeFile("\(world.mount)/a", "one")
        try writeFile(
            world.root("in/wide.yaml"),
            """
            apiVersion: xlscsde.nhs.uk/v1
            kind: ClusterSecretsDistribution
            metadata: {name: wide}
            spec:
              namespaceSelector: {matchLabels: {tier: gold}}
              template: {name: app, deletionPolicy: Delete, secrets: [{from: a, to: key}]}
            ---
            apiVersion: xlscsde.nhs.uk/v1
            kind: ClusterSecretsDistribution
            metadata: {name: named}
            spec:
              namespaces: ["team-*"]
              template: {name: named, secrets: [{from: a, to: key}]}
            """)
        try namespace("gold-1", tier: "gold")
        try namespace("plain", tier: "tin")
    }

    private func namespace(_ name: String, tier: String) throws {
        try writeFile(
            world.root("in/\(name).yaml"),
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: \(name), labels: {tier: \(tier)}}\n")
    }

    private func exists(_ secret: String) -> Bool { access("\(world.output)/\(secret).yaml", F_OK) == 0 }

    private var environment: [String: String] {
        [
            "SECRETS_PATH": world.mount, "DISTRIBUTIONS_PATH": world.root("in"), "OUTPUT_PATH": world.output,
            "NAMESPACES": "team-1,other",
        ]
    }

    @Test("select from the namespaces with a manifest and from NAMESPACES, and follow them")
    func run() async throws {
        let program = try await world.start(["NAMESPACES": "team-1,other"])
        #expect(await eventually { exists("gold-1/app") && exists("team-1/named") }, "\(program.errors.suffix(2000))")
        #expect(!exists("plain/app") && !exists("other/named"))
        try namespace("plain", tier: "gold")
        #expect(await eventually { exists("plain/app") })
        try namespace("gold-1", tier: "tin")
        #expect(await eventually { !exists("gold-1/app") }, "\(program.errors.suffix(2000))")
        try writeFile("\(world.mount)/a", "two")
        #expect(
            await eventually {
                Files.text("\(world.output)/plain/app.yaml").contains("dHdv")
                    && Files.text("\(world.output)/team-1/named.yaml").contains("dHdv")
            })
        await program.stop()
    }

    @Test("are planned, synced, explained and checked")
    func commands() async throws {
        let plan = try await Binary.run(["plan"], environment: environment)
        #expect(plan.status == 2)
        #expect(plan.output.contains("create  gold-1/app    +key  -         wide"), "\(plan.output)")
        #expect(plan.output.contains("create  team-1/named  +key  -         named"), "\(plan.output)")
        let sync = try await Binary.run(["sync"], environment: environment)
        #expect(sync.status == 0, "\(sync.output)\(sync.errors)")
        #expect(sync.output.contains("2 of 2 distributions are in sync; 2 Secrets written"), "\(sync.output)")
        #expect(exists("gold-1/app") && exists("team-1/named"))
        let again = try await Binary.run(["plan"], environment: environment)
        #expect(again.status == 0, "\(again.output)")
        let explained = try await Binary.run(["explain", "a"], environment: environment)
        #expect(explained.status == 0)
        #expect(explained.output.contains("gold-1/app") && explained.output.contains("team-1/named"))
        #expect(explained.output.contains("\"a\" feeds 2 Secrets in 2 namespaces."), "\(explained.output)")
        let checked = try await Binary.run(["check", world.root("in/wide.yaml")])
        #expect(
            checked.status == 0 && checked.output.contains("2 distributions in 1 file: 0 problems"), "\(checked.output)"
        )
    }

    @Test("are held back with WATCH_NAMESPACES, and say why")
    func watchNamespaces() async throws {
        let sync = try await Binary.run(
            ["sync"], environment: environment.merging(["WATCH_NAMESPACES": "gold-1"]) { $1 })
        #expect(sync.status == 1)
        #expect(sync.output.contains("this agent serves only the namespaces in WATCH_NAMESPACES"), "\(sync.output)")
        #expect(!exists("gold-1/app"))
    }

    @Test("with an error are reported with file and line")
    func check() async throws {
        try writeFile(
            world.root("bad.yaml"),
            """
            apiVersion: xlscsde.nhs.uk/v1
            kind: ClusterSecretsDistribution
            metadata: {name: wide, namespace: web}
            spec:
              namespaces: ["Team"]
              template: {name: app, secrets: [{from: /a, to: key}]}
            """)
        let ended = try await Binary.run(["check", world.root("bad.yaml")])
        #expect(ended.status == 1)
        #expect(ended.output.contains("bad.yaml:3: metadata.namespace is \"web\", expected none"), "\(ended.output)")
        #expect(ended.output.contains("bad.yaml:5: spec.namespaces[0] is \"Team\""), "\(ended.output)")
        #expect(ended.output.contains("bad.yaml:6: spec.template.secrets[0].from is \"/a\""), "\(ended.output)")
    }
}
