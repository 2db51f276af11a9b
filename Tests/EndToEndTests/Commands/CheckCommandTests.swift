import JSON
import TestSupport
import Testing

@Suite("The command check")
struct CheckCommandTests {
    @Test("check reports every problem of every document with file and line")
    func check() async throws {
        let root = try TemporaryDirectory()
        try writeFile(
            root("a.yaml"),
            """
            \(CommandTests.manifest)
            ---
            apiVersion: xlscsde.nhs.uk/v1
            kind: SecretsDistribution
            metadata:
              name: bad
            spec:
              name: Not A Name
              tipe: Opaque
              secrets:
                - from: ../../etc/passwd
                  to: a
                - to: b
            ---
            kind: ConfigMap
            ---
            kind: SecretsDistribution
            apiVersion: xlscsde.nhs.uk/v2
            """)
        let ended = try await Binary.run(["check", root("a.yaml")])
        #expect(ended.status == 1)
        let lines = ended.output.split(separator: "\n").map { $0.replacing(root("a.yaml"), with: "a.yaml") }
        #expect(
            lines.map { $0.prefix(while: { $0 != " " }) } == [
                "a.yaml:20:", "a.yaml:21:", "a.yaml:23:", "a.yaml:25:", "a.yaml:30:", "2",
            ])
        #expect(lines[0].contains("spec.name is \"Not A Name\""))
        #expect(lines[1].contains("spec.tipe"))
        #expect(lines[2].contains("spec.secrets[0].from"))
        #expect(lines[3].contains("spec.secrets[1].from is missing"))
        #expect(lines[4].contains("xlscsde.nhs.uk/v2"))

        // In the form that `kubectl get -o yaml` prints.
        let list =
            "kind: List\nitems:\n- "
            + CommandTests.manifest.replacing("\n", with: "\n  ").replacing("key", with: "../key")
        let inList = try await Binary.run(["check", "-"], input: list)
        #expect(inList.output.contains("-:14: spec.secrets[1].from"))

        #expect(try await Binary.run(["check", "-"], input: CommandTests.manifest).status == 0)
        let absent = try await Binary.run(["check", root("none.yaml")])
        #expect(absent.status == 1)
        #expect(absent.output.contains("No such file"))
    }

    @Test("prints its findings as JSON on one line, or as annotations of a pull request")
    func formats() async throws {
        let root = try TemporaryDirectory()
        let file = root("a,b:100%.yaml")
        try writeFile(file, CommandTests.manifest.replacing("key", with: "../key"))
        let json = try await Binary.run(["check", "--output=json", file, root("none.yaml")])
        #expect(json.status == 1 && json.output.hasSuffix("\n"))
        #expect(json.output.count { $0 == "\n" } == 1)
        let object = try JSONValue(json: Array(json.output.utf8))
        let findings = try #require(object["findings"]?.array)
        #expect(object["problems"]?.int == findings.count)
        #expect(findings.first?["file"]?.string == file)
        #expect((findings.first?["line"]?.int ?? 0) > 1)
        #expect(findings.first?["severity"]?.string == "problem")
        #expect(findings.first?["message"]?.string?.contains("from is \"../key\"") == true)
        #expect(findings.last?["file"]?.string == root("none.yaml") && findings.last?["line"] == .null)

        let github = try await Binary.run(["check", "--output", "github", file])
        #expect(github.status == 1)
        let line = try #require(github.output.split(separator: "\n").first)
        #expect(line.hasPrefix("::error file=\(root("a%2Cb%3A100%25.yaml")),line="), "\(line)")
        #expect(line.contains("::spec.secrets["), "\(line)")
        #expect(github.output.hasSuffix("problem\n") || github.output.hasSuffix("problems\n"))
    }

    @Test("A file of other kinds beside distributions is a remark, alone it is a problem, and an empty list is neither")
    func others() async throws {
        let example = World.path("sidecar-example/distributions")
        let all = ["kustomization.yaml", "namespaces.yaml"].map { "\(example)/\($0)" }
        let root = try TemporaryDirectory()
        try writeFile(root("a.yaml"), CommandTests.manifest)
        let beside = try await Binary.run(["check", root("a.yaml")] + all)
        #expect(beside.status == 0, "\(beside.output)")
        for file in all { #expect(beside.output.contains("\(file): remark: contains no SecretsDistribution\n")) }
        let alone = try await Binary.run(["check", all[0]])
        #expect(alone.status == 1 && alone.output.contains("\(all[0]): contains no SecretsDistribution\n"))
        let empty = try await Binary.run(["check", "-"], input: "apiVersion: v1\nkind: List\nitems: []\n")
        #expect(empty.status == 0, "\(empty.output)")
        #expect(try await Binary.run(["check", "-"], input: "").status == 1)
    }

    static let policy = """
        kind: SecretsAccessPolicy
        spec:
          rules:
            - namespaces: [web]
              files: [certificate]
        """

    @Test("check --policy reports each mapping that the policy denies, with file and line")
    func checkPolicy() async throws {
        let root = try TemporaryDirectory()
        try writeFile(root("policy.yaml"), Self.policy)
        let manifest =
            CommandTests.manifest + "\n---\n" + CommandTests.manifest.replacing("  namespace: web\n", with: "")
        try writeFile(root("a.yaml"), manifest)
        let ended = try await Binary.run(["check", "--policy", root("policy.yaml"), root("a.yaml")])
        #expect(ended.status == 1)
        let lines = ended.output.split(separator: "\n").map { $0.replacing(root("a.yaml"), with: "a.yaml") }
        #expect(lines.count == 3)
        #expect(
            lines.first
                == "a.yaml:12: spec.secrets[1].from is \"key\", which the access policy denies to namespace \"web\"")
        #expect(lines.dropFirst().first?.hasPrefix("a.yaml:17: metadata.namespace is missing") == true)
        #expect(lines.last == "2 distributions in 1 file: 2 problems")

        // In mode Audit, denials are only remarks.
        try writeFile(root("policy.yaml"), Self.policy.replacing("spec:", with: "spec:\n  mode: Audit"))
        let audited = try await Binary.run(
            ["check", "--policy=\(root("policy.yaml"))", "-"], input: CommandTests.manifest)
        #expect(audited.status == 0)
        #expect(audited.output.contains("-:12: remark: spec.secrets[1].from is \"key\""))

        let permitted = CommandTests.manifest.replacing("from: key", with: "from: certificate")
        let good = try await Binary.run(["check", "--policy=\(root("policy.yaml"))", "-"], input: permitted)
        #expect(good.status == 0)
        #expect(good.output == "1 distribution in 1 file: 0 problems\n")
    }

    @Test("check --policy reports the policy's own problems, also alone")
    func checkPolicyItself() async throws {
        let root = try TemporaryDirectory()
        try writeFile(root("policy.yaml"), Self.policy)
        let good = try await Binary.run(["check", "--policy", root("policy.yaml")])
        #expect(good.status == 0)
        #expect(good.output == "a policy of 1 rule: 0 problems\n")
        for (text, line) in [
            (Self.policy.replacing("[web]", with: "[Web]"), ":4: spec.rules[0].namespaces[0] is \"Web\""),
            (Self.policy + "\n---\n" + Self.policy, ":7: is a second document"),
            (Self.policy + "\n---\nkind: ConfigMap", ":7: kind is \"ConfigMap\""),
            (Self.policy + "\n---\n7", ":7: is not an object"), (Self.policy + "\n  [", ":7: could not"),
            ("# none", ": contains no document"),
        ] {
            try writeFile(root("policy.yaml"), text)
            for files in [[], ["-"]] {
                let ended = try await Binary.run(
                    ["check", "--policy", root("policy.yaml")] + files, input: CommandTests.manifest)
                #expect(ended.status == 1)
                #expect(ended.output.contains("policy.yaml\(line)"), "\(ended.output)")
            }
        }
        let absent = try await Binary.run(["check", "--policy", root("none.yaml")])
        #expect(absent.status == 1)
        #expect(absent.output.contains("none.yaml: cannot be read: No such file"))
    }
}
