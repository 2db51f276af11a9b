package import Distribution
package import JSON

/// Manifests as the API server sends them.
package enum Manifest {
    package static let good: JSONValue = [
        "apiVersion": "xlscsde.nhs.uk/v1", "kind": "SecretsDistribution",
        "metadata": [
            "name": "app", "namespace": "shop", "uid": "uid-1", "resourceVersion": "77", "generation": 3,
            "creationTimestamp": "2024-05-01T10:00:00Z",
        ],
        "spec": ["name": "app-secret", "secrets": [["from": "password", "to": "PASSWORD"]]],
    ]

    package static func read(_ json: String) throws -> SecretsDistribution {
        try JSONBytes.decode(SecretsDistribution.self, from: Array(json.utf8))
    }

    /// The valid manifest with a merge patch.
    package static func amended(_ patch: JSONValue = [:]) throws -> SecretsDistribution {
        try JSONBytes.decode(SecretsDistribution.self, from: good.merging(patch).encoded())
    }

    /// The valid manifest with another `spec`, as JSON text.
    package static func with(spec: String) throws -> SecretsDistribution {
        try read(#"{"metadata":{"name":"app","namespace":"shop"},"spec":\#(spec)}"#)
    }

    package static func mappings(_ pairs: (String, String)...) -> JSONValue {
        .array(pairs.map { ["from": .string($0.0), "to": .string($0.1)] })
    }
}

extension SecretsDistribution {
    /// The description of each problem.
    package var complaints: [String] { problems.map(\.description) }
}
