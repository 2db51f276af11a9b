import TestSupport
import Testing

@Suite("The command check with SecretProviderClasses")
struct ProviderClassTests {
    /// One object, `certificate`, on line 8, and `key` on line 10.
    static let classes = """
        apiVersion: secrets-store.csi.x-k8s.io/v1
        kind: SecretProviderClass
        metadata: {name: class, namespace: agent}
        spec:
          provider: vault
          parameters:
            objects: |
              - objectName: certificate
                secretPath: secret/data/web
              - objectName: key
                secretPath: secret/data/key
            roleName: web
        """

    @Test("reports each source that no object gives, and remarks each object that nobody uses")
    func missing() async throws {
        let root = try TemporaryDirectory()
        try writeFile(root("c.yaml"), Self.classes)
        let arguments = ["check", "--provider-class", root("c.yaml"), "-"]
        let good = try await Binary.run(arguments, input: CommandTests.manifest)
        #expect(good.status == 0)
        #expect(good.output == "1 distribution in 1 file: 0 problems\n")

        let bad = try await Binary.run(
            arguments, input: CommandTests.manifest.replacing("from: key", with: "from: Key"))
        #expect(bad.status == 1)
        #expect(
            bad.output.replacing(root("c.yaml"), with: "c.yaml") == """
                -:12: spec.secrets[1].from is "Key", a file that no object of the provider classes gives; similar names: \
                "key"
                c.yaml:10: remark: no distribution uses the object "key"
                1 distribution in 1 file: 1 problem

                """)

        let optional = CommandTests.manifest.replacing("from: key", with: "from: Key\n      optional: true")
        let remark = try await Binary.run(arguments, input: optional)
        #expect(remark.status == 0)
        #expect(remark.output.hasPrefix("-:12: remark: spec.secrets[1].from is \"Key\""))
    }

    @Test("takes several classes, each in its folder")
    func folders() async throws {
        let root = try TemporaryDirectory()
        try writeFile(root("a.yaml"), Self.classes.replacing("objectName: key", with: "objectName: other"))
        try writeFile(root("b=c.yaml"), Self.classes)
        let manifest = CommandTests.manifest.replacing("from: key", with: "from: vaults/b/key")
        let arguments = ["check", "--provider-class=\(root("a.yaml"))"]
        let good = try await Binary.run(
            arguments + ["--provider-class", "vaults/b/=\(root("b=c.yaml"))", "-"], input: manifest)
        #expect(good.status == 0)
        #expect(good.output.contains("b=c.yaml:8: remark: no distribution uses the object \"certificate\""))
        let flat = try await Binary.run(
            arguments + ["--provider-class", ".=\(root("b=c.yaml"))", "-"], input: manifest)
        #expect(flat.status == 1)
        #expect(flat.output.contains("spec.secrets[1].from is \"vaults/b/key\""))
    }

    @Test("reports the problems of a class, also alone, and nothing that follows from them")
    func problems() async throws {
        let root = try TemporaryDirectory()
        try writeFile(root("c.yaml"), Self.classes.replacing("  secretPath: secret/data/key", with: "  secretPat: x"))
        for files in [[], ["-"]] {
            let manifest = CommandTests.manifest.replacing("from: key", with: "from: nothing")
            let ended = try await Binary.run(["check", "--provider-class", root("c.yaml")] + files, input: manifest)
            #expect(ended.status == 1)
            let lines = ended.output.replacing(root("c.yaml"), with: "c.yaml").split(separator: "\n")
            #expect(lines.first?.hasPrefix("c.yaml:10: spec.parameters.objects[1].secretPath is missing") == true)
            #expect(lines.dropFirst().first?.hasPrefix("c.yaml:11: remark: ") == true)
            let end =
                files.isEmpty ? "1 provider class with 1 object: 1 problem" : "1 distribution in 1 file: 1 problem"
            #expect(lines.last.map { String($0) } == end)
            #expect(!ended.output.contains("\"nothing\""))
        }
        let absent = try await Binary.run(
            ["check", "--provider-class", root("none.yaml"), "-"], input: CommandTests.manifest)
        #expect(absent.status == 1)
        #expect(absent.output.hasSuffix("1 distribution in 1 file: 1 problem\n"))
        #expect(absent.output.contains("none.yaml: cannot be read: No such file"))
    }

    @Test(
        "rejects a folder outside of the mount with status 78",
        arguments: ["../a=c.yaml", "/a=c.yaml", "=c.yaml", "a=", ""])
    func folder(value: String) async throws {
        let ended = try await Binary.run(["check", "--provider-class", value, "-"])
        #expect(ended.status == 78)
        #expect(ended.errors.contains("--provider-class is \"\(value)\", expected FILE, or FOLDER=FILE"))
    }
}
