import Glibc
import LinuxIO
import Observability
import Snapshots

/// Reads one volume once: the mount itself, or a folder in it that is a separate volume.
struct VolumeReader {
    /// The result of a reading.
    struct Part {
        /// Nil if all files belong to nested volumes.
        var volume: Snapshot.Volume?
        /// Folders in it that are separate volumes.
        var nested: [String]
        /// The reader, with the files of this volume only.
        var tree: TreeReader
    }

    /// The folder relative to the mount; "" is the mount itself.
    let folder: String
    /// Only for messages.
    let path: String
    let previous: PreviousFiles
    /// The directory in which `..data` was seen; nil if there is none.
    var known: FileIdentity?

    /// Reads the volume.
    ///
    /// - Parameter tree: the reader of the volumes that were read before.
    /// - Returns: nil if the volume changed meanwhile, so that the files may be from different generations.
    mutating func read(_ directory: borrowing Directory, after tree: TreeReader) throws(Absence) -> Part? {
        let identity = try orAbsent { () throws(LinuxError) in try directory.status().identity }
        let target = try orAbsent { () throws(LinuxError) in try directory.linkTarget(VolumeNames.data) }
        if let target {
            known = identity
            return try readGeneration(target, of: directory, tree)
        }
        if known == identity { throw Absence("\(path) has lost its ..data link") }
        if let listing = try? directory.listing(), directory.hasLinksIntoData(listing) {
            // Not written yet, or half removed.
            throw Absence("\(path) has links into ..data but no ..data")
        }
        if let origin = MountOrigin(of: directory), let generation = origin.generation {
            return try readSubPath(directory, generation, origin, tree)
        }
        guard folder.isEmpty || directory.descriptor.isMountRoot else {
            throw Absence("\(path) has lost its ..data link")
        }
        known = nil
        return try readFolder(directory, tree)
    }

    private var base: String { folder.isEmpty ? "" : folder + "/" }

    /// Reads the generation that `..data` points to. A generation is never changed, only replaced: the kubelet renames
    /// the next link over `..data` before it removes the old files. So if `..data` is the same after the reading, no
    /// file was missing.
    private func readGeneration(
        _ target: String, of directory: borrowing Directory, _ before: TreeReader
    ) throws(Absence) -> Part? {
        guard let generation = try openGeneration(target, of: directory) else { return nil }
        // The rename that makes the generation visible is the last change of the link (rename(2) on tmpfs, ext4, xfs).
        let createdAt = try orAbsent { () throws(LinuxError) in try directory.status(of: VolumeNames.data).changed }
        var tree = before.next()
        try tree.read(generation, base: base, isGeneration: true)
        guard (try? directory.linkTarget(VolumeNames.data)) == target else { return nil }
        let name = target.split(separator: "/").last.map(String.init) ?? target
        if !tree.volume.hasFiles { throw Absence("\(path) is empty") }
        if losesFiles(of: name, tree) { throw losingFiles }
        if tree.volume.hasVanished { return nil }
        let volume = Snapshot.Volume(generation: name, createdAt: Timestamp(createdAt))
        var count = 0
        return Part(volume: volume, nested: volumes(beside: directory, base, depth: 0, &count), tree: tree)
    }

    /// Returns nil if `..data` has changed meanwhile.
    private func openGeneration(_ target: String, of directory: borrowing Directory) throws(Absence) -> Directory? {
        do throws(LinuxError) {
            return try directory.subdirectory(target)
        } catch {
            if (try? directory.linkTarget(VolumeNames.data)) != target { return nil }
            throw Absence("\(error)")
        }
    }

    /// Finds the volumes mounted beside the links of this one, at any depth. Its writer creates only links. A mount is a
    /// volume with generations, a part of one (`subPath`), or one that is written file by file.
    ///
    /// - Parameters:
    ///   - prefix: the directory's path in the mount, with a slash at its end.
    ///   - count: the number of folders opened so far.
    private func volumes(
        beside directory: borrowing Directory, _ prefix: String, depth: Int, _ count: inout Int
    ) -> [String] {
        guard depth <= MountLimits.depth, let listing = try? directory.listing() else { return [] }
        var nested: [String] = []
        for entry in listing.entries where entry.kind == .directory && !VolumeNames.isReserved(entry.name) {
            count += 1
            guard count <= MountLimits.files else { break }
            guard let below = try? directory.subdirectory(entry.name) else { continue }
            if below.dataTarget != nil || below.descriptor.isMountRoot {
                nested.append(prefix + entry.name)
            } else {
                nested += volumes(beside: below, prefix + entry.name + "/", depth: depth + 1, &count)
            }
        }
        return nested
    }

    /// Reads a part of one generation that is mounted separately. Later generations of the volume never arrive there.
    private func readSubPath(
        _ directory: borrowing Directory, _ generation: String, _ origin: MountOrigin, _ before: TreeReader
    ) throws(Absence) -> Part? {
        if origin.isDeleted {
            throw Absence(
                "\(path) is mounted with subPath, and its source was deleted: later generations of the volume never"
                    + " arrive; mount the whole volume", isFinal: true)
        }
        var tree = before.next()
        try tree.read(directory, base: base, isGeneration: true)
        if !tree.volume.hasFiles { throw Absence("\(path) is empty") }
        if losesFiles(of: generation, tree) { throw losingFiles }
        guard !tree.volume.hasVanished, let newest = tree.volume.newest else { return nil }
        tree.recordSubPath(folder.isEmpty ? path : folder)
        let volume = Snapshot.Volume(generation: generation, createdAt: Timestamp(newest))
        return Part(volume: volume, nested: [], tree: tree)
    }

    private var losingFiles: Absence {
        Absence("files are disappearing from \(path), although its generation is the same")
    }

    private func losesFiles(of generation: String, _ tree: TreeReader) -> Bool {
        guard previous.snapshot?.volumes[folder]?.generation == generation else { return false }
        // An unreadable folder was recorded in place of its files.
        let folders = tree.volume.filledFolders.union(tree.volume.emptyFolders)
        return previous.paths(ofVolume: folder).contains { tree.files[$0] == nil && !folders.contains($0) }
    }

    /// Reads a plain folder, which has no generations. Content that does not change while it is read counts as one.
    private func readFolder(_ directory: borrowing Directory, _ others: TreeReader) throws(Absence) -> Part? {
        let before = FolderFingerprint(ofFilesIn: directory)
        var tree = others.next()
        do throws(Absence) {
            try tree.read(directory, base: base)
        } catch {
            // Too large a folder below a volume, such as a cache, is absent alone.
            throw folder.isEmpty ? error : Absence(error.reason)
        }
        if tree.volume.hasVanished || FolderFingerprint(ofFilesIn: directory) != before { return nil }
        var part = Part(volume: nil, nested: Array(tree.volume.nested), tree: tree)
        if tree.volume.hasFiles, let newest = tree.volume.newest {
            let time = Timestamp(newest)
            part.volume = Snapshot.Volume(generation: time.rfc3339Nano, createdAt: time, isAtomic: false)
        }
        return part
    }
}

extension Timestamp {
    fileprivate init(_ time: FileTime) { self.init(seconds: time.seconds, nanoseconds: time.nanoseconds) }
}
