import Testing

@testable import ProviderClasses

/// What each provider makes of its parameters. The sources of the facts are named in `Providers`.
@Suite("The objects of a SecretProviderClass")
struct ProviderTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let provider: VaultProvider
        let objects: String
        var parameters: [String] = []
        /// Of all objects, in their order.
        let files: [String]
        let access: [VaultAccess]
    }

    static let cases: [Case] = [
        Case(
            testDescription: "Azure: the alias is the name of the file, otherwise the name; a secret may have two more",
            provider: .azure,
            objects: """
                array:
                  - |
                    objectName: " web "
                    objectType: secret
                    objectAlias: tls/web.pem
                  - "objectName: root\\nobjectType: cert"
                  - |
                    objectName: 007
                    objectType: key
                """,
            files: ["tls/web.pem", "tls/web.pem.crt", "tls/web.pem.key", "root", "007"],
            access: [
                .azure(vault: "vault", kind: .secret, name: "web"),
                .azure(vault: "vault", kind: .certificate, name: "root"),
                .azure(vault: "vault", kind: .key, name: "007"),
            ]),
        Case(
            testDescription: "Azure: a history of versions gives numbered files, one more than it says",
            provider: .azure,
            objects: """
                array:
                  - |
                    objectName: web
                    objectType: cert
                    objectVersionHistory: 2
                  - |
                    objectName: one
                    objectType: cert
                    objectVersionHistory: 1
                """,
            files: ["web/0", "web/1", "web/2", "one"],
            access: [
                .azure(vault: "vault", kind: .certificate, name: "web"),
                .azure(vault: "vault", kind: .certificate, name: "one"),
            ]),
        Case(
            testDescription: "AWS: slashes are replaced, an ARN needs no type, and the case of keys does not matter",
            provider: .aws,
            objects: """
                - objectName: prod/database
                  objectType: secretsmanager
                - objectname: /shop/url
                  OBJECTTYPE: ssmparameter
                - objectName: arn:aws:secretsmanager:eu-west-2:123456789012:secret:a/b-AbCdEf
                - objectName: arn:aws:ssm:eu-west-2:123456789012:parameter/c
                  objectAlias: parameter
                """,
            parameters: ["region: eu-west-2"],
            files: [
                "prod_database", "_shop_url", "arn:aws:secretsmanager:eu-west-2:123456789012:secret:a_b-AbCdEf",
                "parameter",
            ],
            access: [
                .awsSecret(.named("prod/database", region: "eu-west-2")),
                .awsParameter(.named("/shop/url", region: "eu-west-2")),
                .awsSecret(.arn("arn:aws:secretsmanager:eu-west-2:123456789012:secret:a/b-AbCdEf")),
                .awsParameter(.arn("arn:aws:ssm:eu-west-2:123456789012:parameter/c")),
            ]),
        Case(
            testDescription: "AWS: the members of JSON are files beside the whole secret; another translation",
            provider: .aws,
            objects: """
                - objectName: a/b
                  objectType: secretsmanager
                  jmesPath:
                    - {path: user, objectAlias: db/user}
                    - {path: pass, objectAlias: db/pass}
                """,
            parameters: ["pathTranslation: \"-\""],
            files: ["a-b", "db-user", "db-pass"], access: [.awsSecret(.named("a/b", region: nil))]),
        Case(
            testDescription: "AWS: without translation, slashes are folders",
            provider: .aws, objects: "- {objectName: /a/b, objectType: ssmparameter}",
            parameters: ["pathTranslation: \"False\""],
            files: ["a/b"], access: [.awsParameter(.named("/a/b", region: nil))]),
        Case(
            testDescription: "AWS: with a second region, the object is read there too, by its own name if it has one",
            provider: .aws,
            objects: """
                - {objectName: a, objectType: secretsmanager}
                - objectName: b
                  objectType: secretsmanager
                  objectAlias: c
                  failoverObject: {objectName: d}
                """,
            parameters: ["region: us-east-1", "failoverRegion: us-east-2"],
            files: ["a", "c"],
            access: [
                .awsSecret(.named("a", region: "us-east-1")), .awsSecret(.named("a", region: "us-east-2")),
                .awsSecret(.named("b", region: "us-east-1")), .awsSecret(.named("d", region: "us-east-2")),
            ]),
        Case(
            testDescription: "AWS: a parameter that refers to a secret needs the secret too",
            provider: .aws,
            objects: "- {objectName: /aws/reference/secretsmanager/x/y, objectType: ssmparameter, objectAlias: f}",
            files: ["f"],
            access: [
                .awsParameter(.named("/aws/reference/secretsmanager/x/y", region: nil)),
                .awsSecret(.named("x/y", region: nil)),
            ]),
        Case(
            testDescription: "Google: path comes before the older fileName; regional secrets and parameters",
            provider: .gcp,
            objects: """
                - resourceName: projects/p/secrets/a/versions/latest
                  path: x/a.txt
                  fileName: ignored
                - resourceName: projects/p/locations/europe-west2/secrets/b/versions/3
                  fileName: b
                  mode: 0400
                - resourceName: projects/p/locations/global/parameters/c/versions/v1
                  path: c
                  extractJSONKey: k
                """,
            files: ["x/a.txt", "b", "c"],
            access: [
                .googleSecret(project: "p", location: nil, name: "a"),
                .googleSecret(project: "p", location: "europe-west2", name: "b"), .googleParameters(project: "p"),
            ]),
        Case(
            testDescription: "Vault: a path without the API's version and query; other methods write",
            provider: .vault,
            objects: """
                - objectName: a
                  secretPath: secret/data/web?version=3
                  secretKey: k
                - objectName: b
                  secretPath: /v1/pki/issue/web
                  method: PUT
                  secretArgs: {ttl: 24h}
                """,
            parameters: ["vaultNamespace: ns", "vaultAddress: https://v:8200"],
            files: ["a", "b"],
            access: [
                .vaultPath(
                    VaultPath(
                        path: "secret/data/web", capabilities: ["read"], namespace: "ns", address: "https://v:8200")),
                .vaultPath(
                    VaultPath(
                        path: "pki/issue/web", capabilities: ["create", "update"], namespace: "ns",
                        address: "https://v:8200")),
            ]),
    ]

    @Test("become the files that the provider writes, and need the access that it uses", arguments: cases)
    func objects(_ example: Case) {
        var text = Classes.manifest(example.provider, example.objects)
        text += example.parameters.map { "    \($0)\n" }.joined()
        let parsed = Classes.parse(text)
        #expect(parsed.findings == [])
        #expect(parsed.unreadFolders == [])
        let objects = parsed.classes.flatMap(\.objects)
        #expect(objects.flatMap(\.files.all) == example.files)
        #expect(objects.flatMap(\.access) == example.access)
    }

    @Test("are below the folder where the class is mounted")
    func folder() {
        let text = Classes.manifest(.vault, "- {objectName: a/b, secretPath: secret/data/x}")
        #expect(Classes.objects(text, folder: "hashi/corp").flatMap(\.files.all) == ["hashi/corp/a/b"])
    }

    /// A list of objects, and the finding: its line in the file and its message.
    static let problems: [(VaultProvider, String, String)] = [
        (.azure, "objects:", "8: spec.parameters.objects has no \"array\", expected"),
        (
            .azure, "array:\n  - objectName: a",
            "9: spec.parameters.objects.array[0] is an object, expected an object as text"
        ),
        (
            .azure, "array:\n  - |\n    objectName: a\n    objectTyp: cert\n    objectType: cert",
            "11: remark: spec.parameters.objects.array[0] has the field \"objectTyp\", which the provider does not know"
        ),
        (.azure, "array:\n  - |\n    objectType: cert", "10: spec.parameters.objects.array[0].objectName is missing"),
        (.azure, "array:\n  - |\n    objectName: a", "10: spec.parameters.objects.array[0].objectType is missing"),
        (
            .azure, "array:\n  - |\n    objectName: a\n\n    objectType: certificate",
            "12: spec.parameters.objects.array[0].objectType is \"certificate\", expected secret, key or cert"
        ),
        (
            .azure, "array:\n  - |\n    objectName: a\n    objectType: cert\n    objectFormat: PFX",
            "12: spec.parameters.objects.array[0].objectFormat is \"PFX\", which needs objectType secret"
        ),
        (
            .azure, "array:\n  - |\n    objectName: a\n    objectType: key\n    objectEncoding: hex",
            "12: spec.parameters.objects.array[0].objectEncoding is \"hex\", which needs objectType secret"
        ),
        (
            .azure, "array:\n  - |\n    objectName: a\n    objectType: secret\n    objectVersionHistory: -1",
            "12: spec.parameters.objects.array[0].objectVersionHistory is the number -1, expected a whole number"
        ),
        (
            .azure, "array:\n  - |\n    objectName: a\n    objectType: secret\n    objectAlias: ../b",
            "10: the object \"a\" has a file name that is \"../b\", which leads out of a folder"
        ),
        (
            .azure, "array:\n  - |\n    objectName: a/b\n    objectType: secret",
            "10: spec.parameters.objects.array[0].objectName is \"a/b\", expected letters, digits and \"-\""
        ),
        (.azure, "array:\n  - |\n    objectName: [", "11: spec.parameters.objects.array[0] is not valid YAML"),
        (
            .azure, "array: [\"objectName: a\\nobjectTyp: cert\\nobjectType: cert\"]",
            "8: remark: spec.parameters.objects.array[0] has the field \"objectTyp\""
        ),
        (.aws, "- {objectName: a}", "8: spec.parameters.objects[0].objectType is missing, expected"),
        (.aws, "- objectName: a\n  objectType: ssm", "9: spec.parameters.objects[0].objectType is \"ssm\", expected"),
        (.aws, "- {objectType: secretsmanager}", "8: spec.parameters.objects[0].objectName is missing"),
        (
            .aws, "- {objectName: 5, objectType: secretsmanager}",
            "8: spec.parameters.objects[0].objectName is the number 5, expected text in quotes"
        ),
        (
            .aws, "- {objectName: \"a*\", objectType: secretsmanager}",
            "8: spec.parameters.objects[0].objectName is \"a*\", expected letters"
        ),
        (
            .aws, "- objectName: arn:aws:s3:::b",
            "8: spec.parameters.objects[0].objectName is \"arn:aws:s3:::b\", expected"
        ),
        (
            .aws, "- objectName: a\n  objectType: secretsmanager\n  filePermission: \"0999\"",
            "10: spec.parameters.objects[0].filePermission is \"0999\", expected four octal digits"
        ),
        (
            .aws, "- objectName: a\n  objectType: secretsmanager\n  jmesPath:\n    - path: x",
            "11: spec.parameters.objects[0].jmesPath[0].objectAlias is missing"
        ),
        (
            .aws, "- objectName: a\n  objectType: secretsmanager\n  objectAlias: b\n  failoverObject: {objectName: c}",
            "11: spec.parameters.objects[0].failoverObject is set, but spec.parameters.failoverRegion is missing"
        ),
        (
            .aws, "- {objectName: a, objectType: secretsmanager}\n- {objectName: a, objectType: secretsmanager}",
            "9: the object \"a\" gives the file \"a\", like the one on line 8"
        ),
        (.aws, "- 5", "8: spec.parameters.objects[0] is the number 5, expected an object"),
        (.aws, "a: b", "8: spec.parameters.objects is an object, expected a list"),
        (
            .gcp, "- resourceName: projects/p/secrets/a\n  path: a",
            "8: spec.parameters.secrets[0].resourceName is \"projects/p/secrets/a\", expected projects/PROJECT"
        ),
        (.gcp, "- resourceName: projects/p/secrets/a/versions/1", "8: spec.parameters.secrets[0].path is missing"),
        (
            .gcp, "- resourceName: projects/p/secrets/a/versions/1\n  path: a\n  mode: 01000",
            "10: spec.parameters.secrets[0].mode is 512, expected at most 0777"
        ),
        (
            .gcp,
            "- resourceName: projects/p/secrets/a/versions/1\n  path: a\n  extractJSONKey: x\n  extractYAMLKey: y",
            "11: spec.parameters.secrets[0].extractYAMLKey is set beside extractJSONKey"
        ),
        (.vault, "- secretPath: a/b", "8: spec.parameters.objects[0].objectName is missing"),
        (.vault, "- objectName: a", "8: spec.parameters.objects[0].secretPath is missing"),
        (.vault, "- objectName: a\n  secretPath: a/*", "9: spec.parameters.objects[0].secretPath is \"a/*\", expected"),
        (
            .vault, "- objectName: a\n  secretPath: a/{{b}}",
            "9: spec.parameters.objects[0].secretPath is \"a/{{b}}\", expected the path of one secret"
        ),
        (.vault, "- objectName: a\n  secretPath: a/+/b", "9: spec.parameters.objects[0].secretPath is \"a/+/b\""),
        (
            .vault, "- objectName: a\n  secretPath: a\n  encoding: rot13",
            "10: spec.parameters.objects[0].encoding is \"rot13\", expected utf-8, base64 or hex"
        ),
        (
            .vault, "- objectName: a\n  secretPath: a\n  method: DELETE",
            "10: spec.parameters.objects[0].method is \"DELETE\", expected GET, LIST, POST or PUT"
        ),
    ]

    @Test("with a problem name the field, its line in the file and what was expected", arguments: problems)
    func problem(provider: VaultProvider, objects: String, expected: String) {
        let findings = Classes.findings(Classes.manifest(provider, objects))
        #expect(findings.count == 1 && findings.first?.hasPrefix(expected) == true, "\(findings)")
    }

    @Test(
        "need parameters of the class",
        arguments: [
            ("provider: azure", "spec.parameters.tenantId is missing, expected the tenant of the vault"),
            ("provider: azure", "spec.parameters.keyvaultName is missing, expected the name of the vault"),
            ("provider: azure", "spec.parameters.objects is missing, expected a list of objects as YAML"),
            ("provider: vault", "spec.parameters.roleName is missing"),
            ("provider: gcp", "spec.parameters.secrets is missing"),
            ("provider: conjur", "spec.provider is \"conjur\", expected one of aws, azure, gcp, vault"),
        ])
    func parameters(provider: String, expected: String) {
        let text = Classes.manifest(.aws, "[]").replacing("provider: aws", with: provider)
            .replacing("    objects: |\n      []\n", with: "    other: x\n")
        let parsed = Classes.parse(text)
        #expect(parsed.findings.contains { $0.message.hasPrefix(expected) }, "\(parsed.findings)")
        #expect(parsed.unreadFolders == [""])
    }
}
