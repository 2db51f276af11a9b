import Distribution
import FoundationEssentials
import JSON
import Kube
import TestSupport
import Testing

/// Uses the resource definition, the role and a Secret as users of the Python operator have them.
@Suite("Next to an installed Python operator", .serialized)
struct PythonOperatorTests {
    private static let fixtures = "Tests/Fixtures/python-operator"

    @Test("its Secret is adopted and kept in sync, with the operator's definition and role unchanged")
    func adoptsAndKeepsInStep() async throws {
        let server = try await APIServer.start()
        do {
            try await adoptAndKeepInStep(on: server)
        } catch {
            await server.end()
            throw error
        }
        await server.end()
    }

    @Test("a dry run with its role reports each difference, follows what it writes, and sends read requests only")
    func shadows() async throws {
        let server = try await APIServer.start()
        do {
            try await shadow(on: server)
        } catch {
            await server.end()
            throw error
        }
        await server.end()
    }

    private func shadow(on server: APIServer) async throws {
        try await server.install(definition: try World.manifest("\(Self.fixtures)/crd.yaml"))
        let world = try await World(on: server)
        try await bindRole(to: "alice", on: server)
        let name = "wildcard-tls-secret"
        let secret = try World.manifest("\(Self.fixtures)/secret.yaml")
            .merging(["metadata": ["namespace": .string(world.namespace)]])
        try await world.client.create(.secrets, namespace: world.namespace, secret)
        try await world.create(
            world.distribution(
                "wildcard", secret: name, [("WildcardCertificate", "tls.crt"), ("WildcardCertificateKey", "tls.key")]))
        let volume = try AtomicVolume(world.mount)
        try volume.write(["WildcardCertificate": "certificate of today", "WildcardCertificateKey": "key of today"])
        try await world.withAgent(as: .named("alice")) {
            $0.managedBy = "secrets-distributor"
            $0.watchNamespaces = nil
            $0.dryRun = true
        } _: {
            let content = "would update secret "
            #expect(await eventually { world.logs.contains("dry run summary", "wouldWrite=1 ofTheseContent=1") })
            #expect(world.logs.contains(content, "/\(name)", "changedKeys=[tls.crt tls.key]"))
            #expect(world.logs.contains(content, "labels=[\(WellKnownKeys.managedByLabel)]"))

            // The operator writes the same content: only our labels and annotations are missing.
            try await write(name, ["tls.crt": "certificate of today", "tls.key": "key of today"], world)
            try await world.patch("wildcard", ["status": ["statusText": "Synced"]])
            #expect(
                await eventually {
                    world.logs.contains("would update metadata of secret", "/\(name)", "changedKeys=[]")
                })

            // A rotation that the operator has not seen yet, and then one of which it writes one half wrong.
            try volume.write(["WildcardCertificate": "certificate of today", "WildcardCertificateKey": "rotated key"])
            #expect(await eventually { world.logs.contains(content, "/\(name)", "changedKeys=[tls.key]") })
            try await write(name, ["tls.crt": "something else", "tls.key": "rotated key"], world)
            #expect(await eventually { world.logs.contains(content, "/\(name)", "changedKeys=[tls.crt]") })
            try await write(name, ["tls.crt": "certificate of today"], world)
            #expect(await eventually { world.logs.count("would update metadata of secret") == 2 })
            #expect(world.logs.count(content) == 3)
        }
        #expect(try await world.distribution("wildcard").status.statusText == "Synced")
        #expect(try await world.secret(name)?.metadata.labels == nil)
        let verbs = Set(try server.served(to: "alice").map(\.verb))
        #expect(!verbs.isEmpty && verbs.isSubset(of: ["get", "list", "watch"]), "\(verbs)")
        for text in ["certificate of", "rotated", "something else"] { #expect(world.logs.count(text) == 0) }
    }

    /// Writes a Secret as the operator does.
    private func write(_ name: String, _ values: [String: String], _ world: World) async throws {
        let data = values.mapValues { JSONValue.string(Data($0.utf8).base64EncodedString()) }
        try await world.patchSecret(name, ["data": .object(data)])
    }

    private func adoptAndKeepInStep(on server: APIServer) async throws {
        try await server.install(definition: try World.manifest("\(Self.fixtures)/crd.yaml"))
        let world = try await World(on: server)
        try await bindRole(to: "alice", on: server)
        let secret = try World.manifest("\(Self.fixtures)/secret.yaml")
            .merging(["metadata": ["namespace": .string(world.namespace)]])
        try await world.client.create(.secrets, namespace: world.namespace, secret)
        try await world.create(
            world.distribution(
                "wildcard", secret: "wildcard-tls-secret",
                [("WildcardCertificate", "tls.crt"), ("WildcardCertificateKey", "tls.key")]))
        let volume = try AtomicVolume(world.mount)
        try volume.write(["WildcardCertificate": "certificate of today", "WildcardCertificateKey": "key of today"])

        try await world.withAgent(as: .named("alice")) {
            $0.managedBy = "secrets-distributor"
            $0.watchNamespaces = nil
        } _: {
            try await world.expect(
                "wildcard-tls-secret", ["tls.crt": "certificate of today", "tls.key": "key of today"])
            let adopted = try #require(try await world.secret("wildcard-tls-secret"))
            #expect(adopted.metadata.labels?[WellKnownKeys.managedByLabel] == "secrets-distributor")
            #expect(adopted.metadata.annotations?[WellKnownKeys.distribution] == "\(world.namespace)/wildcard")

            // The definition has no status subresource and drops unknown fields.
            #expect(try await eventually { try await world.distribution("wildcard").status.statusText != nil })
            try await settled("wildcard", world)
            let first = try await world.distribution("wildcard")
            #expect(first.status.ready == nil)
            #expect(first.status.lastUpdated != nil)

            try volume.write(["WildcardCertificate": "rotated certificate", "WildcardCertificateKey": "rotated key"])
            try await world.expect(
                "wildcard-tls-secret", ["tls.crt": "rotated certificate", "tls.key": "rotated key"])

            // A status that is written to the resource itself comes back as a watch event: this causes no loop.
            try await settled("wildcard", world)
            let second = try await world.distribution("wildcard")
            #expect(second.generation - first.generation <= 1)
        }

        // After a restart the agent has nothing new to report.
        let before = try await world.distribution("wildcard").resourceVersion
        let again = try await World(sharing: world)
        try await again.withAgent(as: .named("alice")) {
            $0.managedBy = "secrets-distributor"
            $0.watchNamespaces = nil
        } _: {
            #expect(await eventually { again.logs.count("distribution=\(again.namespace)/wildcard") > 0 })
            try await settled("wildcard", again)
        }
        #expect(try await world.distribution("wildcard").resourceVersion == before)
    }

    /// An unrelated change that the agent responds to shows that it has processed everything before. The number of log
    /// lines about the distribution does not grow.
    private func settled(_ name: String, _ world: World) async throws {
        let marker = "marker-\(UInt32.random(in: 0...UInt32.max))"
        try await world.create(world.distribution(marker, [("WildcardCertificate", "a")]))
        #expect(try await eventually { try await world.secret(marker) != nil })
        #expect(try await eventually { try await world.distribution(marker).status.statusText != nil })
    }

    private func bindRole(to user: String, on server: APIServer) async throws {
        let group = "rbac.authorization.k8s.io"
        let role = try World.manifest("\(Self.fixtures)/cluster-role.yaml")
        let name: JSONValue = role["metadata"]?["name"] ?? "python-operator"
        try await server.client.create(Resource(group: group, plural: "clusterroles"), role)
        try await server.client.create(
            Resource(group: group, plural: "clusterrolebindings"),
            [
                "apiVersion": .string("\(group)/v1"), "kind": "ClusterRoleBinding", "metadata": ["name": name],
                "roleRef": ["apiGroup": .string(group), "kind": "ClusterRole", "name": name],
                "subjects": [["kind": "User", "name": .string(user), "apiGroup": .string(group)]],
            ])
    }
}
