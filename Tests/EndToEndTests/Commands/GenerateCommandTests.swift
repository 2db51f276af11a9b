import TestSupport
import Testing

@Suite("Generated values in local mode")
struct GenerateCommandTests {
    private func write(_ world: LocalWorld, type: String = "Opaque", rotate: String = "1") throws {
        try writeFile(
            world.root("in/app.yaml"),
            """
            apiVersion: xlscsde.nhs.uk/v1
            kind: SecretsDistribution
            metadata: {name: app, namespace: web}
            spec:
              name: app
              type: \(type)
              secrets:
                - {to: a, from: a}
                - to: password
                  generate: {kind: Password, rotate: "\(rotate)"}
            """)
    }

    @Test("are announced by plan, written once by sync, and kept until the token changes")
    func lifetime() async throws {
        let world = try LocalWorld()
        try writeFile("\(world.mount)/a", "1")
        try write(world)
        let environment = [
            "SECRETS_PATH": world.mount, "DISTRIBUTIONS_PATH": world.root("in"), "OUTPUT_PATH": world.output,
        ]
        let run = { (words: String...) in try await Binary.run(words, environment: environment) }
        let plan = try await run("plan")
        #expect(plan.status == 2 && plan.output.contains("create  web/app  +a,+password=generate"), "\(plan.output)")
        #expect(try await run("plan", "--output", "json").output.contains(#""generated":["password"]"#))
        #expect(world.secret("app") == nil)
        #expect(try await run("sync").status == 0)
        let first = try #require(world.secret("app")?["password"])
        #expect(first.count == 32)
        #expect(try await run("plan").status == 0)

        try write(world, type: "example.com/mine")
        try writeFile("\(world.mount)/a", "2")
        #expect(try await run("sync").status == 0)
        #expect(world.secret("app") == ["a": "2", "password": first])
        try write(world, type: "example.com/mine", rotate: "2")
        let rotation = try await run("plan")
        #expect(rotation.output.contains("update  web/app  ~password=generate"), "\(rotation.output)")
        let sync = try await run("sync")
        let second = try #require(world.secret("app")?["password"])
        #expect(second != first)
        for output in [plan.output, sync.output, sync.errors, rotation.output] {
            #expect(!output.contains(first) && !output.contains(second))
        }
    }
}
