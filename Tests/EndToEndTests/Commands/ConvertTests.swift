import FoundationEssentials
import JSON
import Kube
import TestSupport
import Testing
import YAML

@Suite("The command convert")
struct ConvertTests {
    private static func classes(namespace: String) -> String {
        """
        apiVersion: secrets-store.csi.x-k8s.io/v1
        kind: SecretProviderClass
        metadata: {name: vault, namespace: \(namespace)}
        spec:
          provider: azure
          secretObjects:
          - secretName: wildcard
            type: kubernetes.io/tls
            labels: {environment: test}
            data:
            - {objectName: wildcard, key: tls.crt}
            - {objectName: wildcard, key: tls.key}
          - secretName: database
            type: Opaque
            annotations: {example.com/note: text}
            data:
            - {objectName: database/password, key: password}
        ---
        apiVersion: secret-sync.x-k8s.io/v1alpha1
        kind: SecretSync
        metadata: {name: token, namespace: \(namespace)}
        spec:
          serviceAccountName: reader
          secretProviderClassName: vault
          secretObject:
            type: Opaque
            data: [{sourcePath: token, targetKey: token}]

        """
    }

    private static let kees = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, namespace: shop}
        spec:
          template:
            metadata:
              annotations:
                secret.example.com/db: "kind=REFERENCE,type=PASSWORD,storageKey=database/password"

        """

    @Test("prints distributions that check accepts, also from standard input and from several files")
    func check() async throws {
        let root = try TemporaryDirectory()
        try writeFile(root("classes.yaml"), Self.classes(namespace: "shop"))
        let converted = try await Binary.run(
            ["convert", "--annotation-domain=example.com", root("classes.yaml"), "-"], input: Self.kees)
        #expect(converted.status == 0, "\(converted.errors)")
        #expect(converted.errors.contains("remark: spec.serviceAccountName is \"reader\""))
        #expect(converted.errors.hasSuffix("4 distributions from 2 files; everything has a counterpart\n"))
        let checked = try await Binary.run(["check", "-"], input: converted.output)
        #expect(checked.status == 0 && checked.output == "4 distributions in 1 file: 0 problems\n", "\(checked.output)")
    }

    @Test("reports what has no counterpart with file and line, and ends with status 1")
    func lost() async throws {
        let root = try TemporaryDirectory()
        try writeFile(
            root("a.yaml"), Self.classes(namespace: "shop").replacing("key: password", with: "key: pass/word"))
        try writeFile(root("b.yaml"), "kind: [")
        let ended = try await Binary.run(["convert", root("a.yaml"), root("b.yaml"), root("none.yaml")])
        #expect(ended.status == 1)
        #expect(
            ended.errors.contains(
                "/a.yaml:17: spec.secretObjects[1].data[0].key has no counterpart: it is \"pass/word\""))
        #expect(ended.errors.contains("/b.yaml:"))
        #expect(ended.errors.contains("/none.yaml: cannot be read: No such file"))
        #expect(
            ended.errors.hasSuffix("2 distributions from 3 files; not everything has a counterpart\n"),
            "\(ended.errors)")
        #expect(try await Binary.run(["check", "-"], input: ended.output).status == 0)
    }

    @Test("explains its usage, and rejects a wrong one")
    func usage() async throws {
        let help = try await Binary.run(["convert", "--help"], environment: ["MANAGED_BY": "a b"])
        #expect(help.status == 0 && help.output.hasPrefix("usage: secrets-distributor convert"))
        #expect(try await Binary.run(["convert"]).status == 64)
        let wrong = try await Binary.run(
            ["convert", "-"], environment: ["MANAGED_BY": "a b", "SECRETS_PATH": "relative"])
        #expect(wrong.status == 78 && wrong.errors.contains("MANAGED_BY is \"a b\""))
        let nothing = try await Binary.run(["convert", "-"], input: "kind: ConfigMap")
        #expect(nothing.status == 1 && nothing.errors.contains("there is nothing to convert"))
    }

    /// The words of the commands of kubectl in the comments above the distribution of this Secret.
    private func commands(_ secret: String, in text: String) -> [[String]] {
        let lines = text.split(separator: "\n").drop { !$0.hasPrefix("# To hand over Secret \(secret),") }
        return lines.prefix { $0.hasPrefix("#") }.filter { $0.hasPrefix("#   kubectl ") }.map { line in
            let words = line.split(separator: " ").dropFirst(2)
            return words.map { String($0).replacing("'", with: "") }
        }
    }

    @Test("prints distributions whose plan changes no content of the Secrets that the CSI driver wrote")
    func handover() async throws {
        let world = try await World()
        let kubectl = try await Kubectl(on: world.server, namespace: world.namespace)
        let authority = try TLSPair.make("ca", isAuthority: true)
        let pair = try TLSPair.make("leaf", kind: .rsa, issuer: authority)
        let key = try pair.key(as: .traditional)
        try AtomicVolume(world.mount).write([
            "wildcard": key + pair.chain(authority), "database/password": "very secret", "token": "t",
        ])
        let converted = try await Binary.run(
            ["convert", "--managed-by", world.namespace, "-"], input: Self.classes(namespace: world.namespace))
        #expect(converted.status == 0, "\(converted.errors)")
        // As the driver writes them: `createOrUpdateK8sSecret` and `patchSecretWithOwnerRef`.
        let written: [(name: String, type: String, data: [String: String])] = [
            ("wildcard", "kubernetes.io/tls", ["tls.crt": pair.chain(authority), "tls.key": key]),
            ("database", "Opaque", ["password": "very secret"]),
        ]
        for secret in written {
            let owner: JSONValue = [
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1",
                "uid": "7f3c9a55-8c11-4be0-9d0b-000000000001",
            ]
            try await world.client.create(
                .secrets, namespace: world.namespace,
                [
                    "apiVersion": "v1", "kind": "Secret", "type": .string(secret.type),
                    "metadata": [
                        "name": .string(secret.name), "labels": ["secrets-store.csi.k8s.io/managed": "true"],
                        "ownerReferences": [owner],
                    ],
                    "stringData": .object(secret.data.mapValues { .string($0) }),
                ])
        }
        for document in try YAMLParser.documents(in: Array(converted.output.utf8)).prefix(2) {
            try await world.create(try JSONValue(json: document.json()))
        }
        let environment = [
            "SECRETS_PATH": world.mount, "MANAGED_BY": world.namespace, "WATCH_NAMESPACES": world.namespace,
            "KUBECONFIG": try world.server.kubeconfig(.admin),
        ]
        let before = try PlanTests.Report(try await Binary.run(["plan", "--output=json"], environment: environment))
        #expect(before.heldBack.map(\.reason) == ["NotManaged", "NotManaged"])
        for secret in written {
            let commands = commands(secret.name, in: converted.output)
            #expect(commands.map(\.first) == ["patch", "annotate"])
            for command in commands {
                let run = try await kubectl.run(command)
                #expect(run.status == 0, "\(command): \(run.errors)")
            }
        }
        let ended = try await Binary.run(["plan", "--output=json"], environment: environment)
        let plan = try PlanTests.Report(ended)
        #expect(plan.heldBack == [] && plan.faults == [])
        #expect(plan.changes.map(\.secret).sorted() == ["database", "wildcard"])
        for change in plan.changes {
            #expect(change.change == "update" && change.type == nil && !change.ownerReference)
            #expect(change.keys == .init(added: [], changed: [], removed: []), "\(change.secret): \(change.keys)")
        }
        #expect(!ended.output.contains("very secret"))
        let synced = try await Binary.run(["sync"], environment: environment)
        #expect(synced.status == 0, "\(synced.output)\(synced.errors)")
        for secret in written {
            let live = try #require(try await world.secret(secret.name))
            #expect(live.data == secret.data.mapValues { Data($0.utf8) })
            #expect(live.metadata.ownerReferences?.isEmpty ?? true)
        }
    }
}
