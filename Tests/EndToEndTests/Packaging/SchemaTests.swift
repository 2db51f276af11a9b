import JSON
import Testing

@Suite("The resource definition")
struct SchemaTests {
    /// The path and schema of every property, at any depth.
    private func properties(of schema: JSONValue, at path: String = "") -> [(path: String, schema: JSONValue)] {
        var all: [(path: String, schema: JSONValue)] = []
        for (name, property) in schema["properties"]?.object ?? [:] {
            let path = path.isEmpty ? name : "\(path).\(name)"
            all.append((path, property))
            all += properties(of: property["items"] ?? property, at: path)
        }
        return all
    }

    private func version(_ file: String) throws -> JSONValue {
        try #require(try World.manifest(file)["spec"]?["versions"]?.array?.first)
    }

    @Test(
        "describes every field",
        arguments: [
            ("crd", ["spec.secrets.from", "spec.metadata.labels", "status.conditions.observedGeneration"]),
            (
                "cluster-crd",
                [
                    "spec.template.secrets.from", "spec.namespaceSelector.matchExpressions.key",
                    "status.notInSync.reason",
                ]
            ),
        ])
    func descriptions(_ file: String, _ fields: [String]) throws {
        let schema = try #require(try version("sidecar-example/\(file).yaml")["schema"]?["openAPIV3Schema"])
        let properties = properties(of: schema)
        for field in fields { #expect(properties.contains { $0.path == field }) }
        #expect(schema["description"] != nil)
        // The server itself describes the metadata, and rejects a description of it.
        for property in properties where property.path != "metadata" {
            let description = property.schema["description"]?.string ?? ""
            #expect(description.hasSuffix(".") && description.count > 15, "\(property.path): \(description)")
        }
    }

    @Test("of cluster distributions has the same template")
    func template() throws {
        let spec = { (file: String) in
            try #require(
                try version(file)["schema"]?["openAPIV3Schema"]?["properties"]?["spec"]?.removing("description"))
        }
        let template = try #require(try spec("sidecar-example/cluster-crd.yaml")["properties"]?["template"])
        #expect(try template.removing("description") == spec("sidecar-example/crd.yaml"))
    }

    @Test("keeps the columns that users of the Python operator have, with names and content")
    func columns() throws {
        let columns = { (file: String) in
            (try version(file)["additionalPrinterColumns"]?.array ?? []).map {
                $0.removing("priority").removing("description")
            }
        }
        let theirs = try columns("Tests/Fixtures/python-operator/crd.yaml")
        let ours = try columns("sidecar-example/crd.yaml")
        #expect(theirs.count == 2)
        for column in theirs { #expect(ours.contains(column), "\(column)") }
    }
}
