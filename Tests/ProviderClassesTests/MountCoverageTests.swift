import Testing

@testable import ProviderClasses

@Suite("The coverage of a mount")
struct MountCoverageTests {
    private let vault = Classes.manifest(
        .vault,
        """
        - {objectName: certificate, secretPath: a}
        - {objectName: key, secretPath: a}
        - {objectName: app/one, secretPath: b}
        - {objectName: app/two, secretPath: c}
        - {objectName: password, secretPath: d}
        """)

    /// Every kind of field that names a source.
    private let everyKind = """
        apiVersion: xlscsde.nhs.uk/v1
        kind: SecretsDistribution
        metadata: {name: all, namespace: web}
        spec:
          name: all
          secrets:
            - from: certificate
              to: a
            - from: key
              passwordFrom: password
              extract: PrivateKey
              to: b
            - to: c
              template: "${x}"
              with:
                - name: x
                  from: app/two
          dataFrom:
            - from: app/one
              format: JSON
            - folder: app
              include: ["t*"]
        """

    @Test("counts each kind of source as a use, and finds nothing missing")
    func complete() {
        let (coverage, problems) = Classes.coverage(Classes.parse(vault), everyKind)
        #expect(problems == [])
        #expect(coverage.unused == [])
        #expect(coverage.usedObjects.map { coverage.users(of: $0) } == Array(repeating: ["web/all"], count: 5))
    }

    @Test("reports each kind of source that no object gives, with its line and similar names")
    func missing() {
        let other = Classes.manifest(
            .vault, "- {objectName: Certificate, secretPath: a}\n- {objectName: x/key, secretPath: a}")
        let (coverage, problems) = Classes.coverage(Classes.parse(other), everyKind)
        let gives = "a file that no object of the provider classes gives"
        #expect(
            problems == [
                "7: spec.secrets[0].from is \"certificate\", \(gives); similar names: \"Certificate\"",
                "9: spec.secrets[1].from is \"key\", \(gives); similar names: \"x/key\"",
                "10: spec.secrets[1].passwordFrom is \"password\", \(gives)",
                "17: spec.secrets[2].with[0].from is \"app/two\", \(gives)",
                "19: spec.dataFrom[0].from is \"app/one\", \(gives)",
                "21: spec.dataFrom[1].folder is \"app\","
                    + " a folder for which no object of the provider classes gives a file",
            ])
        #expect(coverage.unused.map(\.place.line) == [8, 9])
        #expect(
            coverage.unused.map(\.message)
                == ["Certificate", "x/key"].map { "no distribution uses the object \"\($0)\"" })
        #expect(coverage.unused.map(\.isRemark) == [true, true])
    }

    @Test("includes cluster distributions, whose fields are in a template")
    func cluster() {
        let text = """
            apiVersion: xlscsde.nhs.uk/v1
            kind: ClusterSecretsDistribution
            metadata: {name: all}
            spec:
              namespaces: ["*"]
              template:
                name: all
                secrets:
                  - {from: key, to: a}
                  - {from: kez, to: b}
            """
        let (coverage, problems) = Classes.coverage(Classes.parse(vault), text)
        #expect(
            problems.count == 1 && problems.first?.hasPrefix("10: spec.template.secrets[1].from is \"kez\"") == true)
        #expect(coverage.usedObjects.map { coverage.users(of: $0) } == [["ClusterSecretsDistribution all"]])
    }

    @Test("does not report what it cannot know: below a class with a problem")
    func unknown() {
        let broken = Classes.manifest(.vault, "- {objectName: a}")
        let (good, bad) = (Classes.parse(vault), Classes.parse(broken, folder: "other"))
        let manifest = Classes.distribution("d", ["other/x", "wrong"])
        #expect(Classes.coverage(good, bad, of: manifest).problems.map { $0.prefix(2) } == ["8:"])
        for text in [broken, "a: [", "kind: ConfigMap", vault.replacing("x-k8s.io/v1", with: "x-k8s.io/v2")] {
            #expect(Classes.coverage(good, Classes.parse(text), of: manifest).problems == [], "\(text)")
        }
        let folder = { (name: String) in
            "apiVersion: xlscsde.nhs.uk/v1\nkind: SecretsDistribution\nmetadata: {name: a, namespace: b}\n"
                + "spec: {name: c, dataFrom: [{folder: \(name), include: [\"**\"]}]}"
        }
        #expect(Classes.coverage(good, bad, of: folder("other/x")).problems == [])
        #expect(Classes.coverage(good, bad, of: folder("oth")).problems.count == 1)
    }

    @Test("accepts the files that depend on the vault or on a setting of the provider")
    func possible() {
        let azure = Classes.manifest(
            .azure,
            """
            array:
              - |
                objectName: web
                objectType: secret
                objectVersionHistory: 200
              - |
                objectName: api
                objectType: secret
            """)
        let classes = Classes.parse(azure)
        let good = ["web/0", "web/200", "web/150.crt", "web/3.key", "api.crt", "api"]
        #expect(Classes.coverage(classes, Classes.distribution("d", good)).problems == [])
        let bad = ["web", "web/201", "web/-1", "web/x", "api.pem", "api/0"]
        #expect(Classes.coverage(classes, Classes.distribution("d", bad)).problems.count == bad.count)
    }

    @Test("counts the class's own secretObjects as a use")
    func ownSecrets() {
        let text = vault + "\n  secretObjects: [{secretName: s, type: Opaque, data: [{objectName: key, key: k}]}]\n"
        let (coverage, _) = Classes.coverage(Classes.parse(text, folder: "f"), "")
        #expect(coverage.usedObjects.map { coverage.users(of: $0) } == [["SecretProviderClass agent/class"]])
    }
}
