package import LinuxIO

/// The state of a folder, taken without reading files. If two fingerprints are equal, nothing has changed as far as the
/// file system reports it.
///
/// For an atomically written volume it contains the target of `..data`, for any other folder the status of all files
/// below it. It also contains the device and inode of the folder, so it differs after a mount or if the folder is
/// recreated. Volumes inside a folder are included as volumes.
package struct FolderFingerprint: Sendable, Equatable {
    private let depth: Int
    private let entersVolumes: Bool
    private var root: FileIdentity?
    private var dataTargets: [String: String] = [:]
    private var files: [String: [FileStatus]] = [:]

    /// Takes the fingerprint of the folder at `path`. All missing folders are equal.
    ///
    /// - Parameter depth: the number of directory levels below it that are included.
    package init(path: String, depth: Int = MountLimits.depth) {
        self.depth = depth
        entersVolumes = true
        if let directory = try? Directory(path: path) { scan(directory) }
    }

    /// Takes the fingerprint of an open folder, without the volumes in it.
    package init(ofFilesIn directory: borrowing Directory) {
        depth = MountLimits.depth
        entersVolumes = false
        scan(directory)
    }

    private mutating func scan(_ directory: borrowing Directory) {
        root = try? directory.status().identity
        if !addVolume(directory, root: directory, prefix: "", depth: 0) {
            add(directory, root: directory, prefix: "", depth: 0)
        }
    }

    private mutating func add(
        _ directory: borrowing Directory, root: borrowing Directory, prefix: String, depth: Int
    ) {
        files[prefix] = (try? directory.status()).map { [$0] }
        guard depth <= self.depth, let listing = try? directory.listing() else { return }
        for entry in listing.entries where !VolumeNames.isReserved(entry.name) {
            guard files.count < MountLimits.files else { return }
            let path = prefix + entry.name
            switch entry.kind {
            case .directory:
                guard let below = try? directory.subdirectory(entry.name) else { continue }
                if depth < self.depth, addVolume(below, root: root, prefix: path + "/", depth: depth + 1) { continue }
                add(below, root: root, prefix: path + "/", depth: depth + 1)
            case .link:
                // Both the link and its target, because either can be replaced.
                files[path] = [try? directory.status(of: entry.name), try? root.statusBeneath(path)].compactMap(\.self)
            case .file, .special:
                files[path] = (try? directory.status(of: entry.name)).map { [$0] }
            }
        }
    }

    /// - Returns: false if it is not an atomically written volume.
    private mutating func addVolume(
        _ directory: borrowing Directory, root: borrowing Directory, prefix: String, depth: Int
    ) -> Bool {
        guard let target = directory.dataTarget else { return false }
        guard entersVolumes || depth == 0 else {
            files[prefix] = []
            return true
        }
        dataTargets[prefix] = target
        files[prefix] = (try? directory.statusBeneath(target)).map { [$0] }
        // Other volumes may be mounted in folders beside its links.
        guard depth < self.depth, let listing = try? directory.listing() else { return true }
        for entry in listing.entries where entry.kind == .directory && !VolumeNames.isReserved(entry.name) {
            guard files.count < MountLimits.files else { return true }
            guard let below = try? directory.subdirectory(entry.name) else { continue }
            let path = prefix + entry.name + "/"
            if !addVolume(below, root: root, prefix: path, depth: depth + 1) {
                add(below, root: root, prefix: path, depth: depth + 1)
            }
        }
        return true
    }
}
