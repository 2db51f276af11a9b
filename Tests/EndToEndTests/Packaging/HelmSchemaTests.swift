import JSON
import TestSupport
import TestTraits
import Testing

/// Compares the chart's values with their schema and their page.
@Suite("The schema and the page of the chart's values", .endsIfHung)
struct HelmSchemaTests {
    @Test("have the values that have a default, and those of other charts")
    func values() throws {
        let schema = try JSONValue(json: try World.text("sidecar-example/helm/values.schema.json"))
        let values = try World.manifest("sidecar-example/helm/values.yaml")
        let known = Set(schema["properties"]?.object?.keys.map { $0 } ?? [])
        #expect(Set(values.object?.keys.map { $0 } ?? []).union(["global"]) == known)
    }

    @Test("describe each value, at any depth, and reject others")
    func schema() throws {
        let schema = try JSONValue(json: try World.text("sidecar-example/helm/values.schema.json"))
        let values = try World.manifest("sidecar-example/helm/values.yaml")
        #expect(uncovered(values, schema, of: schema) == [])
    }

    /// The values that the schema does not describe, and the objects with known members that permit others.
    private func uncovered(_ value: JSONValue, _ schema: JSONValue, of root: JSONValue, path: String = "") -> [String] {
        var schema = schema
        if let name = schema["$ref"]?.string?.split(separator: "/").last {
            guard let definition = root["definitions"]?[String(name)] else { return ["\(path): no definition \(name)"] }
            schema = definition
        }
        // An image is a string or an object.
        if let object = schema["oneOf"]?.array?.first(where: { $0["properties"] != nil }) { schema = object }
        guard let properties = schema["properties"]?.object else { return [] }
        var found = schema["additionalProperties"] == false ? [] : ["\(path) permits others"]
        for (name, value) in value.object ?? [:] {
            let path = path.isEmpty ? name : "\(path).\(name)"
            guard let property = properties[name] else {
                found.append(path)
                continue
            }
            found += uncovered(value, property, of: root, path: path)
        }
        return found.sorted()
    }

    @Test("are what Tests/Tools/chart-values makes, with all values")
    func page() async throws {
        let run = try await ToolRun.run([World.path("Tests/Tools/chart-values")])
        #expect(run.status == 0, "\(run.errors)")
        let page = String(decoding: try World.text("docs/chart-values.md"), as: UTF8.self)
        #expect(page == run.output, "run Tests/Tools/chart-values >docs/chart-values.md")
        for name in try World.manifest("sidecar-example/helm/values.yaml").object?.keys.map({ $0 }) ?? [] {
            #expect(page.contains("\n| `\(name)"), "\(name)")
        }
    }
}
