import JSON
import Kube

/// Differences between the servers on which the suite passes. A dry run asks the server itself, because its version is
/// whatever its builder wrote.
extension APIServer {
    /// Whether it stores and applies validation rules of a definition (`x-kubernetes-validations`), since 1.25.
    package func appliesRules() async throws -> Bool {
        let definitions = Resource(
            group: "apiextensions.k8s.io", plural: "customresourcedefinitions")
        let schema: JSONValue = ["type": "object", "x-kubernetes-validations": [["rule": "true"]]]
        let definition: JSONValue = [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": "tries.example.org"],
            "spec": [
                "group": "example.org", "scope": "Namespaced", "names": ["kind": "Try", "plural": "tries"],
                "versions": [
                    ["name": "v1", "served": true, "storage": true, "schema": ["openAPIV3Schema": schema]]
                ],
            ],
        ]
        let kept = try await client.send(.create(definitions, definition, dryRun: true), decoding: JSONValue.self)
        return kept["spec"]?["versions"]?.array?.first?["schema"]?["openAPIV3Schema"] == schema
    }

    /// Whether an init container may keep running, with its own probes, since 1.29.
    package func hasNativeSidecars() async throws -> Bool {
        let pods = Resource(group: "", plural: "pods")
        let container: JSONValue = ["name": "a", "image": "a"]
        let pod: JSONValue = [
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "try"],
            "spec": [
                "initContainers": [["name": "b", "image": "b", "restartPolicy": "Always"]], "containers": [container],
            ],
        ]
        let kept = try await client.send(
            .create(pods, namespace: try await namespace(), pod, dryRun: true), decoding: JSONValue.self)
        return kept["spec"]?["initContainers"]?.array?.first?["restartPolicy"] == "Always"
    }
}
