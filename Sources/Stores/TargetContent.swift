import Formats
import Glibc
import LinuxIO
import Observability
import Snapshots

/// The files of targets in a folder, without their metadata.
protocol TargetContent: Sendable {
    /// The end of a target's path.
    var suffix: String { get }

    /// Why the value cannot be stored; nil if it can.
    func problem(_ key: String, _ value: SecretBytes) -> EntryProblem?
    func names(in folder: borrowing Directory) throws(LinuxError) -> [String]
    /// - Throws: ENOENT if there is no such target.
    func version(of name: String, in folder: borrowing Directory) throws(LinuxError) -> String
    /// The values by data key, nil for a key whose content is not what this program writes; nil if there is no such
    /// target.
    ///
    /// - Parameter mustBeReadable: whether to throw `.rejected` for a file that is not what this program writes, instead of
    ///   taking it for an empty one.
    func read(
        _ name: String, in folder: borrowing Directory, mustBeReadable: Bool
    ) throws(StoreError) -> [String: [UInt8]?]?
    func write(_ values: [String: [UInt8]], _ name: String, in folder: borrowing Directory) throws(LinuxError)
    func remove(_ name: String, in folder: borrowing Directory) throws(LinuxError)
    func recover(_ folder: borrowing Directory) throws(LinuxError)
    func restore(_ name: String, in folder: borrowing Directory) throws(LinuxError)
}

/// One file for each target, replaced by a rename.
struct EntryFileContent: TargetContent {
    let suffix: String
    private let format: EntryFormat
    private let attributes: FileAttributes
    private let onlyTarget: String?

    init(_ format: EntryFormat, suffix: String, _ settings: OutputSettings) {
        self.format = format
        self.suffix = suffix
        attributes = settings.attributes
        onlyTarget = settings.onlyTarget
    }

    func problem(_ key: String, _ value: SecretBytes) -> EntryProblem? { format.problem(key, value) }

    func names(in folder: borrowing Directory) throws(LinuxError) -> [String] {
        try folder.visible().filter { $0.kind == .file && $0.name.hasSuffix(suffix) }
            .map { String($0.name.dropLast(suffix.count)) }.filter { onlyTarget == nil || $0 == onlyTarget }
    }

    func version(of name: String, in folder: borrowing Directory) throws(LinuxError) -> String {
        try folder.version(of: name + suffix)
    }

    func read(
        _ name: String, in folder: borrowing Directory, mustBeReadable: Bool
    ) throws(StoreError) -> [String: [UInt8]?]? {
        guard let file = try folder.target(named: name + suffix, limit: OutputFolder.largestFile) else { return nil }
        let entries = file.bytes.withUnsafeBytes { bytes in try? format.decode(bytes) }
        guard let entries else {
            guard mustBeReadable else { return [:] }
            throw .rejected(
                "\(folder.path)/\(name)\(suffix) cannot be read, and it holds generated values: restore it, or remove it"
                    + " to generate new ones")
        }
        var values: [String: [UInt8]?] = [:]
        for entry in entries { values[entry.key] = entry.value.withUnsafeBytes { Array($0) } }
        return values
    }

    func write(_ values: [String: [UInt8]], _ name: String, in folder: borrowing Directory) throws(LinuxError) {
        let bytes = format.encode(values.map { ($0.key, SecretBytes($0.value)) })
        try bytes.withUnsafeBufferPointer { (buffer) throws(LinuxError) in
            try AtomicFile.write(UnsafeRawBufferPointer(buffer), named: name + suffix, in: folder, attributes)
        }
    }

    func remove(_ name: String, in folder: borrowing Directory) throws(LinuxError) {
        _ = try AtomicFile.remove(named: name + suffix, in: folder)
    }

    /// Nothing is half-done: `AtomicFile` renames.
    func recover(_ folder: borrowing Directory) throws(LinuxError) {}

    func restore(_ name: String, in folder: borrowing Directory) throws(LinuxError) {
        try folder.openEntry(name + suffix).apply(attributes, to: "\(folder.path)/\(name)\(suffix)")
    }
}

/// A folder for each target, with a file for each key, replaced together.
struct FolderContent: TargetContent {
    private let attributes: FileAttributes

    init(_ attributes: FileAttributes) { self.attributes = attributes }

    var suffix: String { "" }

    func problem(_ key: String, _ value: SecretBytes) -> EntryProblem? { nil }

    func names(in folder: borrowing Directory) throws(LinuxError) -> [String] {
        var names: [String] = []
        for entry in try folder.visible() where entry.kind == .directory {
            if let target = try open(entry.name, in: folder), try target.generation() != nil {
                names.append(entry.name)
            }
        }
        return names
    }

    func version(of name: String, in folder: borrowing Directory) throws(LinuxError) -> String {
        guard let target = try open(name, in: folder), try target.generation() != nil else {
            throw LinuxError("open", "\(folder.path)/\(name)", code: ENOENT)
        }
        return try target.version()
    }

    /// The files have no format of their own, so all are readable.
    func read(
        _ name: String, in folder: borrowing Directory, mustBeReadable: Bool
    ) throws(StoreError) -> [String: [UInt8]?]? {
        let files = try orUnavailable { () throws(LinuxError) in
            try open(name, in: folder)?.files(limit: OutputFolder.largestFile)
        }
        return files.map { Dictionary($0.map { ($0.name, $0.bytes) }) { first, _ in first } }
    }

    func write(_ values: [String: [UInt8]], _ name: String, in folder: borrowing Directory) throws(LinuxError) {
        try folder.createSubdirectory(name, mode: 0o700)
        guard let target = try open(name, in: folder) else {
            throw LinuxError("open", "\(folder.path)/\(name)", code: ENOENT)
        }
        do throws(LinuxError) {
            try target.replace(
                with: values.map { ($0.key, $0.value) }, as: Self.generation(at: .now()), attributes)
        } catch {
            try? target.recover()
            throw error
        }
    }

    /// A name as the kubelet gives it: `..2026_11_30_08_15_00.1234567890`. The number is random.
    private static func generation(at time: Timestamp) -> String {
        let digits = time.rfc3339.dropLast().map { $0.isNumber ? $0 : "_" }
        return "..\(String(digits)).\(UInt32.random(in: 1_000_000_000...UInt32.max))"
    }

    func remove(_ name: String, in folder: borrowing Directory) throws(LinuxError) {
        guard let target = try open(name, in: folder) else { return }
        try target.removeContent()
        try removeIfEmpty(name, in: folder)
    }

    func recover(_ folder: borrowing Directory) throws(LinuxError) {
        for entry in try folder.visible() where entry.kind == .directory {
            guard let target = try open(entry.name, in: folder) else { continue }
            try target.recover()
            if try target.generation() == nil { try removeIfEmpty(entry.name, in: folder) }
        }
    }

    func restore(_ name: String, in folder: borrowing Directory) throws(LinuxError) {
        guard let target = try open(name, in: folder) else { return }
        try target.restoreLinks()
        try target.apply(attributes)
    }

    private func removeIfEmpty(_ name: String, in folder: borrowing Directory) throws(LinuxError) {
        do throws(LinuxError) {
            try folder.removeFolder(name)
        } catch  where error.code == ENOTEMPTY || error.code == ENOENT {}
    }

    /// Nil if there is no such folder.
    private func open(_ name: String, in folder: borrowing Directory) throws(LinuxError) -> AtomicFolder? {
        do throws(LinuxError) {
            return AtomicFolder(
                Directory(
                    descriptor: try folder.openEntry(name, flags: O_RDONLY | O_DIRECTORY),
                    path: "\(folder.path)/\(name)"))
        } catch  where error.code == ENOENT {
            return nil
        }
    }
}
