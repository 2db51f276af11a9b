import Glibc
import JSON
import Kube
import TestSupport
import Testing

/// Runs the commands of the pages for those who come from another system, in their order, on a real API server where that
/// system's objects exist.
@Suite("The pages docs/how-to/coming-from-*.md")
struct ComingFromPagesTests {
    private struct Page {
        let name: String
        /// The names under which the commands use the page's YAML blocks, in their order.
        var files: [String] = []
        /// `namespace/name` of Secrets that the other system has written.
        var secrets: [String] = []
        /// Objects of the other system.
        var objects: [JSONValue] = []
    }

    private static let pages = [
        Page(
            name: "external-secrets", files: ["orders-db.yaml"], secrets: ["orders/orders-db"],
            objects: [
                custom("external-secrets.io/v1", "ExternalSecret", "externalsecrets", "orders/orders-db")
            ]),
        Page(name: "reflector", secrets: ["certificates/wildcard-tls", "team-a/wildcard-tls"]),
        Page(name: "kees", files: ["deployment.yaml"]),
        Page(
            name: "the-csi-driver", secrets: ["shop/wildcard"],
            objects: [
                custom("secret-sync.x-k8s.io/v1alpha1", "SecretSync", "secretsyncs", "shop/wildcard")
            ]),
    ]

    private static func custom(_ version: String, _ kind: String, _ plural: String, _ key: String) -> JSONValue {
        let parts = key.split(separator: "/").map { JSONValue.string(String($0)) }
        return [
            "apiVersion": .string(version), "kind": .string(kind), "plural": .string(plural),
            "metadata": ["namespace": parts[0], "name": parts[1]], "spec": [:],
        ]
    }

    /// A provider class with the objects that the page of External Secrets assumes.
    private static let providerClass = """
        apiVersion: secrets-store.csi.x-k8s.io/v1
        kind: SecretProviderClass
        metadata: {name: vault, namespace: orders}
        spec:
          provider: azure
          parameters:
            keyvaultName: vault
            tenantId: tenant
            objects: |
              array:
                - |
                  objectName: orders-db
                  objectType: secret
        """

    /// A provider class as the page of the CSI driver converts it.
    private static let converted = """
        apiVersion: secrets-store.csi.x-k8s.io/v1
        kind: SecretProviderClass
        metadata: {name: vault, namespace: shop}
        spec:
          provider: azure
          secretObjects:
            - secretName: wildcard
              type: Opaque
              data: [{objectName: password, key: password}]
        """

    @Test("have commands that work in their order", arguments: pages.map(\.name))
    func commands(_ name: String) async throws {
        let page = try #require(Self.pages.first { $0.name == name })
        let text = try Markdown("docs/how-to/coming-from-\(name).md")
        try await withServer { world in
            try await prepare(page, on: world.server)
            let folder = try TemporaryDirectory()
            for path in ["bin", "work", "mount"] { try makeDirectory(folder(path)) }
            try writeFile(folder("work/secret-provider-class.yaml"), Self.providerClass)
            try writeFile(folder("work/classes.yaml"), Self.converted)
            let manifests = text.blocks.filter { $0.language == "yaml" }
            for (file, block) in zip(page.files, manifests) {
                try writeFile(folder("work/\(file)"), block.text)
            }
            // `plan` reports differences with its exit status.
            try writeFile(
                folder("bin/secrets-distributor"),
                "#!/bin/sh\n\(Binary.path) \"$@\"; status=$?\n[ \"$1 $status\" = 'plan 2' ] && exit 0\nexit $status\n")
            // No controller here removes the finalizer of an orphaning deletion.
            try writeFile(
                folder("bin/kubectl"),
                "#!/bin/sh\n[ \"$1\" = delete ] && set -- \"$@\" --wait=false\nexec \(try await KubeTools.path("kubectl")) \"$@\"\n"
            )
            for tool in ["secrets-distributor", "kubectl"] { chmod(folder("bin/\(tool)"), 0o755) }
            let blocks = text.blocks.filter { $0.language == "sh" }
            #expect(!blocks.isEmpty)
            for block in blocks {
                let ended = try await Binary(
                    ["-e", "-c", "cd \(folder("work"))\n\(block.text)"],
                    environment: [
                        "PATH": "\(folder("bin")):/usr/bin:/bin", "HOME": folder("work"), "LANG": "C.UTF-8",
                        "KUBECONFIG": try world.server.kubeconfig(), "SECRETS_PATH": folder("mount"),
                    ], program: "/bin/bash"
                ).ended()
                #expect(
                    ended.status == 0, "\(text.path):\(block.line): \(ended.status)\n\(ended.output)\n\(ended.errors)")
            }
        }
    }

    private func prepare(_ page: Page, on server: APIServer) async throws {
        for namespace in ["orders", "shop", "certificates", "team-a"] {
            try await server.client.create(
                .namespaces,
                ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(namespace)]])
        }
        for secret in page.secrets {
            let parts = secret.split(separator: "/").map(String.init)
            try await server.client.create(
                .secrets, namespace: parts[0],
                ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(parts[1])]])
        }
        for object in page.objects {
            let version = (object["apiVersion"]?.string ?? "").split(separator: "/").map(String.init)
            let plural = object["plural"]?.string ?? ""
            try await server.install(definition: [
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": ["name": .string("\(plural).\(version[0])")],
                "spec": [
                    "group": .string(version[0]), "scope": "Namespaced",
                    "names": [
                        "plural": .string(plural), "singular": .string(String(plural.dropLast())),
                        "kind": object["kind"] ?? "",
                    ],
                    "versions": [
                        [
                            "name": .string(version[1]), "served": true, "storage": true,
                            "schema": [
                                "openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
                            ],
                        ]
                    ],
                ],
            ])
            try await server.client.create(
                Resource(group: version[0], version: version[1], plural: plural),
                namespace: object["metadata"]?["namespace"]?.string, object.removing("plural"))
        }
    }
}
