import JSON
import TestSupport

/// A distribution for the oracle: simpler than the program's own types, and independent of them.
struct ExpectedDistribution: Hashable {
    struct Entry: Hashable {
        let from: String
        let to: String
        let optional: Bool
    }

    /// The namespace of its Secret.
    var namespace: String
    var name: String
    /// Whether it is a cluster distribution, in one of its namespaces.
    var isCluster = false
    var target: String
    var type = "Opaque"
    var entries: [Entry]
    var deletes: Bool

    var key: String { "\(namespace)/\(target)" }

    /// As the Secret's annotation names it.
    var mark: String { isCluster ? name : "\(namespace)/\(name)" }

    /// The target's data for a state of the vault; nil if a source is missing.
    func rendered(_ state: Vault.State) -> [String: String]? {
        var data: [String: String] = [:]
        for entry in entries {
            if let content = state[entry.from] {
                data[entry.to] = content
            } else if !entry.optional {
                return nil
            }
        }
        return data
    }

    /// The pair that it maps, if its type is TLS.
    var pair: Int? {
        guard type == "kubernetes.io/tls" else { return nil }
        return (0..<Vault.pairs).first { entries.contains(Entry(from: Vault.key($0), to: "tls.key", optional: false)) }
    }

    var manifest: JSONValue {
        [
            "apiVersion": "xlscsde.nhs.uk/v1", "kind": "SecretsDistribution",
            "metadata": ["name": .string(name), "namespace": .string(namespace)],
            "spec": spec,
        ]
    }

    var spec: JSONValue {
        [
            "name": .string(target), "type": .string(type), "deletionPolicy": deletes ? "Delete" : "Retain",
            "secrets": .array(
                entries.map { ["from": .string($0.from), "to": .string($0.to), "optional": .bool($0.optional)] }),
        ]
    }

    /// A cluster distribution with this content, for all namespaces or for those with a label.
    func clusterManifest(forAll isForAll: Bool) -> JSONValue {
        let selection: JSONValue =
            isForAll ? ["namespaces": ["test-*"]] : ["namespaceSelector": ["matchLabels": ["tier": "gold"]]]
        return [
            "apiVersion": "xlscsde.nhs.uk/v1", "kind": "ClusterSecretsDistribution",
            "metadata": ["name": .string(name)],
            "spec": selection.merging(["template": spec]),
        ]
    }

    /// Decodes an object of the API server.
    ///
    /// - Parameter namespace: for a cluster distribution, the namespace of the Secret.
    init?(_ object: JSONValue, in selected: String? = nil) {
        guard let namespace = selected ?? object["metadata"]?["namespace"]?.string,
            let name = object["metadata"]?["name"]?.string,
            let spec = selected == nil ? object["spec"] : object["spec"]?["template"],
            let target = spec["name"]?.string
        else { return nil }
        isCluster = selected != nil
        self.namespace = namespace
        self.name = name
        self.target = target
        type = spec["type"]?.string ?? "Opaque"
        deletes = spec["deletionPolicy"]?.string == "Delete"
        entries = (spec["secrets"]?.array ?? []).map { entry in
            Entry(
                from: entry["from"]?.string ?? "", to: entry["to"]?.string ?? "",
                optional: entry["optional"] == .bool(true))
        }
    }

    /// A random distribution.
    init(_ name: String, in namespace: String, using random: inout SeededGenerator) {
        self.namespace = namespace
        self.name = name
        target = "target-\(Int.random(in: 0..<8, using: &random))"
        deletes = Bool.random(using: &random)
        if Int.random(in: 0..<4, using: &random) == 0 {
            let pair = Int.random(in: 0..<Vault.pairs, using: &random)
            type = "kubernetes.io/tls"
            target = "tls-\(pair)"
            entries = [
                Entry(from: Vault.certificate(pair), to: "tls.crt", optional: false),
                Entry(from: Vault.key(pair), to: "tls.key", optional: false),
            ]
            return
        }
        if Int.random(in: 0..<5, using: &random) == 0 {
            entries = ([Vault.constant] + Vault.nested).enumerated().map {
                Entry(from: $1, to: "key-\($0)", optional: $0 > 0)
            }
            return
        }
        if Int.random(in: 0..<8, using: &random) == 0 { target = Oracle.foreign }
        let files = Vault.plain.shuffled(using: &random).prefix(Int.random(in: 1...4, using: &random))
        entries = files.enumerated().map { index, file in
            Entry(from: file, to: "key-\(index)", optional: Int.random(in: 0..<4, using: &random) == 0)
        }
        if Int.random(in: 0..<10, using: &random) == 0 {
            entries.append(Entry(from: Vault.forbidden, to: "forbidden", optional: false))
        }
    }
}
