import Distribution
import JSON
import Planning
import YAML

/// A Secret from a manifest file.
struct SecretManifest {
    /// All fields, including unknown ones.
    let content: JSONValue
    let observed: ObservedTarget

    /// - Parameters:
    ///   - version: the version of the file, used as the resource version.
    ///   - key: the key according to the file's path. The name and namespace in the file are ignored.
    ///   - path: the file's path, for messages.
    /// - Throws: `.rejected` if the file does not contain a Secret.
    init(_ bytes: [UInt8], version: String, key: ObjectKey, path: String) throws(StoreError) {
        let json: [UInt8]
        do {
            guard let document = try YAMLParser.documents(in: bytes).first else {
                throw StoreError.rejected("\(path) is empty, expected a Secret")
            }
            json = document.json()
        } catch let error as StoreError {
            throw error
        } catch let error as YAMLError {
            throw .rejected("\(path) is not YAML: \(error)")
        } catch {
            throw .rejected("\(path) is not a Secret")
        }
        try self.init(json: json, version: version, key: key, path: path)
    }

    /// The same, from the fields of a Secret.
    init(_ content: JSONValue, version: String, key: ObjectKey, path: String) throws(StoreError) {
        try self.init(json: content.encoded(), version: version, key: key, path: path)
    }

    private init(json: [UInt8], version: String, key: ObjectKey, path: String) throws(StoreError) {
        do {
            content = try JSONValue(json: json)
            var observed = try JSONBytes.decode(SecretObject.self, from: json).observed
            observed.key = key
            observed.uid = ""
            observed.resourceVersion = version
            self.observed = observed
        } catch {
            throw .rejected("\(path) is not a Secret")
        }
    }

    /// Encodes a manifest.
    ///
    /// - Throws: `.rejected` if it cannot be written as YAML.
    static func bytes(of content: JSONValue, path: String) throws(StoreError) -> [UInt8] {
        do {
            return try YAMLEmitter.emit(YAMLValue(content, first: ["apiVersion", "kind", "metadata", "type"]))
        } catch {
            throw .rejected("\(path) cannot be written as YAML: \(error)")
        }
    }
}

extension YAMLValue {
    /// - Parameter first: the keys of the root that come first, in this order. The others follow sorted by name.
    init(_ value: JSONValue, first: [String] = []) {
        switch value {
        case .object(let members):
            let keys = first.filter { members[$0] != nil } + members.keys.filter { !first.contains($0) }.sorted()
            self = .mapping(keys.map { Entry($0, YAMLValue(members[$0] ?? .null)) })
        case .array(let elements): self = .sequence(elements.map { YAMLValue($0) })
        case .string(let text): self = .string(text)
        case .int(let number): self = .int(number)
        case .double(let number): self = .string(String(number))
        case .bool(let flag): self = .bool(flag)
        case .null: self = .null
        }
    }
}
