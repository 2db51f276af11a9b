import Distribution
import JSON
import Kube
import TestSupport
import TestTraits
import Testing

/// Compares the agent's requests, from the server's audit log, with what the example grants.
@Suite("The roles of the example", .endsIfHung)
struct RolesTests {
    private struct Permission: Hashable, CustomStringConvertible {
        let group: String
        /// Including the subresource: `secretsdistributions/status`.
        let resource: String
        let verb: String

        var description: String { "\(verb) \(resource)" }
    }

    private func permissions(_ role: JSONValue) -> Set<Permission> {
        var all: Set<Permission> = []
        for rule in role["rules"]?.array ?? [] {
            for group in rule["apiGroups"]?.array ?? [] {
                for resource in rule["resources"]?.array ?? [] {
                    for verb in rule["verbs"]?.array ?? [] {
                        all.insert(
                            Permission(
                                group: group.string ?? "", resource: resource.string ?? "", verb: verb.string ?? ""))
                    }
                }
            }
        }
        return all
    }

    @Test("grant each verb that is needed, and no other")
    func noneBesides() async throws {
        let world = try await World()
        let role = try World.manifest("sidecar-example/cluster-role.yaml")
        try await bind(role, to: "erin", in: world)
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1", "b": "{}"])
        try await world.create(world.distribution("app", [("a", "a")], policy: .delete))
        try await world.withAgent(as: .named("erin")) {
            // A create, an update, and another Secret in its place.
            try await world.expect("app", ["a": "1"])
            try volume.write(["a": "2", "b": "{}"])
            try await world.expect("app", ["a": "2"])
            // A correction after a hand edit, reported by an Event that is counted up.
            // The agent does not keep the annotation, so it patches the Secret.
            try await world.patchSecret(
                "app",
                ["metadata": ["annotations": [WellKnownKeys.lastApplied: "{}"]], "data": ["a": "aGFuZA=="]])
            try await world.expect("app", ["a": "2"])
            try await world.patch(
                "app",
                [
                    "spec": [
                        "type": "kubernetes.io/dockerconfigjson",
                        "secrets": [["from": "b", "to": ".dockerconfigjson"]],
                    ]
                ])
            try await world.expect("app", [".dockerconfigjson": "{}"])
            // A former target that is removed.
            try await world.patch("app", ["spec": ["name": "renamed"]])
            try await world.expect("renamed", [".dockerconfigjson": "{}"])
            #expect(try await eventually { try await world.secret("app").map { _ in false } ?? true })
            try await world.expect("app", .synced)
        }
        // The audit log has a watch when it has ended.
        let needed = permissions(role)
        _ = try await eventually { try used(in: world) == needed }
        #expect(try used(in: world) == needed)
        let requests = try world.server.servedToErin()
        let needless = requests.filter {
            !$0.isOptional && ($0.code == 403 || $0.objectRef?.namespace != world.namespace)
        }
        #expect(needless.isEmpty, "\(needless.map(\.requestURI))")
    }

    private func used(in world: World) throws -> Set<Permission> {
        let permissions = try world.server.servedToErin().compactMap { request in
            request.objectRef.flatMap { object -> Permission? in
                if request.isOptional { return nil }
                let resource = object.subresource.map { "\(object.resource)/\($0)" } ?? object.resource
                return Permission(group: object.apiGroup ?? "", resource: resource, verb: request.verb)
            }
        }
        return Set(permissions)
    }

    @Test("grant the same in single namespaces as in all")
    func namespaced() throws {
        let expected = permissions(try World.manifest("sidecar-example/cluster-role.yaml"))
        let roles = try World.manifests("sidecar-example/namespaced/roles.yaml").filter { $0["kind"]?.string == "Role" }
        #expect(!roles.isEmpty)
        for role in roles { #expect(permissions(role) == expected) }
    }

    /// Only in the world's namespace.
    private func bind(_ role: JSONValue, to user: String, in world: World) async throws {
        let group = "rbac.authorization.k8s.io"
        let name = JSONValue.string("example-\(world.namespace)")
        try await world.client.create(
            Resource(group: group, plural: "clusterroles"),
            role.merging(["metadata": ["name": name]]))
        try await world.client.create(
            Resource(group: group, plural: "rolebindings"), namespace: world.namespace,
            [
                "apiVersion": .string("\(group)/v1"), "kind": "RoleBinding", "metadata": ["name": name],
                "roleRef": ["apiGroup": .string(group), "kind": "ClusterRole", "name": name],
                "subjects": [["kind": "User", "name": .string(user), "apiGroup": .string(group)]],
            ])
    }
}

extension APIServer.Served {
    /// Whether it only asks for what is optional: cluster distributions, and what the CSI driver reports.
    fileprivate var isOptional: Bool {
        ["clustersecretsdistributions", "secretproviderclasspodstatuses"].contains(objectRef?.resource)
            && verb == "list"
    }
}
