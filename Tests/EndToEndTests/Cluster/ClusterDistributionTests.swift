import Agent
import Distribution
import FoundationEssentials
import JSON
import Kube
import TestSupport
import TestTraits
import Testing

/// One resource for many namespaces. Each test has its own server, because the agent serves all its namespaces.
@Suite("A cluster distribution on a real API server", .endsIfHung)
struct ClusterDistributionTests {
    @Test("follows namespaces as they are created, labelled, unlabelled and deleted")
    func namespaces() async throws {
        try await withClusterServer { world in
            let volume = try AtomicVolume(world.mount)
            try volume.write(["a": "one"])
            for name in ["gold-1", "gold-2"] { try await world.create(namespace: name, labels: ["tier": "gold"]) }
            try await world.create(namespace: "plain")
            try await world.create(
                cluster: "wide", ["namespaceSelector": ["matchLabels": ["tier": "gold"]]], policy: .delete)
            try await world.withClusterAgent {
                try await world.expect("app", in: ["gold-1", "gold-2"], ["key": "one"])
                #expect(try await eventually { try await world.counts("wide") == "2/2 Synced" })
                #expect(try await world.secret("app", in: "plain") == nil)

                try await world.create(namespace: "gold-3", labels: ["tier": "gold"])
                try await world.label(namespace: "plain", ["tier": "gold"])
                try await world.expect("app", in: ["gold-3", "plain"], ["key": "one"])
                try await world.label(namespace: "gold-1", ["tier": nil])
                #expect(try await eventually { try await world.secret("app", in: "gold-1") == nil })
                try volume.write(["a": "two"])
                try await world.expect("app", in: ["gold-2", "gold-3", "plain"], ["key": "two"])
                // There is no namespace controller: the namespace stays in this state.
                try await world.client.delete(.namespaces, name: "gold-2", uid: nil)
                #expect(try await eventually { try await world.counts("wide") == "2/2 Synced" })
                #expect(try await world.secret("app", in: "gold-2") != nil)

                try await world.client.delete(.clusterSecretsDistributions, name: "wide", uid: nil)
                for name in ["gold-3", "plain"] {
                    #expect(try await eventually { try await world.secret("app", in: name) == nil })
                }
            }
        }
    }

    @Test(
        "with policy Retain keeps the Secrets that it leaves, and gives up its owner reference when the policy changes")
    func retain() async throws {
        try await withClusterServer { world in
            try AtomicVolume(world.mount).write(["a": "one"])
            for name in ["team-1", "team-2"] { try await world.create(namespace: name) }
            try await world.create(cluster: "wide", ["namespaces": ["team-*"]], policy: .delete)
            try await world.withClusterAgent {
                try await world.expect("app", in: ["team-1", "team-2"], ["key": "one"])
                let owner = try #require(try await world.secret("app", in: "team-1")?.metadata.ownerReferences?.first)
                #expect(owner.kind == "ClusterSecretsDistribution" && owner.name == "wide")
                try await world.patch(
                    cluster: "wide", ["spec": ["template": ["deletionPolicy": "Retain"], "namespaces": ["team-2"]]])
                for name in ["team-1", "team-2"] {
                    #expect(
                        try await eventually {
                            try await world.secret("app", in: name)?.metadata.ownerReferences ?? [] == []
                        })
                }
                try await world.client.delete(.clusterSecretsDistributions, name: "wide", uid: nil)
                try await world.create(cluster: "next", ["namespaces": ["team-1"]])
                // The former Secret is adopted.
                #expect(
                    try await eventually {
                        try await world.secret("app", in: "team-1")?.metadata.annotations?[WellKnownKeys.distribution]
                            == "next"
                    })
                #expect(try await world.secret("app", in: "team-2") != nil)
            }
        }
    }

    @Test("is safe for tenants: foreign Secrets, distributions of a namespace, drift and the access policy")
    func tenants() async throws {
        try await withClusterServer { world in
            try AtomicVolume(world.mount).write(["a": "one", "b": "other"])
            for name in ["team-1", "team-2", "team-3", "team-4"] { try await world.create(namespace: name) }
            try await world.create(secret: "app", in: "team-1", ["theirs": "1"])
            try await world.create(
                distribution: "own", in: "team-2", ["name": "app", "secrets": [["from": "b", "to": "own"]]])
            let policy = world.directory("policy.yaml")
            try writeFile(
                policy,
                """
                kind: SecretsAccessPolicy
                spec:
                  rules:
                    - {namespaces: [team-1, team-2, team-3], files: ["*"]}
                """)
            try await world.create(cluster: "wide", ["namespaces": ["team-*"]])
            try await world.withClusterAgent {
                $0.policyPath = policy
            } _: {
                #expect(try await eventually { try await world.counts("wide") == "1/4 NotManaged" })
                let status = try await world.cluster("wide").status
                #expect(
                    status.targets?.notInSync.map { "\($0.namespace) \($0.reason)" } == [
                        "team-1 NotManaged", "team-2 TargetConflict", "team-4 PolicyDenied",
                    ])
                try await world.expect("app", in: ["team-2"], ["own": "other"])
                try await world.expect("app", in: ["team-3"], ["key": "one"])
                #expect(try await world.secret("app", in: "team-4") == nil)

                try await world.client.patch(
                    .secrets, namespace: "team-3", name: "app", ["stringData": ["key": "by hand", "more": "1"]])
                try await world.expect("app", in: ["team-3"], ["key": "one"])
                try await world.client.delete(.secretsDistributions, namespace: "team-2", name: "own", uid: nil)
                try await world.expect("app", in: ["team-2"], ["key": "one"])
                #expect(try await eventually { try await world.counts("wide").hasPrefix("2/4") })
            }
            let events = try await world.events(about: "wide")
            // One for each status at most, however many namespaces there are.
            #expect((1...6).contains(events.count), "\(events)")
        }
    }

    @Test("of two for the same Secret, the older one wins, and the other one takes over when it is deleted")
    func two() async throws {
        try await withClusterServer { world in
            try AtomicVolume(world.mount).write(["a": "one", "b": "two"])
            try await world.create(namespace: "team-1")
            try await world.create(cluster: "a-first", ["namespaces": ["team-*"]], policy: .delete)
            try await world.create(cluster: "b-second", ["namespaces": ["team-*"]], from: "b", policy: .delete)
            try await world.withClusterAgent {
                try await world.expect("app", in: ["team-1"], ["key": "one"])
                #expect(try await eventually { try await world.counts("b-second") == "0/1 TargetConflict" })
                try await world.client.delete(.clusterSecretsDistributions, name: "a-first", uid: nil)
                try await world.expect("app", in: ["team-1"], ["key": "two"])
                #expect(try await eventually { try await world.counts("b-second") == "1/1 Synced" })
            }
        }
    }

    @Test("needs rights that nobody else needs: without them, the rest works, and the agent says so once")
    func permissions() async throws {
        try await withClusterServer { world in
            try AtomicVolume(world.mount).write(["a": "one"])
            try await world.create(
                distribution: "own", in: world.namespace, ["name": "own", "secrets": [["from": "a", "to": "a"]]])
            let server = world.server
            for (verbs, resource) in [
                (["get", "list", "watch", "create", "patch", "delete"], Resource.secrets),
                (["create", "patch"], .events),
                (["get", "list", "watch", "patch"], .secretsDistributions),
            ] { try await server.allow("carol", verbs, resource, in: nil) }
            try await world.withClusterAgent(as: .named("carol")) {
                try await world.expect("own", in: [world.namespace], ["a": "one"])
                #expect(await eventually { world.logs.contains("cluster distributions are not served") })
            }
            #expect(world.logs.lines.filter { $0.contains("cluster distributions are not served") }.count == 1)
            // With the right to read them, but not to list namespaces.
            try await server.allow("carol", ["get", "list", "watch", "patch"], .clusterSecretsDistributions, in: nil)
            try await world.create(cluster: "wide", ["namespaces": ["team-*"]])
            try await world.create(namespace: "team-1")
            try await World(sharing: world).withClusterAgent(as: .named("carol")) {
                #expect(try await eventually { try await world.counts("wide") == "0/0 WriteFailed" })
                let text = try await world.cluster("wide").status.statusText ?? ""
                #expect(text.hasPrefix("Nothing is written: the namespaces cannot be listed: "), "\(text)")
                try await world.client.patch(
                    .secrets, namespace: world.namespace, name: "own", ["stringData": ["a": "by hand"]])
                try await world.expect("own", in: [world.namespace], ["a": "one"])
            }
            // Exactly the rights of the example.
            try await world.bind("sidecar-example/cluster-distributions/roles.yaml", to: "carol")
            try await server.waitUntil("carol", may: ["list", "watch"], .namespaces, in: nil)
            try await World(sharing: world).withClusterAgent(as: .named("carol")) {
                try await world.expect("app", in: ["team-1"], ["key": "one"])
            }
        }
    }

    @Test("without its resource definition nothing is missing; once it is installed, it works")
    func definition() async throws {
        try await withServer { world in
            try AtomicVolume(world.mount).write(["a": "one"])
            try await world.create(
                distribution: "own", in: world.namespace, ["name": "own", "secrets": [["from": "a", "to": "a"]]])
            try await world.withClusterAgent {
                try await world.expect("own", in: [world.namespace], ["a": "one"])
                #expect(
                    await eventually { world.logs.contains("cluster distributions are not served", "not installed") })
                #expect(!world.logs.contains("warning", "clustersecretsdistributions"))
            }
            try await world.server.install(definition: try World.manifest("sidecar-example/cluster-crd.yaml"))
            try await world.create(namespace: "team-1")
            try await world.create(cluster: "wide", ["namespaces": ["team-*"]])
            try await World(sharing: world).withClusterAgent {
                try await world.expect("app", in: ["team-1"], ["key": "one"])
            }
        }
    }

    @Test("the server stores and prints what a person needs to see")
    func columns() async throws {
        try await withClusterServer { world in
            try AtomicVolume(world.mount).write(["a": "one"])
            for name in ["team-1", "team-2"] { try await world.create(namespace: name) }
            try await world.create(secret: "app", in: "team-1", ["theirs": "1"])
            try await world.create(cluster: "wide", ["namespaces": ["team-*"]])
            try await world.withClusterAgent {
                try await world.expect("app", in: ["team-2"], ["key": "one"])
                #expect(try await eventually { try await world.counts("wide") == "1/2 NotManaged" })
            }
            var request = Request.list(.clusterSecretsDistributions)
            request.accept = "application/json;as=Table;g=meta.k8s.io;v=v1"
            let table = try await world.client.send(request, decoding: JSONValue.self)
            let names = table["columnDefinitions"]?.array?.filter { $0["priority"] == 0 }.map {
                $0["name"]?.string ?? ""
            }
            #expect(names == ["Name", "Secret", "Namespaces", "In sync", "Ready", "Age"])
            let cells = try #require(table["rows"]?.array?.first?["cells"]?.array)
            #expect(cells.prefix(5) == ["wide", "app", 2, 1, "False"])
        }
    }
}

// MARK: The world of these tests

/// Runs `body` in a world with its own server, which has both resource definitions.
private func withClusterServer(_ body: (World) async throws -> Void) async throws {
    try await withServer { world in
        try await world.server.install(definition: try World.manifest("sidecar-example/cluster-crd.yaml"))
        try await body(world)
    }
}

extension World {
    /// Runs an agent that serves all namespaces.
    fileprivate func withClusterAgent(
        as user: APIServer.User = .admin, _ configure: (inout Settings) -> Void = { _ in },
        _ body: () async throws -> Void
    ) async throws {
        try await withAgent(as: user) {
            $0.watchNamespaces = nil
            configure(&$0)
        } _: {
            try await body()
        }
    }

    fileprivate func create(namespace: String, labels: [String: String] = [:]) async throws {
        try await client.create(
            .namespaces,
            [
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": ["name": .string(namespace), "labels": .object(labels.mapValues { .string($0) })],
            ])
    }

    fileprivate func label(namespace: String, _ labels: [String: String?]) async throws {
        let values = labels.mapValues { $0.map { JSONValue.string($0) } ?? .null }
        try await client.patch(.namespaces, name: namespace, ["metadata": ["labels": .object(values)]])
    }

    /// Creates the ClusterRole of a file and binds it to a user.
    fileprivate func bind(_ file: String, to user: String) async throws {
        let group = "rbac.authorization.k8s.io"
        let role = try #require(try Self.manifests(file).first)
        try await client.create(Resource(group: group, plural: "clusterroles", isNamespaced: false), role)
        try await client.create(
            Resource(group: group, plural: "clusterrolebindings", isNamespaced: false),
            [
                "apiVersion": .string("\(group)/v1"), "kind": "ClusterRoleBinding", "metadata": ["name": .string(user)],
                "roleRef": [
                    "apiGroup": .string(group), "kind": "ClusterRole", "name": role["metadata"]?["name"] ?? .null,
                ],
                "subjects": [["kind": "User", "name": .string(user), "apiGroup": .string(group)]],
            ])
    }

    /// A cluster distribution of Secret `app` with data key `key`.
    fileprivate func create(
        cluster name: String, _ selection: JSONValue, from file: String = "a", policy: DeletionPolicy = .retain
    ) async throws {
        let template: JSONValue = [
            "name": "app", "deletionPolicy": .string(policy.rawValue),
            "secrets": [["from": .string(file), "to": "key"]],
        ]
        try await client.create(
            .clusterSecretsDistributions,
            [
                "apiVersion": "xlscsde.nhs.uk/v1", "kind": "ClusterSecretsDistribution",
                "metadata": ["name": .string(name)], "spec": selection.merging(["template": template]),
            ])
    }

    fileprivate func patch(cluster name: String, _ patch: JSONValue) async throws {
        try await client.patch(.clusterSecretsDistributions, name: name, patch)
    }

    fileprivate func create(distribution name: String, in namespace: String, _ spec: JSONValue) async throws {
        try await client.create(
            .secretsDistributions, namespace: namespace,
            [
                "apiVersion": "xlscsde.nhs.uk/v1", "kind": "SecretsDistribution", "metadata": ["name": .string(name)],
                "spec": spec,
            ])
    }

    fileprivate func create(secret name: String, in namespace: String, _ data: [String: String]) async throws {
        try await client.create(
            .secrets, namespace: namespace,
            [
                "apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name)],
                "stringData": .object(data.mapValues { .string($0) }),
            ])
    }

    fileprivate func secret(_ name: String, in namespace: String) async throws -> LiveSecret? {
        do {
            return try await client.get(LiveSecret.self, .secrets, namespace: namespace, name: name)
        } catch {
            guard case .notFound = error.kind else { throw error }
            return nil
        }
    }

    /// Waits until the Secret holds exactly these values in each of the namespaces.
    fileprivate func expect(
        _ name: String, in namespaces: [String], _ values: [String: String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let wanted = values.mapValues { Data($0.utf8) }
        for namespace in namespaces {
            let isSo = try await eventually { try await self.secret(name, in: namespace)?.data == wanted }
            try #require(isSo, "Secret \(namespace)/\(name) is different", sourceLocation: sourceLocation)
        }
    }

    fileprivate func cluster(_ name: String) async throws -> SecretsDistribution {
        let json = try await client.get(JSONValue.self, .clusterSecretsDistributions, name: name)
        return try SecretsDistribution(reading: try JSONNode(json: json.encoded()[...]), isCluster: true)
    }

    /// `2/3 NotManaged`: in sync, of all, and the reason.
    fileprivate func counts(_ name: String) async throws -> String {
        let status = try await cluster(name).status
        return "\(status.targets?.inSync ?? 0)/\(status.targets?.all ?? 0) \(status.ready?.reason ?? "none")"
    }

    /// The messages of the Events on a cluster distribution, which are in namespace `default`.
    fileprivate func events(about name: String) async throws -> [String] {
        let all = try await client.send(.list(.events, namespace: "default"), decoding: JSONValue.self)
        return (all["items"]?.array ?? []).filter { $0["involvedObject"]?["name"]?.string == name }
            .map { $0["message"]?.string ?? "" }
    }
}
