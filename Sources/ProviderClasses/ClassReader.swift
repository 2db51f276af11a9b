import Distribution
import YAML

/// Reads one SecretProviderClass.
struct ClassReader {
    private let document: YAMLNode
    private let folder: String
    private(set) var findings: ClassFindings

    /// Bytes. etcd accepts no larger object by default.
    private static let largestList = 1 << 20

    init(_ document: YAMLNode, file: String, folder: String) {
        self.document = document
        self.folder = folder
        findings = ClassFindings(file: file)
    }

    mutating func read() -> ProviderClass {
        let label = readLabel()
        let provider = readProvider()
        let parameters = readParameters()
        var objects: [VaultObject] = []
        if let provider, let parameters { objects = readObjects(provider, parameters) }
        let paths = ownFiles.map { folder.isEmpty ? $0 : "\(folder)/\($0)" }
        return ProviderClass(
            place: findings.place(document.line), label: label, provider: provider, folder: folder, objects: objects,
            ownFiles: Set(paths), document: document)
    }

    private mutating func readLabel() -> String {
        let name = document["metadata"]?["name"]?.string ?? ""
        let namespace = document["metadata"]?["namespace"]?.string ?? ""
        for (field, value) in [("name", name), ("namespace", namespace)] where field == "name" || !value.isEmpty {
            guard value.isEmpty || !value.utf8.allSatisfy(Self.isNameByte) else { continue }
            findings.note(
                document.line(of: ["metadata", .key(field)]),
                "metadata.\(field) is \(value.isEmpty ? "missing" : shown(value)), expected a name: lower case letters, digits, \"-\" and \".\""
            )
        }
        return namespace.isEmpty ? name : "\(namespace)/\(name)"
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E
    }

    private mutating func readProvider() -> VaultProvider? {
        let node = document["spec"]?["provider"]
        if let text = node?.string, let provider = VaultProvider(rawValue: text) { return provider }
        let names = VaultProvider.allCases.map(\.rawValue).joined(separator: ", ")
        findings.note(
            document.line(of: ["spec", "provider"]),
            "spec.provider is \(node?.noun ?? "missing"), expected one of \(names)")
        return nil
    }

    /// The parameters as the API server accepts them: a map of texts.
    private mutating func readParameters() -> ObjectFields? {
        guard let node = document["spec"]?["parameters"], case .mapping(let pairs) = node.kind else {
            findings.note(document.line(of: ["spec", "parameters"]), "spec.parameters is missing, expected an object")
            return nil
        }
        for pair in pairs where pair.value.string == nil {
            findings.note(
                pair.key.line,
                "spec.parameters.\(pair.name.prefix(80)) is \(pair.value.noun), expected text"
                    + "\(pair.value.scalar == nil ? "" : " in quotes")")
        }
        return ObjectFields(node: node, lines: .file, path: "spec.parameters", dialect: .lenient)
    }

    private mutating func readObjects(_ provider: VaultProvider, _ parameters: ObjectFields) -> [VaultObject] {
        let list = embedded(provider.listParameter, parameters)
        let found =
            switch provider {
            case .aws: AWSObjects.read(parameters, list, &findings)
            case .azure: AzureObjects.read(parameters, list, &findings)
            case .gcp: GoogleSecrets.read(parameters, list, &findings)
            case .vault: VaultObjects.read(parameters, list, &findings)
            }
        var names: [String: Int] = [:]
        for object in found {
            for file in object.files.certain {
                if let reason = Self.problem(ofFile: file) {
                    findings.note(object.place.line, "the object \(shown(object.name)) has a file name that \(reason)")
                } else if let line = names.updateValue(object.place.line, forKey: file) {
                    findings.note(
                        object.place.line,
                        "the object \(shown(object.name)) gives the file \(shown(file)), like the one on line \(line)")
                }
            }
        }
        return found.map { object in
            VaultObject(
                name: object.name, place: object.place, files: object.files.inside(folder), access: object.access,
                entry: object.entry)
        }
    }

    /// Why the CSI driver does not write a file of this name, or a distribution cannot name it; nil if neither is so.
    private static func problem(ofFile file: String) -> String? {
        do throws(SourcePathError) {
            let path = try SourcePath(file)
            return path.text.isSame(as: file)
                ? nil : "is \(shown(file)), expected a path without \".\" and double slashes"
        } catch {
            return error.description
        }
    }

    /// The YAML in a parameter.
    private mutating func embedded(_ name: String, _ parameters: ObjectFields) -> EmbeddedYAML? {
        guard let scalar = parameters.node[name], let text = scalar.string else {
            if parameters.node[name] == nil {
                parameters.note(name, "is missing, expected a list of objects as YAML", &findings)
            }
            return nil
        }
        guard text.utf8.count <= Self.largestList else {
            parameters.note(name, "is \(text.utf8.count) bytes, expected at most \(Self.largestList)", &findings)
            return nil
        }
        return EmbeddedYAML(scalar, in: parameters.lines, path: "spec.parameters.\(name)", &findings)
    }

    /// The files that `spec.secretObjects` names, as the CSI driver's own sync reads them.
    private var ownFiles: [String] {
        guard case .sequence(let secrets)? = document["spec"]?["secretObjects"]?.kind else { return [] }
        return secrets.flatMap { secret -> [String] in
            guard case .sequence(let data)? = secret["data"]?.kind else { return [] }
            return data.compactMap { $0["objectName"]?.string }
        }
    }
}
