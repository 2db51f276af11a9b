package import JSON

/// The manifest of a Secret; the values of `data` are base64.
package func secret(_ name: String, _ data: [String: JSONValue] = [:], labels: [String: JSONValue] = [:]) -> JSONValue {
    [
        "apiVersion": "v1", "kind": "Secret", "metadata": ["name": .string(name), "labels": .object(labels)],
        "data": .object(data),
    ]
}
