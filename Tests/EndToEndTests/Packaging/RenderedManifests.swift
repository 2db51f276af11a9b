import JSON
import TestSupport
import Testing
import YAML

/// The output of kustomize, kubectl or Helm for a folder.
struct RenderedManifests {
    let objects: [JSONValue]

    init(_ yaml: String) throws {
        objects = try YAMLParser.documents(in: Array(yaml.utf8)).map { try JSONValue(json: $0.json()) }
    }

    /// - Throws: the output of the command if it failed.
    init(_ command: ToolRun) throws {
        try #require(command.status == 0, "\(command.errors)")
        try self.init(command.output)
    }

    /// The objects as `Kind/name` or `Kind/namespace/name`, sorted.
    var names: [String] {
        objects.map { object in
            [object["kind"], object["metadata"]?["namespace"], object["metadata"]?["name"]].compactMap { $0?.string }
                .joined(separator: "/")
        }.sorted()
    }

    /// The only object of its kind.
    func only(_ kind: String) throws -> JSONValue {
        let found = objects.filter { $0["kind"]?.string == kind }
        try #require(found.count == 1, "\(names)")
        return found[0]
    }

    /// The objects in another namespace, as this server accepts them. Servers before 1.29 have no native sidecars:
    /// there the container is an ordinary one, as the install page describes.
    func text(in namespace: String? = nil, for server: APIServer) async throws -> String {
        let isNative = try await server.hasNativeSidecars()
        let list: JSONValue = [
            "apiVersion": "v1", "kind": "List",
            "items": .array(objects.map { isNative ? $0 : $0.withoutNativeSidecar }),
        ]
        let text = String(decoding: list.encoded(), as: UTF8.self)
        guard let namespace else { return text }
        return text.replacing(#/"namespace":"[^"]*"/#, with: #""namespace":"\#(namespace)""#)
    }

    /// The Pod spec of the only Deployment.
    func pod() throws -> JSONValue { try #require(try only("Deployment")["spec"]?["template"]?["spec"]) }
}

extension JSONValue {
    /// The element of a list that has this name.
    func named(_ name: String) -> JSONValue? { array?.first { $0["name"]?.string == name } }

    /// A copy of a Deployment with the native sidecar as an ordinary container.
    var withoutNativeSidecar: JSONValue {
        guard self["kind"] == "Deployment" else { return self }
        return changing("spec", "template", "spec") { pod in
            let all = pod["initContainers"]?.array ?? []
            let sidecars = all.filter { $0["restartPolicy"] == "Always" }.map { $0.removing("restartPolicy") }
            return pod.changing("initContainers") { _ in .array(all.filter { $0["restartPolicy"] == nil }) }
                .changing("containers") { .array(($0.array ?? []) + sidecars) }
        }
    }

    /// A copy of a definition without `x-kubernetes-validations`, at any depth.
    var withoutRules: JSONValue {
        switch self {
        case .object(let members):
            .object(members.filter { $0.key != "x-kubernetes-validations" }.mapValues(\.withoutRules))
        case .array(let elements): .array(elements.map(\.withoutRules))
        default: self
        }
    }

    /// A copy without a member.
    func removing(_ key: String) -> JSONValue {
        guard case .object(var members) = self else { return self }
        members[key] = nil
        return .object(members)
    }

    /// A copy with another member, or with an existing one changed by `change`.
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
