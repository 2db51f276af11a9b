import Distribution
import JSON
import TestSupport
import Testing

struct NamespaceSelectionTests {
    private static func distribution(_ spec: JSONValue) throws -> SecretsDistribution {
        let manifest: JSONValue = [
            "metadata": ["name": "csd"],
            "spec": (["template": ["name": "tls", "secrets": [["from": "a", "to": "a"]]]] as JSONValue).merging(spec),
        ]
        return try SecretsDistribution(reading: try JSONNode(json: manifest.encoded()[...]), isCluster: true)
    }

    private static let namespaces = [
        Namespace(name: "team-a", labels: ["tier": "gold", "env": "prod"]),
        Namespace(name: "team-b", labels: ["tier": "tin"]),
        Namespace(name: "team-c", labels: ["kubernetes.io/metadata.name": "team-c"]),
        Namespace(name: "kube-system"), Namespace(name: "team-gone", isBeingDeleted: true),
    ]

    @Test(
        arguments: [
            (["namespaces": ["*"]], "team-a team-b team-c kube-system team-gone"),
            (["namespaceSelector": [:]], "team-a team-b team-c kube-system team-gone"),
            (["namespaces": ["team-?", "kube-*"]], "team-a team-b team-c kube-system"),
            (["namespaces": ["*"], "excludeNamespaces": ["kube-*", "team-gone"]], "team-a team-b team-c"),
            (["namespaceSelector": ["matchLabels": ["tier": "gold"]]], "team-a"),
            (["namespaceSelector": ["matchLabels": ["tier": "gold", "env": "dev"]]], ""),
            (["namespaceSelector": ["matchLabels": ["kubernetes.io/metadata.name": "team-b"]]], "team-b"),
            (
                [
                    "namespaceSelector": [
                        "matchExpressions": [["key": "tier", "operator": "In", "values": ["gold", "tin"]]]
                    ]
                ],
                "team-a team-b"
            ),
            (
                [
                    "namespaceSelector": [
                        "matchExpressions": [["key": "tier", "operator": "NotIn", "values": ["gold"]]]
                    ]
                ],
                "team-b team-c kube-system team-gone"
            ),
            (["namespaceSelector": ["matchExpressions": [["key": "env", "operator": "Exists"]]]], "team-a"),
            (
                ["namespaceSelector": ["matchExpressions": [["key": "tier", "operator": "DoesNotExist"]]]],
                "team-c kube-system team-gone"
            ),
            (["namespaceSelector": ["matchLabels": ["tier": "tin"]], "namespaces": ["team-a"]], ""),
            (["namespaceSelector": ["matchLabels": ["tier": "tin"]], "namespaces": ["team-*"]], "team-b"),
        ] as [(JSONValue, String)])
    func `a namespace must meet all criteria that are set`(_ spec: JSONValue, _ expected: String) throws {
        let distribution = try Self.distribution(spec)
        #expect(distribution.refusal == nil)
        let selection = try #require(distribution.selection)
        #expect(Self.namespaces.filter(selection.selects).map(\.name).joined(separator: " ") == expected)
    }

    @Test(
        arguments: [
            (
                [:],
                #"spec.namespaces is missing, and so is spec.namespaceSelector; expected at least one, such as namespaces: ["team-*"]."#
            ),
            (["namespaces": []], "spec.namespaces is empty, expected at least one pattern."),
            (["namespaces": "team"], #"spec.namespaces is "team", expected a list."#),
            (
                ["namespaces": ["Team"]],
                #"spec.namespaces[0] is "Team", which cannot match a namespace because of "T": a namespace name has lower case letters, digits and "-"."#
            ),
            (
                ["namespaces": ["*"], "excludeNamespaces": [7]],
                "spec.excludeNamespaces[0] is not a string, expected one."
            ),
            (
                ["namespaceSelector": ["matchLabels": ["a b": "c"]]],
                #"spec.namespaceSelector.matchLabels."a b" is not a key that metadata can have, expected "name" or "example.com/name"."#
            ),
            (
                ["namespaceSelector": ["matchExpressions": [["key": "a", "operator": "Like", "values": ["b"]]]]],
                #"spec.namespaceSelector.matchExpressions[0].operator is "Like", expected "In" or "NotIn" or "Exists" or "DoesNotExist"."#
            ),
            (
                ["namespaceSelector": ["matchExpressions": [["key": "a", "operator": "In"]]]],
                "spec.namespaceSelector.matchExpressions[0].values is missing, expected a list for operator In."
            ),
            (
                ["namespaceSelector": ["matchExpressions": [["key": "a", "operator": "Exists", "values": ["b"]]]]],
                "spec.namespaceSelector.matchExpressions[0].values is set, expected none with operator Exists."
            ),
            (
                ["namespaceSelector": ["matchExpressions": [["operator": "Exists"]]]],
                "spec.namespaceSelector.matchExpressions[0].key is missing, expected a string."
            ),
        ] as [(JSONValue, String)])
    func `a selection that cannot be meant is rejected`(_ spec: JSONValue, _ message: String) throws {
        #expect(try Self.distribution(spec).refusal == Refusal(.invalidSpec, message))
    }

    @Test func `the template is checked like the spec of a SecretsDistribution`() throws {
        let distribution = try Self.distribution([
            "namespaces": ["*"], "template": ["name": "TLS", "colour": "red", "secrets": [["from": "/a", "to": "a"]]],
        ])
        let problems = distribution.problems.map(\.description)
        #expect(problems.contains { $0.hasPrefix(#"spec.template.name is "TLS""#) })
        #expect(problems.contains { $0.hasPrefix("spec.template.colour is not a field") })
        #expect(problems.contains { $0.hasPrefix(#"spec.template.secrets[0].from is "/a""#) })
    }

    @Test func `a resource that belongs to a namespace is rejected`() throws {
        let manifest: JSONValue = ["metadata": ["name": "csd", "namespace": "web"], "spec": ["namespaces": ["*"]]]
        let distribution = try SecretsDistribution(
            reading: try JSONNode(json: manifest.encoded()[...]), isCluster: true)
        #expect(distribution.key == ObjectKey(namespace: "", name: "csd"))
        #expect(distribution.refusal?.message.contains("metadata.namespace is \"web\", expected none") == true)
    }
}
