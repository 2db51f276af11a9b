import Distribution
import Testing
import YAML

@testable import Conversion

@Suite("A workload with annotations of kees")
struct WorkloadTests {
    private static let annotation = "secret.bsycorp.com/db: \"kind=REFERENCE,type=PASSWORD,storageKey=shared/db\""

    private func pod(_ annotations: String..., name: String = "web") -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: \(name)
          annotations:
        \(annotations.map { "    \($0)" }.joined(separator: "\n"))
        """
    }

    @Test(
        "of each kind becomes a distribution",
        arguments: [
            ("v1", "Pod", []), ("v1", "ReplicationController", ["spec", "template"]),
            ("apps/v1", "Deployment", ["spec", "template"]), ("apps/v1", "StatefulSet", ["spec", "template"]),
            ("apps/v1", "DaemonSet", ["spec", "template"]), ("apps/v1", "ReplicaSet", ["spec", "template"]),
            ("batch/v1", "Job", ["spec", "template"]),
            ("batch/v1", "CronJob", ["spec", "jobTemplate", "spec", "template"]),
        ] as [(String, String, [String])])
    func kinds(version: String, kind: String, path: [String]) throws {
        let metadata = "metadata: {annotations: {\(Self.annotation)}}"
        let inner = path.reversed().reduce(metadata) { "\($1): {\($0)}" }
        let own =
            path.isEmpty
            ? "metadata: {name: web, annotations: {\(Self.annotation)}}" : "metadata: {name: web}\n\(inner)"
        let converted = try Converted("apiVersion: \(version)\nkind: \(kind)\n\(own)")
        converted.expectValid()
        #expect(converted.findings == [])
        #expect(converted.distributions.map(\.key.name) == ["web"])
        #expect(converted.distributions.first?.spec.name == "web-secrets")
        #expect(converted.sources() == ["db": "shared/db"])
        #expect(!converted.text.contains("kubectl"))
    }

    @Test("in a list is converted, with and without a kind of its own")
    func lists() throws {
        let item = "metadata: {name: web, annotations: {\(Self.annotation)}}"
        let list = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, \(item)}\n"
        let typed = "apiVersion: v1\nkind: PodList\nitems:\n- {\(item)}\n"
        for text in [list, typed] {
            let converted = try Converted(text)
            #expect(converted.distributions.count == 1 && converted.findings == [], "\(converted.findings)")
        }
    }

    @Test("has secrets and resources in one Secret, and files without the field of a resource")
    func parameters() throws {
        let converted = try Converted(
            pod(
                "secret.bsycorp.com/key.v1_public: \"kind=REFERENCE,type=RSA\"",
                "resource.bsycorp.com/db_url: \"\"", "resource.bsycorp.com/x: \"storageKey=app.x,localModeValue=eA==\"",
                "iam.amazonaws.com/role: app"))
        converted.expectValid()
        #expect(converted.findings == [])
        #expect(converted.sources() == ["key.v1_public": "key.v1_public", "db_url": "db", "x": "app.x"])
    }

    @Test("gets a generate entry for each value that kees generates, with a remark")
    func generated() throws {
        let converted = try Converted(
            pod(
                "secret.bsycorp.com/p: \"kind=DYNAMIC,type=PASSWORD,size=128\"",
                "secret.bsycorp.com/r: \"kind=DYNAMIC,type=RANDOM,size=256\"",
                "secret.bsycorp.com/k_private: \"kind=DYNAMIC,type=RSA,size=2048\"",
                "secret.bsycorp.com/k_public: \"kind=DYNAMIC,type=RSA,size=2048\""))
        converted.expectValid()
        #expect(converted.lost == [] && converted.remarks.count == 4)
        let entries = try #require(converted.documents.first?["spec"]?["secrets"])
        let fields = { (index: Int, names: [String]) in
            names.map { entries[index]?["generate"]?[$0]?.scalar.map { "\($0)" } ?? "none" }
        }
        #expect((0..<4).map { entries[$0]?["to"]?.string } == ["k_private", "k_public", "p", "r"])
        let rsa = ["kind", "size", "pair", "part", "format"]
        #expect(
            fields(0, rsa) == [
                "string(\"RSA\")", "int(2048)", "string(\"k\")", "string(\"Private\")", "string(\"DER\")",
            ])
        #expect(fields(1, ["part"]) == ["string(\"Public\")"])
        #expect(fields(2, ["kind", "size"]) == ["string(\"Password\")", "int(16)"])
        #expect(entries[2]?["generate"]?["characters"]?.string?.count == 62)
        #expect(fields(3, ["kind", "size"]) == ["string(\"Random\")", "int(32)"])
    }

    @Test(
        "has no counterpart for some annotations, which are reported with line and reason",
        arguments: [
            ("secret.bsycorp.com/g_public: \"kind=DYNAMIC,type=GPG,size=2048,userId=a<b>\"", "no key pairs of GPG"),
            ("secret.bsycorp.com/k_public: \"kind=DYNAMIC,type=RSA,size=2048\"", "the other half of the pair"),
            ("secret.bsycorp.com/k: \"kind=DYNAMIC,type=RSA,size=2048\"", "names the halves of a pair"),
            (
                "secret.bsycorp.com/api-key_consumer: \"kind=DYNAMIC,type=RANDOM,size=64\"",
                "its consumer and its provider"
            ),
            (
                "secret.bsycorp.com/p: \"kind=DYNAMIC,type=PASSWORD,size=7\"",
                "has no counterpart: it is 0, expected 8 to 1024 characters"
            ),
            ("lease.bsycorp.com/n: \"kind=INDEX,rangeStart=0,rangeEnd=9\"", "asks for a lease"),
            ("secret.bsycorp.com/x: \"kind=OTHER\"", "has the kind \"OTHER\", expected"),
            ("secret.bsycorp.com/x: 7", "is not a string"),
            ("secret.bsycorp.com/x: \"kind=REFERENCE,storageKey=/x\"", "it is \"/x\", an absolute path"),
            ("init.bsycorp.com/local-mode: remote-then-local", "holds the whole Secret back"),
        ])
    func lost(annotation: String, message: String) throws {
        let converted = try Converted(pod(annotation, Self.annotation))
        converted.expectValid()
        #expect(converted.sources() == ["db": "shared/db"])
        #expect(converted.lost.count == 1 && converted.lost.first?.hasPrefix("1.yaml:6: ") == true, "\(converted.lost)")
        #expect(converted.lost.first?.contains(message) == true, "\(converted.lost)")
    }

    @Test("has constants in local mode")
    func localMode() throws {
        let converted = try Converted(
            pod(
                "init.bsycorp.com/local-mode: \"true\"",
                "secret.bsycorp.com/a: \"kind=DYNAMIC,type=PASSWORD,size=8,localModeValue=eAo=\"",
                "secret.bsycorp.com/b: \"kind=DYNAMIC,type=PASSWORD,size=8\""))
        converted.expectValid()
        #expect(converted.documents.first?["spec"]?["secrets"]?[0]?["value"]?.string == "x\n")
        #expect(converted.lost.count == 1 && converted.lost.first?.contains("has no localModeValue") == true)
    }

    @Test("does not share a generated value with another one, which is reported")
    func shared() throws {
        let annotation = "secret.bsycorp.com/p: \"kind=DYNAMIC,type=PASSWORD,size=128\""
        let converted = try Converted(pod(annotation), pod(annotation, Self.annotation, name: "api"))
        #expect(converted.distributions.count == 2)
        #expect(converted.lost.count == 1)
        #expect(
            converted.lost.first?.hasPrefix(
                "2.yaml:6: secret.bsycorp.com/p has no counterpart: kees gives the same value to the pods of 1.yaml:6")
                == true,
            "\(converted.lost)")
        let apart = try Converted(
            pod(annotation), pod(annotation, "init.bsycorp.com/storage-prefix: /other", name: "api"))
        #expect(apart.lost == [])
    }

    @Test("has a name of its own, also if another resource has the same one")
    func names() throws {
        let deployment = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec: {template: {metadata: {annotations: {\(Self.annotation)}}}}
            """
        let converted = try Converted(pod(Self.annotation) + "\n---\n" + deployment + "\n---\n" + deployment)
        converted.expectValid()
        #expect(converted.distributions.map(\.key.name) == ["web", "web-2", "web-3"])
        #expect(converted.distributions.map(\.spec.name) == ["web-secrets", "web-2-secrets", "web-3-secrets"])
    }

    @Test("of another domain is skipped with a remark, and so are documents of other kinds")
    func skipped() throws {
        let converted = try Converted(
            pod(Self.annotation), "kind: ConfigMap\napiVersion: v1\n---\n7\n---\nkind: Deployment\napiVersion: x/v1",
            domain: "example.com")
        #expect(converted.distributions.isEmpty && converted.lost == [])
        #expect(converted.remarks.count == 4)
        #expect(
            try Converted(pod(Self.annotation.replacing("bsycorp", with: "example")), domain: "example.com").lost == [])
    }
}
