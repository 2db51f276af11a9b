import FoundationEssentials
package import JSON
package import Kube

extension APIServer {
    /// Creates a namespace that no other test uses.
    package func namespace() async throws -> String {
        let name = "test-" + UUID().uuidString.lowercased()
        try await client.create(
            .namespaces,
            ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)]])
        return name
    }

    /// Lets a named user do `verbs` with a resource, in one namespace or, with nil, in all. Returns when the server
    /// applies the role, which it learns through its own watches.
    package func allow(
        _ user: String, _ verbs: [String], _ resource: Resource, in namespace: String?
    ) async throws {
        let scope = namespace == nil ? "Cluster" : ""
        let name = JSONValue.string("\(user)-\(UUID().uuidString.lowercased())")
        let group = "rbac.authorization.k8s.io"
        let version = JSONValue.string(group + "/v1")
        let role: JSONValue = [
            "apiVersion": version, "kind": .string(scope + "Role"), "metadata": ["name": name],
            "rules": [
                [
                    "apiGroups": [.string(resource.group)],
                    "resources": [.string(resource.plural), .string(resource.plural + "/status")],
                    "verbs": .array(verbs.map { .string($0) }),
                ]
            ],
        ]
        let binding: JSONValue = [
            "apiVersion": version, "kind": .string(scope + "RoleBinding"), "metadata": ["name": name],
            "roleRef": ["apiGroup": .string(group), "kind": .string(scope + "Role"), "name": name],
            "subjects": [["kind": "User", "name": .string(user), "apiGroup": .string(group)]],
        ]
        let kinds =
            namespace != nil ? ("roles", "rolebindings") : ("clusterroles", "clusterrolebindings")
        let roles = Resource(group: group, plural: kinds.0)
        let bindings = Resource(group: group, plural: kinds.1)
        try await client.create(roles, namespace: namespace, role)
        try await client.create(bindings, namespace: namespace, binding)
        try await waitUntil(user, may: verbs, resource, in: namespace)
    }

    /// Waits until the server's authorizer lets the user do all of `verbs`.
    package func waitUntil(
        _ user: String, may verbs: [String], _ resource: Resource, in namespace: String?
    ) async throws {
        let reviews = Resource(group: "authorization.k8s.io", plural: "subjectaccessreviews")
        for verb in verbs {
            let review: JSONValue = [
                "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
                "spec": [
                    "user": .string(user),
                    "resourceAttributes": [
                        "verb": .string(verb), "group": .string(resource.group), "resource": .string(resource.plural),
                        "namespace": .string(namespace ?? ""),
                    ],
                ],
            ]
            let isAllowed = try await eventually {
                let answer = try await self.client.send(.create(reviews, review), decoding: JSONValue.self)
                return answer["status"]?["allowed"] == true
            }
            guard isAllowed else {
                throw ServerProcess.StartError(description: "\(user) is not allowed to \(verb) \(resource.plural)")
            }
        }
    }

    /// Installs a CustomResourceDefinition if it is missing, and waits until its resource is served.
    package func install(definition: JSONValue) async throws {
        let definitions = Resource(
            group: "apiextensions.k8s.io", plural: "customresourcedefinitions")
        do {
            try await client.create(definitions, definition)
        } catch {
            guard case .alreadyExists = error.kind else { throw error }
        }
        let name = definition["metadata"]?["name"]?.string ?? ""
        _ = try await eventually {
            let current = try await self.client.get(JSONValue.self, definitions, name: name)
            let conditions = current["status"]?["conditions"]?.array ?? []
            return conditions.contains { $0["type"]?.string == "Established" && $0["status"]?.string == "True" }
        }
    }

    /// Writes a kubeconfig as JSON, which is also YAML, to a separate file.
    ///
    /// - Parameter address: host and port that lead to the server, if they are not its own.
    package func kubeconfig(
        _ user: User = .admin, namespace: String = "default", through address: String? = nil
    ) throws -> String {
        let credentials: JSONValue =
            switch user {
            case .admin:
                [
                    "client-certificate": .string(file("admin.crt")),
                    "client-key-data": .string(
                        Data(try Data(contentsOf: URL(fileURLWithPath: file("admin.key"))))
                            .base64EncodedString()),
                ]
            case .named(let name): ["token": .string(token(of: name))]
            case .token(let token): ["token": .string(token)]
            }
        let config: JSONValue = [
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [
                [
                    "name": "test",
                    "cluster": [
                        "server": .string("https://" + (address ?? "127.0.0.1:\(port)")),
                        "tls-server-name": "localhost",
                        "certificate-authority": .string(file("ca.crt")),
                    ],
                ]
            ],
            "users": [["name": "test", "user": credentials]],
            "contexts": [
                [
                    "name": "test",
                    "context": ["cluster": "test", "user": "test", "namespace": .string(namespace)],
                ]
            ],
        ]
        return try ScratchFolder().write("kubeconfig", String(decoding: config.encoded(), as: UTF8.self))
    }
}
