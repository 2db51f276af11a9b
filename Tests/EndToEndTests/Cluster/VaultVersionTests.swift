import Distribution
import JSON
import Kube
import TestSupport
import Testing

@Suite("The versions of the vault's objects, on a real API server")
struct VaultVersionTests {
    private static let group = "secrets-store.csi.x-k8s.io"
    private static let pod = "0f0e0d0c-0b0a-0908-0706-050403020100"
    private let statuses = Resource(group: group, plural: "secretproviderclasspodstatuses")
    private let classes = Resource(group: group, plural: "secretproviderclasses")

    /// The definitions of the driver, as far as this test needs them: names, and objects of any shape.
    private func install(on server: APIServer) async throws {
        for (plural, kind) in [
            ("secretproviderclasses", "SecretProviderClass"),
            ("secretproviderclasspodstatuses", "SecretProviderClassPodStatus"),
        ] {
            let anything: JSONValue = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
            try await server.install(definition: [
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": ["name": .string("\(plural).\(Self.group)")],
                "spec": [
                    "group": .string(Self.group), "scope": "Namespaced",
                    "names": [
                        "plural": .string(plural), "singular": .string(kind.lowercased()), "kind": .string(kind),
                        "listKind": .string("\(kind)List"),
                    ],
                    "versions": [
                        [
                            "name": "v1", "served": true, "storage": true,
                            "schema": ["openAPIV3Schema": anything],
                        ]
                    ],
                ],
            ])
        }
    }

    private func podStatus(_ name: String, class className: String, pod: String, _ versions: [String: String])
        -> JSONValue
    {
        [
            "apiVersion": .string("\(Self.group)/v1"), "kind": "SecretProviderClassPodStatus",
            "metadata": ["name": .string(name)],
            "status": [
                "mounted": true, "secretProviderClassName": .string(className),
                "targetPath": .string("/var/lib/kubelet/pods/\(pod)/volumes/kubernetes.io~csi/vault/mount"),
                "objects": .array(
                    versions.sorted { $0.key < $1.key }.map { ["id": .string($0.key), "version": .string($0.value)] }),
            ],
        ]
    }

    private func sources(_ world: World, _ name: String) async throws -> [String] {
        try await world.distribution(name).status.sources.map { "\($0.from) \($0.object) \($0.version)" }
    }

    private let azure = """
        array:
          - |
            objectName: db-password
            objectType: secret
            objectAlias: password
          - |
            objectName: web
            objectType: cert
        """

    @Test("are in the status of what uses them, with the generation they were read with, and follow a rotation")
    func rotation() async throws {
        let world = try await World()
        try await install(on: world.server)
        let volume = try AtomicVolume(world.mount)
        try volume.write(["password": "1", "web": "c"])
        try await world.client.create(
            classes, namespace: world.namespace,
            [
                "apiVersion": .string("\(Self.group)/v1"), "kind": "SecretProviderClass", "metadata": ["name": "azure"],
                "spec": [
                    "provider": "azure",
                    "parameters": ["keyvaultName": "vault", "tenantId": "t", "objects": .string(azure)],
                ],
            ])
        try await world.client.create(
            statuses, namespace: world.namespace,
            podStatus("other", class: "azure", pod: "1\(Self.pod.dropFirst())", ["secret/db-password": "theirs"]))
        let ours = { (version: String) in
            self.podStatus(
                "ours", class: "azure", pod: Self.pod, ["secret/db-password": version, "cert/web": "c1"])
        }
        try await world.client.create(statuses, namespace: world.namespace, ours("v1"))
        try await world.create(world.distribution("app", [("password", "p")]))
        try await world.create(world.distribution("both", [("password", "p"), ("web", "w")]))
        try await world.withAgent {
            $0.lease.podUID = Self.pod
        } _: {
            #expect(try await eventually { try await sources(world, "app") == ["password secret/db-password v1"] })
            #expect(
                try await eventually {
                    try await sources(world, "both") == ["password secret/db-password v1", "web cert/web c1"]
                })
            // The driver reports the version after it has written the files.
            let generation = try volume.write(["password": "2", "web": "c"])
            try await world.expect("app", ["p": "2"])
            try await world.client.patch(statuses, namespace: world.namespace, name: "ours", ours("v2"))
            #expect(try await eventually { try await sources(world, "app") == ["password secret/db-password v2"] })
            let status = try await world.distribution("app").status
            #expect(status.sources.first?.generation == generation)
        }
        let explained = try await Binary.run(
            ["explain", "password"],
            environment: [
                "KUBECONFIG": try world.server.kubeconfig(), "SECRETS_PATH": world.mount,
                "WATCH_NAMESPACES": world.namespace, "MANAGED_BY": world.namespace,
            ])
        #expect(
            explained.output.contains("2 distributions hold version v2 of secret/db-password from \"password\""),
            "\(explained.output)\n\(explained.errors)")
    }

    @Test(
        "change nothing if the agent may not read them, and are guessed from names without the right to read the class")
    func rights() async throws {
        let world = try await World()
        try await install(on: world.server)
        try AtomicVolume(world.mount).write(["password": "1", "plain": "2"])
        try await world.client.create(
            statuses, namespace: world.namespace,
            podStatus("ours", class: "vault", pod: Self.pod, ["password": "v1", "secret/plain": "v2", "gone": "v3"]))
        let user = "frank"
        for (verbs, resource) in [
            (["get", "list", "watch", "patch"], Resource.secretsDistributions),
            (["get", "list", "watch", "create", "patch"], .secrets), (["create", "patch"], .events),
        ] { try await world.server.allow(user, verbs, resource, in: world.namespace) }
        try await world.create(world.distribution("app", [("password", "a"), ("plain", "b")]))
        try await world.withAgent(as: .named(user)) {
            $0.lease.podUID = Self.pod
        } _: {
            try await world.expect("app", .synced)
            #expect(await eventually { world.logs.contains("versions cannot be read") })
            #expect(try await sources(world, "app") == [])
            #expect(!world.logs.contains("warning", "secretproviderclass"))
        }
        try await world.server.allow(user, ["list"], statuses, in: world.namespace)
        try await world.withAgent(as: .named(user)) {
            $0.lease.podUID = Self.pod
        } _: {
            let isKnown = try await eventually {
                try await sources(world, "app") == ["password password v1", "plain secret/plain v2"]
            }
            #expect(isKnown)
        }
    }
}
