import Glibc

/// A folder whose files are replaced together, as the kubelet does it for volumes (Kubernetes,
/// `pkg/volume/util/atomic_writer.go`): a reader sees the files of one generation, also after a crash.
///
/// The files are in a hidden folder `..<time>.<number>`, the generation. `..data` is a link to the present one, and each
/// file has a visible link `name -> ..data/name`. The rename of `..data_tmp` to `..data` replaces all files at once.
package struct AtomicFolder: ~Copyable, Sendable {
    package let directory: Directory

    package typealias File = (name: String, bytes: [UInt8])

    /// Takes ownership of the open folder.
    package init(_ directory: consuming Directory) { self.directory = directory }

    private static let data = "..data"
    private static let nextData = "..data_tmp"

    /// The name of the present generation; nil if `..data` does not lead to a folder in this one.
    package func generation() throws(LinuxError) -> String? {
        guard let target = try directory.linkTarget(Self.data), Self.isReserved(target), target != "..",
            !target.utf8.contains(UInt8(ascii: "/"))
        else { return nil }
        do throws(LinuxError) {
            return try directory.status(of: target).kind == .directory ? target : nil
        } catch  where error.code == ENOENT {
            return nil
        }
    }

    /// Replaces all files by a new generation. Files get their mode and group before they become visible.
    ///
    /// - Parameter generation: a new name that begins with `..`.
    /// - Throws: `LinuxError`. The present generation is unchanged; `settle` removes what remains of the new one.
    package func replace(
        with files: [File], as generation: String, _ attributes: FileAttributes
    ) throws(LinuxError) {
        try directory.descriptor.apply(attributes.ofFolder, to: directory.path)
        try write(files, to: generation, attributes)
        try link(files.map(\.name))
        try? unlink(Self.nextData)
        try checked("create the link", "\(directory.path)/\(Self.nextData)") {
            symlinkat(generation, directory.descriptor.rawValue, Self.nextData)
        }
        try checked("replace", "\(directory.path)/\(Self.data)") {
            renameat(directory.descriptor.rawValue, Self.nextData, directory.descriptor.rawValue, Self.data)
        }
        try directory.save()
        try removeForeignEntries()
        try recover()
    }

    private func write(
        _ files: [File], to generation: String, _ attributes: FileAttributes
    ) throws(LinuxError) {
        try checked("create the directory", "\(directory.path)/\(generation)") {
            mkdirat(directory.descriptor.rawValue, generation, 0o700)
        }
        let folder = try open(generation)
        for file in files {
            try file.bytes.withUnsafeBufferPointer { (bytes) throws(LinuxError) in
                try folder.create(file.name, UnsafeRawBufferPointer(bytes), attributes)
            }
        }
        try folder.descriptor.apply(attributes.ofFolder, to: folder.path)
        try folder.save()
    }

    /// Creates the visible links that are missing, before the swap. Replaces what else has such a name.
    private func link(_ names: [String]) throws(LinuxError) {
        for name in names where try directory.linkTarget(name) != Self.target(of: name) {
            try? unlink(Self.nextData)
            try checked("create the link", "\(directory.path)/\(name)") {
                symlinkat(Self.target(of: name), directory.descriptor.rawValue, Self.nextData)
            }
            try checked("replace", "\(directory.path)/\(name)") {
                renameat(directory.descriptor.rawValue, Self.nextData, directory.descriptor.rawValue, name)
            }
        }
    }

    /// Completes a swap after the rename, or discards one that ended before it: removes visible links that lead to no file
    /// of the present generation, and all other generations. Without a present generation, only empty folders and links
    /// may remain.
    package func recover() throws(LinuxError) {
        let present = try generation()
        var names: Set<String> = []
        if let present { names = Set(try open(present).entries().entries.map(\.name)) }
        for entry in try directory.entries().entries {
            switch entry.kind {
            case .directory where Self.isReserved(entry.name) && entry.name != present:
                try directory.removeTree(entry.name)
            case .link where entry.name == Self.data:
                if present == nil { try unlink(entry.name) }
            case .link where Self.isReserved(entry.name): try unlink(entry.name)
            case .link where !names.contains(entry.name):
                if try directory.linkTarget(entry.name) == Self.target(of: entry.name) { try unlink(entry.name) }
            // Others' files and links are removed by the next write, after they were reported.
            case .link, .file, .special, .directory: continue
            }
        }
        try directory.save()
    }

    /// Restores the visible links of the present generation, without a new one, and removes what else is visible.
    package func restoreLinks() throws(LinuxError) {
        guard let present = try generation() else { return }
        try link(try open(present).entries().entries.filter { $0.kind == .file }.map(\.name))
        try removeForeignEntries()
    }

    /// Removes visible entries other than the links to files of the present generation. Keeps folders, which this program
    /// does not create.
    private func removeForeignEntries() throws(LinuxError) {
        guard let present = try generation() else { return }
        let names = Set(try open(present).entries().entries.map(\.name))
        for entry in try directory.entries().entries
        where entry.kind != .directory && !Self.isReserved(entry.name) && !names.contains(entry.name) {
            try unlink(entry.name)
        }
    }

    /// Removes all generations, links and files. Folders of others remain.
    package func removeContent() throws(LinuxError) {
        // First, so that a reader finds no file rather than some of them.
        try? unlink(Self.data)
        for entry in try directory.entries().entries {
            if entry.kind != .directory {
                try unlink(entry.name)
            } else if Self.isReserved(entry.name) {
                try directory.removeTree(entry.name)
            }
        }
        try directory.save()
    }

    private func open(_ generation: String) throws(LinuxError) -> Directory {
        Directory(
            descriptor: try directory.openEntry(generation, flags: O_RDONLY | O_DIRECTORY),
            path: "\(directory.path)/\(generation)")
    }

    private func unlink(_ name: String) throws(LinuxError) { _ = try directory.unlink(name) }

    private static func target(of name: String) -> String { "\(data)/\(name)" }

    private static func isReserved(_ name: String) -> Bool { name.utf8.starts(with: "..".utf8) }
}

/// Reading.
extension AtomicFolder {
    /// The files of the present generation, whether or not their visible links are in place: `restoreLinks` restores
    /// them. Nil if there is none. A visible entry that is not named like a file of the generation is included without
    /// bytes, because readers see it.
    ///
    /// - Parameter limit: the maximum size of a file, in bytes; a larger one has no bytes.
    package func files(limit: Int) throws(LinuxError) -> [(name: String, bytes: [UInt8]?)]? {
        guard let present = try generation() else { return nil }
        let folder = try open(present)
        var files: [(name: String, bytes: [UInt8]?)] = []
        for entry in try folder.entries().entries where entry.kind != .directory && !Self.isReserved(entry.name) {
            var bytes: [UInt8]?
            do throws(LinuxError) {
                bytes = try folder.content(of: entry.name, limit: limit)?.bytes
            } catch  where [ENOENT, EXDEV, ENXIO].contains(error.code) {}
            files.append((entry.name, bytes))
        }
        let names = Set(files.map(\.name))
        for entry in try directory.entries().entries
        where entry.kind != .directory && !Self.isReserved(entry.name) && !names.contains(entry.name) {
            files.append((entry.name, nil))
        }
        return files
    }

    /// A text that changes whenever the files or the visible entries change.
    package func version() throws(LinuxError) -> String {
        guard let present = try generation() else { return "" }
        let folder = try open(present)
        var parts = ["\(present) \(try folder.status().version)"]
        for entry in try folder.entries().entries {
            parts.append("\(entry.name) \(try folder.status(of: entry.name).version)")
            // Somebody may remove a link just after the links were restored. Never the same, so that they are restored again.
            if entry.kind == .file, try directory.linkTarget(entry.name) != Self.target(of: entry.name) {
                parts.append("\(entry.name) has no link at \(ContinuousClock.now)")
            }
        }
        for entry in try directory.entries().entries where !Self.isReserved(entry.name) {
            parts.append("\(entry.name) \(try directory.linkTarget(entry.name) ?? "\(entry.kind)")")
        }
        return parts.sorted().joined(separator: "\n")
    }

    /// Sets the mode and the group of the folders and files where they differ, without a new generation.
    package func apply(_ attributes: FileAttributes) throws(LinuxError) {
        try directory.descriptor.apply(attributes.ofFolder, to: directory.path)
        guard let present = try generation() else { return }
        let folder = try open(present)
        try folder.descriptor.apply(attributes.ofFolder, to: folder.path)
        for entry in try folder.entries().entries where entry.kind == .file {
            try folder.openEntry(entry.name).apply(attributes, to: "\(folder.path)/\(entry.name)")
        }
    }
}

extension Directory {
    /// fsync(2): without it, a crash can undo or reorder the renames in this folder.
    fileprivate func save() throws(LinuxError) {
        try checked("save the directory", path) { fsync(descriptor.rawValue) }
    }

    /// Creates a file with its mode and group.
    fileprivate func create(
        _ name: String, _ bytes: UnsafeRawBufferPointer, _ attributes: FileAttributes
    ) throws(LinuxError) {
        let object = "\(path)/\(name)"
        let file = FileDescriptor(
            owning: try checked("create", object) {
                openat(descriptor.rawValue, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            })
        do throws(LinuxError) {
            try file.write(all: bytes)
        } catch {
            throw LinuxError(error.operation, object, code: error.code)
        }
        try file.apply(attributes, to: object)
        try checked("save", object) { fsync(file.rawValue) }
    }

    /// Removes a file or link. Returns false if it does not exist.
    fileprivate func unlink(_ name: String) throws(LinuxError) -> Bool {
        do throws(LinuxError) {
            try checked("remove", "\(path)/\(name)") { unlinkat(descriptor.rawValue, name, 0) }
            return true
        } catch  where error.code == ENOENT {
            return false
        }
    }

    /// Removes a folder and everything in it. Follows no links.
    fileprivate func removeTree(_ name: String, depth: Int = 0) throws(LinuxError) {
        guard depth < 32 else { throw LinuxError("remove", "\(path)/\(name)", code: ELOOP) }
        do throws(LinuxError) {
            let below = Directory(
                descriptor: try openEntry(name, flags: O_RDONLY | O_DIRECTORY), path: "\(path)/\(name)")
            for entry in try below.entries().entries {
                if entry.kind == .directory {
                    try below.removeTree(entry.name, depth: depth + 1)
                } else {
                    _ = try below.unlink(entry.name)
                }
            }
            try removeFolder(name)
        } catch  where error.code == ENOENT {}
    }

    /// Removes an empty folder.
    package func removeFolder(_ name: String) throws(LinuxError) {
        try checked("remove", "\(path)/\(name)") { unlinkat(descriptor.rawValue, name, AT_REMOVEDIR) }
    }
}
