import Glibc
import TestSupport
import Testing

@Suite("The command export")
struct ExportTests {
    private let root: TemporaryDirectory
    private let arguments: [String]

    init() throws {
        root = try TemporaryDirectory()
        try writeFile(root("c.yaml"), ProviderClassTests.classes)
        try writeFile(root("d.yaml"), CommandTests.manifest)
        arguments = ["--provider-class", root("c.yaml"), root("d.yaml")]
    }

    @Test("prints the policy that the mount needs, and remarks beside it")
    func policy() async throws {
        let manifest = CommandTests.manifest.replacing("from: key", with: "from: certificate")
        let ended = try await Binary.run(
            ["export", "--format=vault-policy"] + arguments.dropLast() + ["-"], input: manifest)
        #expect(ended.status == 0)
        #expect(
            ended.output == """
                # Made by "secrets-distributor export --format vault-policy" from the distributions. Do not edit.

                # web/wildcard
                path "secret/data/web" {
                  capabilities = ["read"]
                }

                """)
        #expect(ended.errors.contains("c.yaml:10: remark: no distribution uses the object \"key\", so no access"))
    }

    @Test("takes a kustomization beside the distributions for a remark, as check does")
    func others() async throws {
        let kustomization = World.path("sidecar-example/distributions/kustomization.yaml")
        let ended = try await Binary.run(["export", "--format", "objects"] + arguments + [kustomization])
        #expect(ended.status == 0 && !ended.output.isEmpty, "\(ended.errors)")
        #expect(ended.errors.contains("\(kustomization): remark: contains no SecretsDistribution"))
        let alone = try await Binary.run(["export", "--format", "objects"] + arguments.dropLast() + [kustomization])
        #expect(alone.status == 1 && alone.output.isEmpty, "\(alone.errors)")
    }

    @Test("prints nothing if a distribution uses a file that no class gives, or has another problem")
    func nothingPartial() async throws {
        for (change, problem) in [
            ("from: kez", "d.yaml:12: spec.secrets[1].from is \"kez\""), ("form: key", "d.yaml:12: spec.secrets[1]"),
        ] {
            try writeFile(root("d.yaml"), CommandTests.manifest.replacing("from: key", with: change))
            let ended = try await Binary.run(["export", "--format", "objects"] + arguments)
            #expect(ended.status == 1)
            #expect(ended.output == "")
            #expect(ended.errors.contains(problem), "\(ended.errors)")
            #expect(ended.errors.contains("secrets-distributor: nothing is exported: "))
        }
        let other = try await Binary.run(["export", "--format", "aws-iam"] + arguments)
        #expect(other.status == 1 && other.output == "")
    }

    /// The commands of a cloud are not part of the tests, but what the shell passes to them is.
    @Test(
        "prints scripts that a shell runs, and that name a variable that is missing",
        arguments: [
            ("azure-rbac", "az", "PRINCIPAL_ID"), ("gcp-iam", "gcloud", "MEMBER"),
        ])
    func scripts(format: String, command: String, variable: String) async throws {
        let azure = """
            apiVersion: secrets-store.csi.x-k8s.io/v1
            kind: SecretProviderClass
            metadata: {name: class}
            spec:
              provider: azure
              parameters:
                keyvaultName: vault
                tenantId: t
                objects: |
                  array:
                    - |
                      objectName: certificate
                      objectType: secret
                    - |
                      objectName: key
                      objectType: cert
            """
        let google = """
            apiVersion: secrets-store.csi.x-k8s.io/v1
            kind: SecretProviderClass
            metadata: {name: class}
            spec:
              provider: gcp
              parameters:
                secrets: |
                  - {resourceName: projects/p/secrets/c/versions/latest, path: certificate}
                  - {resourceName: projects/p/secrets/k/versions/latest, path: key}
            """
        try writeFile(root("c.yaml"), format == "gcp-iam" ? google : azure)
        let exported = try await Binary.run(["export", "--format", format] + arguments)
        #expect(exported.status == 0, "\(exported.errors)")
        try writeFile(root("script"), exported.output)
        try makeDirectory(root("bin"))
        try writeFile(root("bin/\(command)"), "#!/bin/sh\nfor word; do printf '%s\\n' \"$word\"; done\n")
        chmod(root("bin/\(command)"), 0o755)
        var environment = [
            "PATH": "\(root("bin")):/usr/bin:/bin", "PRINCIPAL_ID": "a b", "SUBSCRIPTION_ID": "s",
            "RESOURCE_GROUP": "g h",
            "MEMBER": "user:a b",
        ]
        let run = try await Binary([root("script")], environment: environment, program: "/bin/bash").ended()
        #expect(run.status == 0, "\(run.errors)")
        let words = run.output.split(separator: "\n").map { String($0) }
        if format == "gcp-iam" {
            #expect(
                words.prefix(6) == [
                    "secrets", "add-iam-policy-binding", "c", "--project=p",
                    "--role=roles/secretmanager.secretAccessor", "--member=user:a b",
                ])
        } else {
            #expect(words.count == 2 * 11)
            #expect(words.prefix(7).suffix(4) == ["--role", "Key Vault Reader", "--assignee-object-id", "a b"])
            #expect(
                words.last
                    == "/subscriptions/s/resourceGroups/g h/providers/Microsoft.KeyVault/vaults/vault/secrets/certificate"
            )
        }
        environment[variable] = nil
        let unset = try await Binary([root("script")], environment: environment, program: "/bin/bash").ended()
        #expect(unset.status != 0 && unset.output == "")
        #expect(unset.errors.contains("\(variable): is not set, expected "))
    }

    @Test(
        "rejects wrong usage with status 64 and values that cannot be used with 78",
        arguments: [
            (["export"], 64, "export needs --format, one of aws-iam, azure-rbac, gcp-iam, vault-policy, terraform"),
            (["export", "--format", "iam", "a"], 64, "--format is \"iam\", expected one of aws-iam"),
            (["export", "--format", "objects", "a"], 64, "export needs --provider-class and at least one file"),
            (["export", "--format", "objects", "--provider-class", "a"], 64, "export needs --provider-class and at"),
            (
                ["export", "--format", "objects", "--account", "1"], 64,
                "--account is a flag of the formats aws-iam and"
            ),
            (["check", "--format", "objects", "a"], 64, "--format is a flag of export only"),
            (["sync", "--provider-class", "a"], 64, "--provider-class is a flag of check and export only"),
            (
                ["export", "--format", "aws-iam", "--provider-class", "a", "--account", "1", "b"], 78,
                "--account is \"1\", expected the 12 digits of an AWS account"
            ),
            (
                ["export", "--format", "terraform", "--provider-class", "a", "--region", "*", "b"], 78,
                "--region is \"*\", expected an AWS region"
            ),
        ] as [([String], Int32, String)])
    func usage(arguments: [String], status: Int32, message: String) async throws {
        let ended = try await Binary.run(arguments)
        #expect(ended.status == status)
        #expect(ended.errors.contains(message), "\(ended.errors)")
        #expect(ended.output == "")
    }

    @Test("cannot write its output: status 74")
    func fullDisk() async throws {
        let ended = try await Binary(
            ["-c", "exec \(Binary.path) \"$@\" >/dev/full", "sh", "export", "--format", "objects"] + arguments,
            program: "/bin/sh"
        ).ended()
        #expect(ended.status == 74)
    }
}
