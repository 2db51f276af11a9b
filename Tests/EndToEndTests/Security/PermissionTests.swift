import FoundationEssentials
import Kube
import TestSupport
import Testing

/// Roles that lack a permission, on a real API server.
@Suite("Without a permission the agent")
struct PermissionTests {
    @Test("continues, and names the permission in the status")
    func namesMissingPermissions() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "A"])
        let user = "carol"
        try await world.server.allow(
            user, ["get", "list", "watch", "create", "patch"], .secrets, in: world.namespace)
        try await world.server.allow(
            user, ["get", "list", "watch", "patch"], .secretsDistributions, in: world.namespace)
        try await world.create(world.distribution("typed", [("a", "a")]))
        try await world.create(world.distribution("plain", [("a", "a")]))
        try await world.create(world.distribution("renamed", secret: "former", [("a", "a")], policy: .delete))
        // Namespaced roles are sufficient for WATCH_NAMESPACES.
        try await world.withAgent(as: .named(user)) {
            for name in ["typed", "plain", "renamed"] { try await world.expect(name, .synced) }
            try await world.patch("typed", ["spec": ["type": "example.com/mine"]])
            try await world.expect("typed", .typeChangeRefused)
            let text = try #require(try await world.distribution("typed").status.statusText)
            #expect(text.contains("cannot delete") || text.contains("delete secrets"), "\(text)")
            try await world.expect("typed", ["a": "A"])

            try await world.patch("renamed", ["spec": ["name": "latter"]])
            try await world.expect("latter", ["a": "A"])
            #expect(
                try await eventually {
                    try await world.distribution("renamed").status.statusText?.contains("was not removed") == true
                })
            try volume.write(["a": "B"])
            try await world.expect("plain", ["a": "B"])

            // When somebody else has removed the Secret, the status no longer mentions it.
            try await world.client.delete(.secrets, namespace: world.namespace, name: "former", uid: nil)
            #expect(
                try await eventually {
                    try await world.distribution("renamed").status.statusText?.contains("was not removed") == false
                })
        }
    }

    @Test("lists periodically if it may not watch Secrets, and reports this in the status")
    func namesMissingWatch() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "A"])
        try await world.server.allow(
            "bob", ["get", "list", "create", "patch"], .secrets, in: world.namespace)
        try await world.server.allow(
            "bob", ["get", "list", "watch", "patch"], .secretsDistributions, in: world.namespace)
        try await world.create(world.distribution("blind", [("a", "a")]))
        try await world.withAgent(as: .named("bob")) {
            try await world.expect("blind", ["a": "A"])
            #expect(
                try await eventually {
                    try await world.distribution("blind").status.statusText?.contains("watch") == true
                })
            try await world.expect("blind", .synced)
        }
    }

    @Test("does not treat a status as written if it may not write it")
    func namesMissingStatus() async throws {
        let world = try await World()
        let volume = try AtomicVolume(world.mount)
        try volume.write(["a": "1"])
        try await world.create(world.distribution("told", [("a", "a")]))
        try await world.withAgent { try await world.expect("told", .synced) }
        let group = "rbac.authorization.k8s.io"
        try await world.server.allow(
            "alice", ["get", "list", "watch", "create", "patch"], .secrets, in: world.namespace)
        try await world.client.create(
            Resource(group: group, plural: "roles"), namespace: world.namespace,
            [
                "apiVersion": .string("\(group)/v1"), "kind": "Role", "metadata": ["name": "no-status"],
                "rules": [
                    [
                        "apiGroups": ["xlscsde.nhs.uk"], "resources": ["secretsdistributions"],
                        "verbs": ["get", "list", "watch", "patch"],
                    ]
                ],
            ])
        try await world.client.create(
            Resource(group: group, plural: "rolebindings"), namespace: world.namespace,
            [
                "apiVersion": .string("\(group)/v1"), "kind": "RoleBinding", "metadata": ["name": "no-status"],
                "roleRef": ["apiGroup": .string(group), "kind": "Role", "name": "no-status"],
                "subjects": [["kind": "User", "name": "alice", "apiGroup": .string(group)]],
            ])
        try await world.server.waitUntil(
            "alice", may: ["get", "list", "watch", "patch"], .secretsDistributions, in: world.namespace)
        let second = try await World(sharing: world)
        try await second.withAgent(as: .named("alice")) {
            try await second.expect("told", ["a": "1"])
            try volume.write(["a": "2"])
            try await second.expect("told", ["a": "2"])
            #expect(
                await eventually { second.logs.count("status cannot be written") > 0 },
                "\(second.logs.lines.joined(separator: "\n"))")
        }
    }

    @Test("reports in the status that it may not list Secrets")
    func namesMissingList() async throws {
        let world = try await World()
        try AtomicVolume(world.mount).write(["a": "A"])
        let user = "carol"
        try await world.server.allow(
            user, ["get", "list", "watch", "patch"], .secretsDistributions, in: world.namespace)
        try await world.create(world.distribution("blind", [("a", "a")]))
        try await world.withAgent(as: .named(user)) {
            try await world.expect("blind", .writeFailed)
            #expect(try await world.distribution("blind").status.statusText?.contains("list") == true)
        }
    }
}
