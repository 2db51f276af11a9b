import Distribution
import Glibc
import JSON
import LinuxIO
import Planning

/// How targets are stored in one folder. The content of a target is always a Secret manifest, which a layout may store in
/// another form.
protocol OutputLayout: Sendable {
    /// The number of folder levels below `OUTPUT_PATH` that are watched.
    var depth: Int { get }

    /// The path of a target below `OUTPUT_PATH`.
    func path(of key: ObjectKey) -> String

    /// The names of the targets in the folder.
    func names(in folder: borrowing Directory) throws(LinuxError) -> [String]

    /// A text that changes whenever the target changes.
    ///
    /// - Throws: ENOENT if there is no such target.
    func version(of name: String, in folder: borrowing Directory) throws(LinuxError) -> String

    /// Reads a target; nil if there is none.
    ///
    /// - Throws: `.rejected` if what is there is not a target.
    func read(_ key: ObjectKey, in folder: borrowing Directory) throws(StoreError) -> SecretManifest?

    /// Writes a target, or replaces it.
    func write(_ content: JSONValue, _ key: ObjectKey, in folder: borrowing Directory) throws(StoreError)

    func remove(_ name: String, in folder: borrowing Directory) throws(LinuxError)

    /// Completes or discards what a process that was killed has left behind. The folder is in use by this process alone.
    func recover(_ folder: borrowing Directory) throws(LinuxError)

    /// Restores the folder's own mode and group, and then all targets.
    func restoreAll(in folder: borrowing Directory) throws(LinuxError)

    /// Restores the mode and the group of a target's files, and the links to them, without a change of content.
    func restore(_ name: String, in folder: borrowing Directory) throws(LinuxError)

    /// Why the target cannot be stored in this layout; nil if it can.
    func refusal(of target: DesiredTarget) -> Refusal?
}

/// Manifests, `<name>.yaml` with mode 0600. Fields that this program does not know are kept.
struct ManifestLayout: OutputLayout {
    let root: String

    var depth: Int { 1 }

    func path(of key: ObjectKey) -> String { "\(root)/\(key).yaml" }

    func names(in folder: borrowing Directory) throws(LinuxError) -> [String] {
        try folder.visible().map(\.name).filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }

    func version(of name: String, in folder: borrowing Directory) throws(LinuxError) -> String {
        try folder.version(of: "\(name).yaml")
    }

    func read(_ key: ObjectKey, in folder: borrowing Directory) throws(StoreError) -> SecretManifest? {
        guard let file = try folder.target(named: "\(key.name).yaml", limit: OutputFolder.largestFile) else {
            return nil
        }
        return try SecretManifest(file.bytes, version: file.version, key: key, path: path(of: key))
    }

    func write(_ content: JSONValue, _ key: ObjectKey, in folder: borrowing Directory) throws(StoreError) {
        let bytes = try SecretManifest.bytes(of: content, path: path(of: key))
        try orUnavailable { () throws(LinuxError) in
            try bytes.withUnsafeBufferPointer { (buffer) throws(LinuxError) in
                try AtomicFile.write(UnsafeRawBufferPointer(buffer), named: "\(key.name).yaml", in: folder)
            }
        }
    }

    func remove(_ name: String, in folder: borrowing Directory) throws(LinuxError) {
        _ = try AtomicFile.remove(named: "\(name).yaml", in: folder)
    }

    func recover(_ folder: borrowing Directory) throws(LinuxError) { try folder.removeTemporaryFiles() }

    func restoreAll(in folder: borrowing Directory) throws(LinuxError) {}

    func restore(_ name: String, in folder: borrowing Directory) throws(LinuxError) {}

    func refusal(of target: DesiredTarget) -> Refusal? { nil }
}

extension Directory {
    /// The entries whose names do not begin with a dot.
    func visible() throws(LinuxError) -> [DirectoryEntry] {
        try entries().entries.filter { $0.name.utf8.first != UInt8(ascii: ".") }
    }

    /// Removes the temporary files of writes that were interrupted because the process was killed. They contain secrets.
    func removeTemporaryFiles() throws(LinuxError) {
        for entry in try entries().entries where entry.kind != .directory && AtomicFile.isTemporary(entry.name) {
            _ = try AtomicFile.remove(named: entry.name, in: self)
        }
    }

    /// Reads a file that holds a target; nil if it does not exist.
    func target(named name: String, limit: Int) throws(StoreError) -> (bytes: [UInt8], version: String)? {
        let file: (bytes: [UInt8], version: String)?
        do {
            file = try content(of: name, limit: limit)
        } catch {
            switch error.code {
            case ENOENT: return nil
            case EXDEV, ENXIO: throw .rejected(error.description)
            default: throw .unavailable(error.description, retryAfter: nil)
            }
        }
        guard let file else { throw .rejected("\(path)/\(name) is not a regular file or is too large") }
        return file
    }
}
