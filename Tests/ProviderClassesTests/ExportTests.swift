import JSON
import Testing

@testable import ProviderClasses

@Suite("The exported access")
struct ExportTests {
    private static let azure = Classes.manifest(
        .azure,
        """
        array:
          - |
            objectName: web
            objectType: secret
          - |
            objectName: root
            objectType: cert
            objectAlias: ca/root
          - |
            objectName: unused
            objectType: key
        """)
    private static let aws = Classes.manifest(
        .aws,
        """
        - objectName: prod/db
          objectType: secretsmanager
          jmesPath:
            - {path: user, objectAlias: user}
        - objectName: /shop/url
          objectType: ssmparameter
        - objectName: arn:aws:secretsmanager:us-east-1:123456789012:secret:full-AbCdEf
          objectAlias: full
        - objectName: arn:aws:secretsmanager:us-east-1:123456789012:secret:partial
          objectAlias: partial
        """)
    private static let google = Classes.manifest(
        .gcp,
        """
        - {resourceName: projects/p/secrets/s/versions/latest, path: s, mode: 0400}
        - {resourceName: projects/p/locations/europe-west2/secrets/r/versions/1, path: r}
        - {resourceName: projects/p/locations/global/parameters/q/versions/1, path: q}
        """)
    private static let vault = Classes.manifest(
        .vault,
        """
        - {objectName: crt, secretPath: secret/data/web, secretKey: certificate}
        - {objectName: key, secretPath: secret/data/web, secretKey: key}
        - {objectName: pki, secretPath: pki/issue/x, method: PUT, secretArgs: {ttl: 1.50}}
        """)
    private static let files = [
        "web", "ca/root", "user", "_shop_url", "full", "partial", "s", "r", "q", "crt", "pki",
    ]

    private func export(
        _ format: ExportFormat, _ distributions: [String], of classes: [String] = [azure, aws, google, vault],
        account: String? = nil, region: String? = nil
    ) throws -> AccessExport.Output {
        let text = classes.joined(separator: "\n---\n")
        let (coverage, problems) = Classes.coverage(Classes.parse(text), distributions.joined(separator: "\n---\n"))
        #expect(problems == [])
        return try AccessExport(format, account: account, region: region).output(of: coverage)
    }

    private let all = Classes.distribution("all", files)

    @Test("for AWS is a policy with the ARNs of what is used, and names who uses it")
    func awsPolicy() throws {
        let second = Classes.distribution("b", ["user", "s"])
        let output = try export(.awsIAM, [all, second], account: "111122223333", region: "cn-north-1")
        #expect(
            output.text == """
                {
                  "Version": "2012-10-17",
                  "Statement": [
                    {
                      "Sid": "SecretsWebAll",
                      "Effect": "Allow",
                      "Action": [
                        "secretsmanager:DescribeSecret",
                        "secretsmanager:GetSecretValue"
                      ],
                      "Resource": [
                        "arn:aws:secretsmanager:us-east-1:123456789012:secret:full-AbCdEf",
                        "arn:aws:secretsmanager:us-east-1:123456789012:secret:partial-??????"
                      ]
                    },
                    {
                      "Sid": "SecretsWebAllWebB",
                      "Effect": "Allow",
                      "Action": [
                        "secretsmanager:DescribeSecret",
                        "secretsmanager:GetSecretValue"
                      ],
                      "Resource": [
                        "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:prod/db-??????"
                      ]
                    },
                    {
                      "Sid": "ParametersWebAll",
                      "Effect": "Allow",
                      "Action": [
                        "ssm:GetParameters"
                      ],
                      "Resource": [
                        "arn:aws-cn:ssm:cn-north-1:111122223333:parameter/shop/url"
                      ]
                    }
                  ]
                }

                """)
        #expect(try JSONValue(json: Array(output.text.utf8))["Version"]?.string == "2012-10-17")
        #expect(output.remarks == [])
    }

    @Test("for AWS without an account and a region has placeholders that AWS rejects, and says so")
    func placeholders() throws {
        let output = try export(.awsIAM, [all])
        #expect(output.text.contains("\"arn:aws:ssm:REGION:ACCOUNT:parameter/shop/url\""))
        #expect(
            output.remarks.map { $0.message.prefix(28) }
                == ["the policy contains ACCOUNT i", "the policy contains REGION i"].map { $0.prefix(28) })
    }

    @Test("for AWS has a Sid of letters and digits for each set of distributions, never twice")
    func sids() throws {
        let objects = (0..<6).map { "- {objectName: o\($0), objectType: secretsmanager}" }.joined(separator: "\n")
        let output = try export(
            .awsIAM,
            [
                Classes.distribution("a-b", ["o0", "o5"]), Classes.distribution("a.b", ["o1", "o5"]),
                Classes.distribution("c", ["o5"]), Classes.distribution("d", ["o5"]), Classes.distribution("e", ["o5"]),
            ], of: [Classes.manifest(.aws, objects)])
        let statements = try JSONValue(json: Array(output.text.utf8))["Statement"]?.array ?? []
        #expect(
            statements.compactMap { $0["Sid"]?.string } == [
                "SecretsWebAB", "SecretsWebABWebABWebCAnd2More", "SecretsWebABX2",
            ])
    }

    @Test("for Azure is a script with a role assignment for each object")
    func azureScript() throws {
        let output = try export(.azureRBAC, [all])
        #expect(
            output.text == """
                #!/usr/bin/env bash
                # Made by "secrets-distributor export --format azure-rbac" from the distributions. Do not edit.
                set -euo pipefail
                : "${PRINCIPAL_ID:?is not set, expected the object ID of the identity of the pod}"
                : "${SUBSCRIPTION_ID:?is not set, expected the subscription of the vault}"
                : "${RESOURCE_GROUP:?is not set, expected the resource group of the vault}"

                # web/all
                az role assignment create --role "Key Vault Reader" \\
                    --assignee-object-id "$PRINCIPAL_ID" --assignee-principal-type ServicePrincipal \\
                    --scope "/subscriptions/$SUBSCRIPTION_ID/resourceGroups/$RESOURCE_GROUP/providers/Microsoft.KeyVault/vaults/vault/certificates/root"

                # web/all
                az role assignment create --role "Key Vault Secrets User" \\
                    --assignee-object-id "$PRINCIPAL_ID" --assignee-principal-type ServicePrincipal \\
                    --scope "/subscriptions/$SUBSCRIPTION_ID/resourceGroups/$RESOURCE_GROUP/providers/Microsoft.KeyVault/vaults/vault/secrets/web"

                """)
        #expect(output.remarks.map(\.place.line) == [17])
        #expect(
            output.remarks.first?.message.hasPrefix("no distribution uses the object \"unused\", so no access") == true)
    }

    @Test("for Google is a script with a role binding for each secret")
    func googleScript() throws {
        let output = try export(.gcpIAM, [all])
        #expect(
            output.text == """
                #!/usr/bin/env bash
                # Made by "secrets-distributor export --format gcp-iam" from the distributions. Do not edit.
                set -euo pipefail
                : "${MEMBER:?is not set, expected the principal of the service account of the pod}"

                # web/all
                gcloud secrets add-iam-policy-binding s --project=p \\
                    --role=roles/secretmanager.secretAccessor --member="$MEMBER"

                # web/all
                gcloud secrets add-iam-policy-binding r --project=p --location=europe-west2 \\
                    --role=roles/secretmanager.secretAccessor --member="$MEMBER"

                # web/all
                gcloud projects add-iam-policy-binding p --condition=None \\
                    --role=roles/parametermanager.parameterAccessor --member="$MEMBER"

                """)
    }

    @Test("for Vault is a policy with each path once; an unused object of a path that is read needs no remark")
    func vaultPolicy() throws {
        let output = try export(.vaultPolicy, [all])
        #expect(
            output.text == """
                # Made by "secrets-distributor export --format vault-policy" from the distributions. Do not edit.

                # web/all
                path "pki/issue/x" {
                  capabilities = ["create", "update"]
                }

                # web/all
                path "secret/data/web" {
                  capabilities = ["read"]
                }

                """)
        #expect(HCLFormat.fault(output.text) == nil)
        #expect(output.remarks == [])
    }

    @Test("for Vault is of one namespace and one server; Terraform takes several namespaces")
    func vaultNamespaces() throws {
        let classes = ["a", "b"].map { name in
            Classes.manifest(.vault, "- {objectName: \(name), secretPath: \(name)}", "vaultNamespace: \(name)")
        }
        let manifest = Classes.distribution("d", ["a", "b"])
        #expect(throws: AccessExport.Failure.self) { try export(.vaultPolicy, [manifest], of: classes) }
        let terraform = try export(.terraform, [manifest], of: classes).text
        #expect(
            terraform.contains(
                "resource \"vault_policy\" \"secrets_distributor_a\" {\n  namespace = \"a\"\n  name      = "))
        #expect(HCLFormat.fault(terraform) == nil)
        let servers = classes.map { $0.replacing("vaultNamespace", with: "vaultAddress") }
        #expect(throws: AccessExport.Failure.self) { try export(.terraform, [manifest], of: servers) }
    }

    @Test("for Terraform has the resources of all providers, in the form of terraform fmt")
    func terraform() throws {
        let text = try export(.terraform, [all]).text
        #expect(HCLFormat.fault(text) == nil)
        for part in [
            "data \"aws_caller_identity\" \"current\" {}", "data \"aws_region\" \"current\" {}",
            """
              # web/all
              statement {
                actions = [
                  "ssm:GetParameters",
                ]
                resources = [
                  "arn:${data.aws_partition.current.partition}:ssm:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:parameter/shop/url",
                ]
              }
            """,
            """
            # web/all
            resource "azurerm_role_assignment" "vault_secret_web" {
              scope                = "${data.azurerm_key_vault.vault.id}/secrets/web"
              role_definition_name = "Key Vault Secrets User"
              principal_id         = var.azure_principal_id
            }
            """,
            """
            # web/all
            resource "google_secret_manager_regional_secret_iam_member" "p_europe-west2_r" {
              project   = "p"
              location  = "europe-west2"
              secret_id = "r"
              role      = "roles/secretmanager.secretAccessor"
              member    = var.google_member
            }
            """,
            """
              name   = var.vault_policy_name
              policy = <<-EOT
                # web/all
                path "pki/issue/x" {
                  capabilities = ["create", "update"]
                }
            """,
        ] { #expect(text.contains(part), "\(part)") }
        let literal = try export(.terraform, [all], account: "111122223333", region: "eu-west-2").text
        #expect(!literal.contains("aws_caller_identity") && !literal.contains("aws_region"))
    }

    @Test(
        "as classes keeps exactly the used objects, which give the same files again",
        arguments: [azure, aws, google, vault])
    func reduced(text: String) throws {
        let before = Classes.parse(text).classes.flatMap(\.objects)
        let used = before.filter { !Set($0.files.all).isDisjoint(with: Self.files) }
        let some = Classes.distribution(
            "some", Self.files.filter { file in before.contains { $0.files.all.contains(file) } })
        let output = try export(.objects, [some], of: [text])
        #expect(output.remarks.count == before.count - used.count)
        let again = Classes.parse(output.text)
        #expect(again.findings == [])
        let after = again.classes.flatMap(\.objects)
        #expect(after.map(\.name) == used.map(\.name))
        #expect(after.map(\.files) == used.map(\.files))
        #expect(after.map(\.access) == used.map(\.access))
        #expect(output.text.components(of: "# web/some").count - 1 == used.count)
        // A class without anything to remove stays the same text.
        #expect(try export(.objects, [some], of: [output.text]).text == output.text)
    }

    @Test("as classes keeps numbers as they are written")
    func numbers() throws {
        #expect(
            try export(.objects, [Classes.distribution("d", ["s"])], of: [Self.google]).text.contains("mode: 0400\n"))
        #expect(
            try export(.objects, [Classes.distribution("d", ["pki"])], of: [Self.vault]).text.contains("ttl: 1.50\n"))
    }

    @Test("does not depend on the order of the distributions and their entries", arguments: ExportFormat.allCases)
    func stable(format: ExportFormat) throws {
        let manifests = [all, Classes.distribution("b", ["s", "web"]), Classes.distribution("c", ["crt", "user"])]
        let turned = [
            Classes.distribution("c", ["user", "crt"]), Classes.distribution("b", ["web", "s"]),
            Classes.distribution("all", Self.files.reversed()),
        ]
        let text = try export(format, manifests).text
        #expect(try export(format, turned).text == text)
    }

    @Test("without an object to read is an error", arguments: ExportFormat.allCases.filter { $0.provider != nil })
    func nothing(format: ExportFormat) {
        let classes = [Self.azure, Self.vault].filter { Classes.parse($0).classes[0].provider != format.provider }
        #expect(throws: AccessExport.Failure.self) { try export(format, [], of: classes) }
    }
}

extension String {
    fileprivate func components(of separator: String) -> [Substring] {
        split(separator: separator, omittingEmptySubsequences: false)
    }
}
