import Testing

@testable import ProviderClasses

@Suite("A file with SecretProviderClasses")
struct ClassManifestsTests {
    private let aws = Classes.manifest(.aws, "- {objectName: a, objectType: secretsmanager}")
    private let vault = Classes.manifest(.vault, "- {objectName: b, secretPath: c}")

    @Test("may hold several, also in a list, beside documents of other kinds")
    func several() {
        let list = "kind: List\nitems:\n- " + vault.replacing("\n", with: "\n  ")
        let parsed = Classes.parse("kind: ConfigMap\n---\n\(aws)\n---\n\(list)")
        #expect(parsed.findings == [])
        #expect(parsed.classes.map(\.provider) == [.aws, .vault])
        #expect(parsed.classes.map(\.label) == ["agent/class", "agent/class"])
        #expect(parsed.classes.map(\.place.line) == [3, 15])
    }

    @Test("without a class, or with one of another version, is a problem")
    func none() {
        #expect(Classes.findings("kind: ConfigMap") == ["0: contains no SecretProviderClass"])
        #expect(
            Classes.findings(aws.replacing("x-k8s.io/v1", with: "x-k8s.io/v2")) == [
                "1: apiVersion is \"secrets-store.csi.x-k8s.io/v2\", expected \"secrets-store.csi.x-k8s.io/v1\""
            ])
        #expect(Classes.findings("a: [").first?.hasPrefix("2: ") == true)
    }

    @Test("has the line of the field for a list that is not a block literal")
    func quoted() {
        let text = """
            apiVersion: secrets-store.csi.x-k8s.io/v1
            kind: SecretProviderClass
            metadata: {name: class}
            spec:
              provider: aws
              parameters:
                region: eu-west-2
                objects: "- objectName: a\\n  objectType: x\\n"
            """
        #expect(
            Classes.findings(text) == [
                "8: spec.parameters.objects[0].objectType is \"x\", expected secretsmanager or ssmparameter"
            ])
        let folded = text.replacing(
            "objects: \"- objectName: a\\n  objectType: x\\n\"",
            with: "objects: >\n      [{objectName: a,\n      objectType: x}]")
        #expect(Classes.findings(folded).first?.hasPrefix("8: ") == true)
    }

    @Test("rejects what the API server rejects: parameters that are not text")
    func texts() {
        let text = aws.replacing("parameters:\n", with: "parameters:\n    usePodIdentity: true\n    region: {}\n")
        #expect(
            Classes.findings(text).prefix(2) == [
                "7: spec.parameters.usePodIdentity is true, expected text in quotes",
                "8: spec.parameters.region is an object, expected text",
            ])
    }

    @Test("with more problems than a person reads shows the first ones and their number")
    func manyProblems() {
        let objects = (0..<900).map { "- {objectName: a\($0)}" }.joined(separator: "\n")
        let findings = Classes.findings(Classes.manifest(.aws, objects))
        #expect(findings.count == 101)
        #expect(findings.contains("1: has 900 problems and remarks; the first 100 are shown"))
    }

    @Test("does not take unbounded time or memory", .timeLimit(.minutes(1)))
    func bounded() {
        let list = { (count: Int) in
            Classes.findings(Classes.manifest(.vault, String(repeating: "- a\n", count: count))).first
        }
        #expect(list(1001) == "8: spec.parameters.objects has 1001 objects, expected at most 1000")
        #expect(list(200_000)?.contains("larger than 50000") == true)
        #expect(list(400_000)?.contains("is 1600000 bytes, expected at most 1048576") == true)
        // Aliases of the manifest repeat a text whose own aliases expand.
        let bomb =
            "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]"
        let lines = bomb.split(separator: "\n").map { "    \($0)\n" }.joined()
        let entries = Array(repeating: "  - *t\n", count: 900).joined()
        let azure = Classes.manifest(.azure, "array:\n  - &t |\n\(lines)\(entries)")
        #expect(Classes.findings(azure).contains { $0.contains("larger than 100 ") })
        let versions = (0..<900).map {
            "  - \"objectName: a\($0)\\nobjectType: secret\\nobjectVersionHistory: 2147483647\"\n"
        }
        let objects = Classes.objects(Classes.manifest(.azure, "array:\n\(versions.joined())"))
        #expect(objects.count == 900)
    }
}
