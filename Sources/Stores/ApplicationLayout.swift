import Distribution
import Formats
import Glibc
import JSON
import LinuxIO
import Planning
import Snapshots

/// Targets as an application reads them, without namespaces: `<secret>/<key>`, `<secret>.env` and so on. Their metadata is
/// in a hidden folder beside them, see `TargetMetadata`.
struct ApplicationLayout: OutputLayout {
    let root: String
    let managedBy: String
    private let settings: OutputSettings
    private let content: any TargetContent

    init(root: String, managedBy: String, _ settings: OutputSettings) {
        self.root = root
        self.managedBy = managedBy
        self.settings = settings
        content =
            switch settings.format {
            case .env: EntryFileContent(.env, suffix: ".env", settings)
            case .properties: EntryFileContent(.properties, suffix: ".properties", settings)
            case .json: EntryFileContent(.json, suffix: ".json", settings)
            case .kees: EntryFileContent(.kees, suffix: ".properties", settings)
            case .files, .manifests: FolderContent(settings.attributes)
            }
    }

    /// The folders of Secrets and the folders of their generations.
    var depth: Int { 2 }

    func path(of key: ObjectKey) -> String { "\(root)/\(key.name)\(content.suffix)" }

    func names(in folder: borrowing Directory) throws(LinuxError) -> [String] { try content.names(in: folder).sorted() }

    func version(of name: String, in folder: borrowing Directory) throws(LinuxError) -> String {
        let text = "\(try content.version(of: name, in: folder))\n\(try TargetMetadata.version(of: name, in: folder))"
        return Digest(of: SecretBytes(text.utf8)).publicText
    }

    func read(_ key: ObjectKey, in folder: borrowing Directory) throws(StoreError) -> SecretManifest? {
        // Before the content: a change in between makes the version old, never the content.
        let version: String
        do throws(LinuxError) {
            version = try self.version(of: key.name, in: folder)
        } catch {
            if error.code == ENOENT { return nil }
            throw .unavailable(error.description, retryAfter: nil)
        }
        let kept = try orUnavailable { () throws(LinuxError) in try TargetMetadata.read(key.name, in: folder) }
        let records = kept?["metadata"]?["annotations"]?[WellKnownKeys.generated]?.string
        // An unreadable file would count as one without its generated values, which would all be replaced.
        guard let values = try content.read(key.name, in: folder, mustBeReadable: records.map { $0 != "{}" } ?? false)
        else { return nil }
        let secret = (kept ?? adopted).merging(["metadata": ["name": .string(key.name)]])
        let data = values.mapValues { value -> JSONValue in
            // Not base64, so that it equals no content.
            .string(value.map { Base64.encode($0) } ?? "-")
        }
        return try SecretManifest(
            secret.merging(["data": .object(data)]), version: version, key: key, path: path(of: key))
    }

    /// The metadata of a target whose own is lost. `OUTPUT_PATH` belongs to this program alone.
    private var adopted: JSONValue {
        [
            "metadata": [
                "labels": .object([WellKnownKeys.managedByLabel: .string(managedBy)]),
                "annotations": .object([WellKnownKeys.managedBy: .string(managedBy)]),
            ],
            "type": "Opaque",
        ]
    }

    func write(_ content: JSONValue, _ key: ObjectKey, in folder: borrowing Directory) throws(StoreError) {
        let values = try values(of: content, key)
        // A change of metadata alone must not make an application read its files again.
        if let present = try self.content.read(key.name, in: folder, mustBeReadable: false),
            present == values.mapValues({ Optional($0) })
        {
            try orUnavailable { () throws(LinuxError) in
                try TargetMetadata.write(content, key.name, in: folder)
                try self.content.restore(key.name, in: folder)
            }
            return
        }
        try orUnavailable { () throws(LinuxError) in
            // Before the content, so that the content of a new target has an owner. After a crash in between it differs
            // and is written again. What is recorded about generated values must not be newer than they are: an old
            // value would pass for the rotated one. If it is older, they are at worst rotated twice.
            let kept = try TargetMetadata.read(key.name, in: folder)
            let records = kept?["metadata"]?["annotations"]?[WellKnownKeys.generated] ?? .null
            try TargetMetadata.write(
                content.merging(["metadata": ["annotations": .object([WellKnownKeys.generated: records])]]), key.name,
                in: folder)
            try self.content.write(values, key.name, in: folder)
            try TargetMetadata.write(content, key.name, in: folder)
        }
    }

    private func values(of secret: JSONValue, _ key: ObjectKey) throws(StoreError) -> [String: [UInt8]] {
        var values: [String: [UInt8]] = [:]
        for (name, value) in secret["data"]?.object ?? [:] {
            guard let bytes = value.string.flatMap({ Base64.decode($0) }) else {
                throw .rejected("\(path(of: key)) has a value of data key \(shown(name)) that cannot be read")
            }
            values[name] = bytes
        }
        return values
    }

    func remove(_ name: String, in folder: borrowing Directory) throws(LinuxError) {
        try content.remove(name, in: folder)
        try TargetMetadata.remove(name, in: folder)
    }

    func recover(_ folder: borrowing Directory) throws(LinuxError) {
        try folder.removeTemporaryFiles()
        try content.recover(folder)
        try TargetMetadata.removeAll(except: Set(try content.names(in: folder)), in: folder)
    }

    func restoreAll(in folder: borrowing Directory) throws(LinuxError) {
        try folder.descriptor.apply(settings.attributes.ofFolder, to: folder.path)
        for name in try content.names(in: folder) { try content.restore(name, in: folder) }
    }

    func restore(_ name: String, in folder: borrowing Directory) throws(LinuxError) {
        try content.restore(name, in: folder)
    }

    func refusal(of target: DesiredTarget) -> Refusal? {
        for (key, value) in target.data.sorted(by: { $0.key < $1.key }) {
            guard let problem = content.problem(key, value.bytes) else { continue }
            let text = "OUTPUT_FORMAT \(settings.format.rawValue) cannot express data key \(shown(key))"
            return problem.isOfKey
                ? Refusal(.invalidSpec, "\(text), expected \(problem.expected).")
                : Refusal(.writeFailed, "\(text), expected \(problem.expected).")
        }
        return nil
    }
}
