import LinuxIO
package import Snapshots

/// Reads the source files of the mount. The files of each volume are from one generation.
///
/// Blocks, so use it only on a thread of our own.
package struct SnapshotReader: Sendable {
    private let path: String
    private let progress: @Sendable () -> Void
    /// Volumes in which `..data` was seen, by folder; "" is the mount. If `..data` is missing there, the volume is being
    /// removed.
    private var volumes: [String: FileIdentity] = [:]
    /// Subfolders of a plain folder that have contained something. They are never reported in `emptyFolders`.
    private var filledFolders: Set<String> = []
    /// Volumes that have been absent at each reading so far.
    private var unread: Set<String> = []

    /// Findings of the last reading for operators, apart from the files.
    package private(set) var remarks = ReadingRemarks()

    /// - Parameter progress: called for each file, so that a slow mount does not count as stuck.
    package init(path: String, progress: @escaping @Sendable () -> Void = {}) {
        self.path = path
        self.progress = progress
    }

    /// Reads the mount in its current state.
    ///
    /// - Parameter previous: the last snapshot. Equal contents are taken from it, so that secret bytes are stored once,
    ///   and so are the files of absent volumes.
    package mutating func read(previous: Snapshot? = nil) -> MountReading {
        var previous = previous
        // The placeholder for a volume that was never read is not a file of the mount.
        for folder in unread { previous?.files[folder] = nil }
        let known = volumes
        do throws(Absence) {
            return .snapshot(try readMount(PreviousFiles(previous)))
        } catch {
            // Forget the volumes of a reading that is rejected.
            if error.isLimit { volumes = known }
            return error.isFinal ? .lost(reason: error.reason) : .absent(reason: error.reason)
        }
    }

    private mutating func readMount(_ previous: PreviousFiles) throws(Absence) -> Snapshot {
        for _ in 0..<MountLimits.tries {
            let mount = try orAbsent { () throws(LinuxError) in try Directory(path: path) }
            let tree = TreeReader(previous: previous, known: volumes, progress: progress)
            var reader = VolumeReader(folder: "", path: path, previous: previous, known: volumes[""])
            let part = try reader.read(mount, after: tree)
            volumes[""] = reader.known
            // If the path contains a link that was replaced, the opened directory may be obsolete.
            let now = try orAbsent { () throws(LinuxError) in try Directory(path: path).status().identity }
            guard let part, now == (try? mount.status().identity) else { continue }
            return try readOthers(in: mount, besides: part, previous)
        }
        throw Absence("\(path) changes faster than it can be read")
    }

    /// Adds the volumes in folders. Each has its own generation, changes and absence.
    private mutating func readOthers(
        in mount: borrowing Directory, besides own: VolumeReader.Part, _ previous: PreviousFiles
    ) throws(Absence) -> Snapshot {
        var found: [String: Snapshot.Volume] = [:]
        found[""] = own.volume
        var tree = own.tree
        var empty = own.tree.volume.emptyFolders
        var filled = own.tree.volume.filledFolders
        var absences: [String: Absence] = [:]
        var pending = own.nested
        while let folder = pending.popLast() {
            guard found.count + absences.count < MountLimits.files else {
                throw Absence("\(path) holds more than \(MountLimits.files) volumes", isLimit: true)
            }
            do throws(Absence) {
                let part = try readVolume(folder, in: mount, previous, after: tree)
                tree.add(part.tree)
                pending += part.nested
                if part.volume?.isAtomic != true {
                    empty.formUnion(part.tree.volume.emptyFolders)
                    filled.formUnion(part.tree.volume.filledFolders)
                }
                guard let volume = part.volume else {
                    // A plain folder without files of its own may still contain volumes.
                    if !part.nested.isEmpty, previous.snapshot?.volumes[folder] == nil { continue }
                    throw Absence("\(path)/\(folder) is empty")
                }
                found[folder] = volume
            } catch {
                if error.isLimit { throw error }
                absences[folder] = error
            }
        }
        filledFolders.formUnion(filled)
        if filledFolders.count > MountLimits.files { filledFolders = filled }
        let missing = Set(volumes.keys).union(previous.plainVolumes).filter {
            !$0.isEmpty && found[$0] == nil && absences[$0] == nil
        }
        let hasContent = tree.hasContent(below: missing)
        for folder in missing {
            switch hasContent[folder] {
            case nil: absences[folder] = Absence("\(path)/\(folder) is empty or gone")
            // A plain folder has replaced the volume.
            case true?: volumes[folder] = nil
            case false?: break
            }
        }
        if found.isEmpty { throw absences.min { $0.key < $1.key }?.value ?? Absence("\(path) is empty") }
        if found[""] == nil, previous.snapshot?.volumes[""] != nil { absences[""] = Absence("\(path) is empty") }
        var snapshot = Snapshot(volumes: found, files: tree.files)
        for (folder, absence) in absences { snapshot.keep(folder, of: previous, absence) }
        // The kept files of absent volumes count too. Otherwise, volumes that come and go could add files without
        // limit.
        guard snapshot.isWithinLimits else {
            throw Absence(
                "\(path), with the last content of its absent volumes, exceeds \(MountLimits.files) files or"
                    + " \(MountLimits.bytes) bytes", isLimit: true)
        }
        empty.subtract(filledFolders)
        empty.subtract(absences.keys)
        snapshot.emptyFolders = empty
        unread = Set(absences.keys.filter { previous.snapshot?.volumes[$0] == nil })
        remarks = tree.remarks
        remarks.absences = absences.mapValues(\.reason)
        return snapshot
    }

    private mutating func readVolume(
        _ folder: String, in mount: borrowing Directory, _ previous: PreviousFiles, after tree: TreeReader
    ) throws(Absence) -> VolumeReader.Part {
        for _ in 0..<MountLimits.tries {
            let directory = try orAbsent { () throws(LinuxError) in try mount.subdirectory(folder) }
            var reader = VolumeReader(
                folder: folder, path: "\(path)/\(folder)", previous: previous, known: volumes[folder])
            let part = try reader.read(directory, after: tree)
            volumes[folder] = reader.known
            if let part { return part }
        }
        throw Absence("\(path)/\(folder) changes faster than it can be read")
    }
}

extension Snapshot {
    /// Keeps the last files of an absent volume. If it was never read, its folder is recorded as unreadable.
    fileprivate mutating func keep(_ folder: String, of previous: PreviousFiles, _ absence: Absence) {
        guard let last = previous.snapshot, var volume = last.volumes[folder] else {
            files[folder] = .failed(.unreadable(reason: absence.reason))
            return
        }
        volume.absence = absence.reason
        volume.isLost = absence.isFinal
        volumes[folder] = volume
        for path in previous.paths(ofVolume: folder) where files[path] == nil { files[path] = last.files[path] }
    }
}

extension Snapshot {
    fileprivate var isWithinLimits: Bool {
        var size = 0
        for case .content(let bytes, _) in files.values { size += bytes.count }
        return files.count <= MountLimits.files && size <= MountLimits.bytes
    }
}

/// Findings of a reading, apart from the files.
package struct ReadingRemarks: Sendable, Equatable {
    /// Files and folders that are mounted separately (`subPath`), so their content never changes in the container.
    package var subPathMounts: [String] = []
    /// The number of names that are not UTF-8. They are ignored.
    package var undecodableNames = 0
    /// For each folder whose volume has no generation, the reason.
    package var absences: [String: String] = [:]
}

/// The reason why there is no generation.
struct Absence: Error {
    let reason: String
    /// No generation will arrive while this container runs.
    var isFinal = false
    /// All volumes together exceed a limit.
    var isLimit = false

    init(_ reason: String, isFinal: Bool = false, isLimit: Bool = false) {
        self.reason = reason
        self.isFinal = isFinal
        self.isLimit = isLimit
    }
}

func orAbsent<Result: ~Copyable>(_ body: () throws(LinuxError) -> Result) throws(Absence) -> Result {
    do throws(LinuxError) {
        return try body()
    } catch {
        throw Absence("\(error)")
    }
}
