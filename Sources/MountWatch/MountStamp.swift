package import LinuxIO

/// A cheap look at a folder, without reading a file: two that are equal say that nothing has changed that the file
/// system admits to.
///
/// Of an atomically written volume it holds where `..data` leads, of any other folder the status of all files below it;
/// of both the device and inode of the folder itself, so that a folder that was mounted or made anew differs.
package struct MountStamp: Sendable, Equatable {
    private let depth: Int
    private var root: FileIdentity?
    private var dataTarget: String?
    private var files: [String: [FileStatus]] = [:]

    /// Of the folder at `path`; all missing folders are equal.
    ///
    /// - Parameter depth: how many levels of directories below it are looked into.
    package init(path: String, depth: Int = MountLimits.depth) {
        self.depth = depth
        if let directory = try? Directory(path: path) { look(at: directory) }
    }

    /// Of an open folder.
    package init(of directory: borrowing Directory) {
        depth = MountLimits.depth
        look(at: directory)
    }

    private mutating func look(at directory: borrowing Directory) {
        root = try? directory.status().identity
        if let target = try? directory.linkTarget(VolumeNames.data) {
            dataTarget = target
            files[target] = (try? directory.statusBeneath(target)).map { [$0] }
        } else {
            add(directory, root: directory, prefix: "", depth: 0)
        }
    }

    private mutating func add(
        _ directory: borrowing Directory, root: borrowing Directory, prefix: String, depth: Int
    ) {
        files[prefix] = (try? directory.status()).map { [$0] }
        guard depth <= self.depth, let listing = try? directory.entries() else { return }
        for entry in listing.entries where !VolumeNames.isReserved(entry.name, depth: depth) {
            guard files.count < MountLimits.files else { return }
            let path = prefix + entry.name
            switch entry.kind {
            case .directory:
                guard let below = try? directory.subdirectory(entry.name) else { continue }
                add(below, root: root, prefix: path + "/", depth: depth + 1)
            case .link:
                // The link, and what it leads to: either can be exchanged.
                files[path] = [try? directory.status(of: entry.name), try? root.statusBeneath(path)].compactMap(\.self)
            case .file, .special:
                files[path] = (try? directory.status(of: entry.name)).map { [$0] }
            }
        }
    }
}

/// The names that an atomically written volume keeps for itself (Kubernetes, `pkg/volume/util/atomic_writer.go`).
enum VolumeNames {
    /// The link to the current generation.
    static let data = "..data"

    /// Whether a name at the top is none of a source file.
    static func isReserved(_ name: String, depth: Int) -> Bool { depth == 0 && name.utf8.starts(with: "..".utf8) }
}
