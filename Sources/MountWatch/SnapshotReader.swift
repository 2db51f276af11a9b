import LinuxIO
package import Snapshots

/// Reads the source files of the mount at a path, those of each volume of one generation.
///
/// Blocks: to be used on a thread of our own.
package struct SnapshotReader: Sendable {
    private let path: String
    private let progress: @Sendable () -> Void
    /// By folder, "" is the mount: volumes in which `..data` was seen. Without it, such a one is being taken down.
    private var volumes: [String: FileIdentity] = [:]
    /// Folders of a plain folder that have held something: to be empty is a change for them.
    private var filledFolders: Set<String> = []
    /// Volumes that were absent whenever they were looked at.
    private var unread: Set<String> = []

    /// What the last reading met that an operator should know, beside the files.
    package private(set) var remarks = ReadingRemarks()

    /// - Parameter progress: called while it reads, with each file: a slow mount is not a dead one.
    package init(path: String, progress: @escaping @Sendable () -> Void = {}) {
        self.path = path
        self.progress = progress
    }

    /// Reads the mount as it is now.
    ///
    /// - Parameter previous: the last snapshot; contents that are equal are taken from there, so that secret bytes are
    ///   held once, and so are the files of a volume that is absent.
    package mutating func read(previous: Snapshot? = nil) -> MountReading {
        var previous = previous
        // Stands for files of a volume, and is none of the mount.
        for folder in unread { previous?.files[folder] = nil }
        let known = volumes
        do throws(Absence) {
            return .snapshot(try readMount(PreviousFiles(previous)))
        } catch {
            // What is not taken in is not remembered either.
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
            // Behind a link that is exchanged, what was opened may be on its way out.
            let now = try orAbsent { () throws(LinuxError) in try Directory(path: path).status().identity }
            guard let part, now == (try? mount.status().identity) else { continue }
            return try readOthers(in: mount, besides: part, previous)
        }
        throw Absence("\(path) changes faster than it can be read")
    }

    /// Adds the volumes in folders, each with its own generation, its own changes and its own absence.
    private mutating func readOthers(
        in mount: borrowing Directory, besides own: VolumeReader.Part, _ previous: PreviousFiles
    ) throws(Absence) -> Snapshot {
        var found: [String: Snapshot.Volume] = [:]
        found[""] = own.volume
        var tree = own.tree
        var empty = own.tree.volume.emptyFolders
        filledFolders.formUnion(own.tree.volume.filledFolders)
        if filledFolders.count > MountLimits.files { filledFolders = own.tree.volume.filledFolders }
        var absences: [String: Absence] = [:]
        var pending = own.nested
        while let folder = pending.popLast() {
            guard found.count + absences.count < MountLimits.files else {
                throw Absence("\(path) holds more than \(MountLimits.files) volumes", isLimit: true)
            }
            do throws(Absence) {
                let part = try readVolume(folder, in: mount, previous, after: tree)
                guard let volume = part.volume else { throw Absence("\(path)/\(folder) is empty") }
                found[folder] = volume
                tree.add(part.tree)
                pending += part.nested
            } catch {
                if error.isLimit { throw error }
                absences[folder] = error
            }
        }
        let missing = Set(volumes.keys).union(previous.plainVolumes).filter {
            !$0.isEmpty && found[$0] == nil && absences[$0] == nil
        }
        let hasContent = tree.hasContent(below: missing)
        for folder in missing {
            switch hasContent[folder] {
            case nil: absences[folder] = Absence("\(path)/\(folder) is empty or gone")
            // Another folder has taken its place.
            case true?: volumes[folder] = nil
            case false?: break
            }
        }
        if found.isEmpty { throw absences.min { $0.key < $1.key }?.value ?? Absence("\(path) is empty") }
        if found[""] == nil, previous.snapshot?.volumes[""] != nil { absences[""] = Absence("\(path) is empty") }
        var snapshot = Snapshot(volumes: found, files: tree.files)
        for (folder, absence) in absences { snapshot.keep(folder, of: previous, absence) }
        // What absent volumes held counts too: they could come and go for ever.
        guard snapshot.isWithinLimits else {
            throw Absence(
                "\(path) and what its absent volumes held are more than \(MountLimits.files) files or"
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
    /// The files of a volume that is absent stay as they were read last; where they never were, none can be read.
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

/// What a reading met beside the files.
package struct ReadingRemarks: Sendable, Equatable {
    /// Files and folders that are mounted by themselves (`subPath`): the container never sees another content.
    package var frozen: [String] = []
    /// Names that are not UTF-8, and therefore left out.
    package var undecodableNames = 0
    /// By folder: why a volume has no generation at present.
    package var absences: [String: String] = [:]
}

/// Why there is no generation.
struct Absence: Error {
    let reason: String
    /// There will be none as long as this container runs.
    var isFinal = false
    /// There is more than can be meant, in all volumes together.
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
