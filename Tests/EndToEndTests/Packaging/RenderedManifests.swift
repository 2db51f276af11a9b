import Kube
import TestSupport
import Testing
import YAML

/// What kustomize, kubectl or Helm made of a folder.
struct RenderedManifests {
    let objects: [JSONValue]

    init(_ yaml: String) throws {
        objects = try YAMLParser.documents(in: Array(yaml.utf8)).map { try JSONValue(json: $0.json()) }
    }

    /// - Throws: if the command failed, with what it said.
    init(_ command: ToolRun) throws {
        try #require(command.status == 0, "\(command.errors)")
        try self.init(command.output)
    }

    /// `Kind/name`, or `Kind/namespace/name`, sorted.
    var names: [String] {
        objects.map { object in
            [object["kind"], object["metadata"]?["namespace"], object["metadata"]?["name"]].compactMap { $0?.string }
                .joined(separator: "/")
        }.sorted()
    }

    /// The only one of its kind.
    func only(_ kind: String) throws -> JSONValue {
        let found = objects.filter { $0["kind"]?.string == kind }
        try #require(found.count == 1, "\(names)")
        return found[0]
    }

    /// The Pod spec of the only Deployment.
    func pod() throws -> JSONValue { try #require(try only("Deployment")["spec"]?["template"]?["spec"]) }
}

extension JSONValue {
    /// The element of a list that has this name.
    func named(_ name: String) -> JSONValue? { array?.first { $0["name"]?.string == name } }

    /// Without a member.
    func removing(_ key: String) -> JSONValue {
        guard case .object(var members) = self else { return self }
        members[key] = nil
        return .object(members)
    }

    /// With another member, or with what `change` makes of one that is there.
    func changing(_ path: String..., change: (JSONValue) -> JSONValue) -> JSONValue {
        changing(path[...], change)
    }

    private func changing(_ path: ArraySlice<String>, _ change: (JSONValue) -> JSONValue) -> JSONValue {
        guard let key = path.first else { return change(self) }
        guard case .object(var members) = self else { return self }
        members[key] = members[key]?.changing(path.dropFirst(), change)
        return .object(members)
    }
}
