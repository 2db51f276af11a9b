import Glibc
import LinuxIO
import Observability
package import Snapshots

/// Reads the source files of the mount at a path, all of one generation.
///
/// Blocks: to be used on a thread of our own.
package struct SnapshotReader: Sendable {
    private let path: String
    private let progress: @Sendable () -> Void
    /// The mount in which `..data` was seen: without it, this one is being taken down.
    private var volume: FileIdentity?

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
    ///   held once.
    package mutating func read(previous: Snapshot? = nil) -> Reading {
        for _ in 0..<MountLimits.tries {
            do throws(Absence) {
                if let snapshot = try readOnce(previous) { return .snapshot(snapshot) }
            } catch {
                return .absent(reason: error.reason)
            }
        }
        return .absent(reason: "\(path) changes faster than it can be read")
    }

    /// Nil if the mount changed meanwhile, so that the files may be of different generations.
    private mutating func readOnce(_ previous: Snapshot?) throws(Absence) -> Snapshot? {
        let mount = try orAbsent { () throws(LinuxError) in try Directory(path: path) }
        let identity = try orAbsent { () throws(LinuxError) in try mount.status().identity }
        let target = try orAbsent { () throws(LinuxError) in try mount.linkTarget(VolumeNames.data) }
        if let target {
            volume = identity
            return try readVolume(mount, target, previous)
        }
        if volume == identity { throw Absence("\(path) has lost its ..data link") }
        volume = nil
        return try readFolder(mount, previous)
    }

    /// The generation that `..data` names is never changed, only replaced: the kubelet removes its files after it has
    /// renamed the next one over `..data`. So if `..data` is the same after the reading, all files were there.
    private mutating func readVolume(
        _ mount: borrowing Directory, _ target: String, _ previous: Snapshot?
    ) throws(Absence) -> Snapshot? {
        guard let generation = try openGeneration(target, of: mount) else { return nil }
        // The rename makes the generation visible, and is the last change of the link (rename(2) on tmpfs, ext4, xfs).
        let createdAt = try orAbsent { () throws(LinuxError) in try mount.status(of: VolumeNames.data).changed }
        var tree = TreeReader(previous: previous, progress: progress)
        try tree.read(generation)
        guard (try? mount.linkTarget(VolumeNames.data)) == target else { return nil }
        let name = target.split(separator: "/").last.map(String.init) ?? target
        if tree.files.isEmpty { throw Absence("\(path) is empty") }
        if let previous, previous.generation == name, previous.files.keys.contains(where: { tree.files[$0] == nil }) {
            throw Absence("\(path) loses files of its generation")
        }
        if tree.hasVanished { return nil }
        remarks = tree.remarks
        return Snapshot(generation: name, createdAt: Timestamp(createdAt), files: tree.files)
    }

    /// Nil if `..data` leads elsewhere by now.
    private func openGeneration(_ target: String, of mount: borrowing Directory) throws(Absence) -> Directory? {
        do throws(LinuxError) {
            return try mount.subdirectory(target)
        } catch {
            if (try? mount.linkTarget(VolumeNames.data)) != target { return nil }
            throw Absence("\(error)")
        }
    }

    private func orAbsent<Result: ~Copyable>(
        _ body: () throws(LinuxError) -> Result
    ) throws(Absence) -> Result {
        do throws(LinuxError) {
            return try body()
        } catch {
            throw Absence("\(error)")
        }
    }

    /// A plain folder has no generations; what did not change while it was read counts as one.
    private mutating func readFolder(
        _ mount: borrowing Directory, _ previous: Snapshot?
    ) throws(Absence) -> Snapshot? {
        let names = (try? mount.entries().entries) ?? []
        for entry in names where entry.kind == .link {
            // A volume without `..data`: not yet written, or half removed.
            if let target = try? mount.linkTarget(entry.name), target.utf8.starts(with: (VolumeNames.data + "/").utf8) {
                throw Absence("\(path) has links into ..data but no ..data")
            }
        }
        let before = MountStamp(of: mount)
        var tree = TreeReader(previous: previous, progress: progress)
        try tree.read(mount)
        if tree.hasVanished || MountStamp(of: mount) != before { return nil }
        guard let newest = tree.newest, !tree.files.isEmpty else { throw Absence("\(path) is empty") }
        remarks = tree.remarks
        let time = Timestamp(newest)
        return Snapshot(generation: time.rfc3339Nano, createdAt: time, files: tree.files)
    }
}

extension Timestamp {
    fileprivate init(_ time: FileTime) { self.init(seconds: time.seconds, nanoseconds: time.nanoseconds) }
}

/// What a reading met beside the files.
package struct ReadingRemarks: Sendable, Equatable {
    /// Files that are mounted by themselves (`subPath`): the container never sees another content.
    package var frozen: [String] = []
    /// Names that are not UTF-8, and therefore left out.
    package var undecodableNames = 0
}

/// Why there is no generation.
struct Absence: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}
