import Glibc
import LinuxIO
import Snapshots

/// Reads the files of volumes, one volume after another, and nothing outside them.
struct TreeReader {
    private let previous: PreviousFiles
    private let progress: @Sendable () -> Void
    /// For each folder, the directory in which a volume was seen before.
    private let known: [String: FileIdentity]
    /// The files of all volumes, by path relative to the mount.
    private(set) var files: [String: SourceFile] = [:]
    private(set) var remarks = ReadingRemarks()
    private var visited = 0
    /// The number of bytes read.
    private var size = 0

    /// Findings for the volume that was read last.
    private(set) var volume = VolumeFindings()

    /// Findings in one volume, apart from its files.
    struct VolumeFindings {
        /// The newest change of a file or directory. Uses the change time only, because users can set the modification
        /// time.
        var newest: FileTime?
        /// A name was listed but no longer existed when it was opened.
        var hasVanished = false
        var hasFiles = false
        /// Folders that are volumes themselves and were not read.
        var nested: Set<String> = []
        /// Folders without entries, and folders with entries.
        var emptyFolders: Set<String> = []
        var filledFolders: Set<String> = []
    }

    /// - Parameter progress: called before each file or directory is opened.
    init(previous: PreviousFiles, known: [String: FileIdentity] = [:], progress: @escaping @Sendable () -> Void) {
        self.previous = previous
        self.known = known
        self.progress = progress
    }

    /// Returns a reader for another volume. It has no files, but keeps the counts of what was read.
    func next() -> TreeReader {
        var next = self
        next.files = [:]
        next.remarks = ReadingRemarks()
        return next
    }

    /// Adds what `next` has read. Does not copy the files of this reader, because there may be thousands of volumes.
    mutating func add(_ next: TreeReader) {
        // Two paths that Swift cannot tell apart (Unicode forms): use neither file.
        files.merge(next.files) { _, _ in .failed(.ambiguousName) }
        remarks.subPathMounts += next.remarks.subPathMounts
        remarks.undecodableNames += next.remarks.undecodableNames
        (visited, size) = (next.visited, next.size)
    }

    /// For each of `folders` that contains files, whether one of the files has content.
    func hasContent(below folders: Set<String>) -> [String: Bool] {
        var found: [String: Bool] = [:]
        if folders.isEmpty { return found }
        for (path, file) in files {
            let hasContent = if case .content = file { true } else { false }
            for folder in path.foldersAbove {
                guard let known = folders.firstIndex(of: folder), folders[known].utf8.elementsEqual(folder.utf8) else {
                    continue
                }
                found[folder] = found[folder] == true || hasContent
            }
        }
        return found
    }

    /// Reads the files of one volume.
    ///
    /// - Parameters:
    ///   - base: the volume's folder with a trailing slash; empty for the mount itself.
    ///   - isGeneration: whether it is a generation of a volume, in which no folder is a volume.
    /// - Throws: `Absence` if the directory cannot be listed or exceeds a limit.
    mutating func read(_ root: borrowing Directory, base: String = "", isGeneration: Bool = false) throws(Absence) {
        volume = VolumeFindings()
        do throws(LinuxError) {
            try visit(root, Place(root: root.path, base: base, isGeneration: isGeneration), root, prefix: "", above: [])
        } catch {
            throw Absence("\(error)")
        }
        if visited > MountLimits.files {
            throw Absence("\(root.path) holds more than \(MountLimits.files) files", isLimit: true)
        }
        if size > MountLimits.bytes {
            throw Absence("\(root.path) holds more than \(MountLimits.bytes) bytes", isLimit: true)
        }
    }

    private struct Place {
        let root: String
        let base: String
        let isGeneration: Bool
    }

    /// - Parameters:
    ///   - prefix: the directory's path below the root with a trailing slash; empty for the root.
    ///   - above: the parents of the directory; links to one of them are not followed.
    private mutating func visit(
        _ directory: borrowing Directory, _ place: Place, _ root: borrowing Directory, prefix: String,
        above: [FileIdentity]
    ) throws(LinuxError) {
        let here = try directory.status()
        if above.contains(here.identity) { return }
        let listing = try directory.listing()
        let folder = String((place.base + prefix).dropLast())
        if !place.isGeneration, !above.isEmpty, isVolume(directory, here, listing, folder) {
            return addNested(folder)
        }
        recordNewest(here)
        remarks.undecodableNames += listing.undecodable
        let entries = listing.entries.filter { !VolumeNames.isReserved($0.name) }
        if !above.isEmpty {
            if entries.isEmpty { volume.emptyFolders.insert(folder) } else { volume.filledFolders.insert(folder) }
        }
        for entry in entries {
            progress()
            visited += 1
            if visited > MountLimits.files || size > MountLimits.bytes { return }
            let local = prefix + entry.name
            let path = place.base + local
            // Two paths that Swift cannot tell apart (Unicode forms): use neither file.
            guard files[path] == nil else {
                add(path, .failed(.ambiguousName))
                continue
            }
            if entry.kind == .special {
                add(path, .failed(.notRegular))
                continue
            }
            do throws(LinuxError) {
                // Uses the path below the root, because a link in a subfolder may lead to another subfolder.
                let opened = try root.openBeneath(local)
                let status = try opened.status()
                switch status.kind {
                case .file:
                    recordNewest(status)
                    if status.links == 0 || opened.isMountRoot { remarks.subPathMounts.append(path) }
                    let file = try content(of: opened, path: path)
                    if case .content(let bytes, _) = file { size += bytes.count }
                    add(path, file)
                case .directory where above.count >= MountLimits.depth:
                    add(path, .failed(.unreadable(reason: "nested too deeply")))
                case .directory:
                    let below = Directory(descriptor: opened, path: "\(place.root)/\(local)")
                    try visit(below, place, root, prefix: local + "/", above: above + [here.identity])
                case .link, .special:
                    add(path, .failed(.notRegular))
                }
            } catch {
                if let status = try? directory.status(of: entry.name) { recordNewest(status) }
                fail(path, error, isLink: entry.kind == .link)
            }
        }
    }

    private mutating func add(_ path: String, _ file: SourceFile) {
        files[path] = file
        volume.hasFiles = true
    }

    /// Whether the directory has or had a `..data` link, or is mounted with `subPath` from within a generation.
    private func isVolume(
        _ directory: borrowing Directory, _ status: FileStatus, _ listing: DirectoryListing, _ folder: String
    ) -> Bool {
        if directory.dataTarget != nil || known[folder] == status.identity { return true }
        if directory.hasLinksIntoData(listing) { return true }
        return directory.descriptor.isMountRoot && MountOrigin(of: directory)?.generation != nil
    }

    private mutating func addNested(_ folder: String) {
        if volume.nested.insert(folder).inserted { return }
        // Two folders whose names Swift cannot tell apart (Unicode forms): use neither.
        volume.nested.remove(folder)
        add(folder, .failed(.ambiguousName))
    }

    private mutating func fail(_ path: String, _ error: LinuxError, isLink: Bool) {
        let reason: SourceError
        switch error.code {
        // openat2(2): the link leads out of the root.
        case EXDEV: reason = .outsideMount
        // open(2): a socket, or a device without a driver.
        case ENXIO: reason = .notRegular
        case ENOENT where !isLink, ESTALE:
            volume.hasVanished = true
            return
        default: reason = .unreadable(reason: error.reason)
        }
        add(path, .failed(reason))
        // The files of an unreadable directory still exist, so they are recorded as unreadable.
        for known in previous.paths(below: path) {
            visited += 1
            add(known, .failed(reason))
        }
    }

    /// Records that `path` is mounted separately, so its content never changes in the container.
    mutating func recordSubPath(_ path: String) { remarks.subPathMounts.append(path) }

    private mutating func recordNewest(_ status: FileStatus) {
        volume.newest = max(volume.newest ?? status.changed, status.changed)
    }
}

extension TreeReader {
    /// Reads the file to its end, again if it changes meanwhile. Some file systems report a size of 0, or one that is
    /// too small, for a file that has content.
    func content(of file: borrowing FileDescriptor, path: String) throws(LinuxError) -> SourceFile {
        var least = Self.smallestBuffer
        for _ in 0..<MountLimits.tries {
            let before = try file.status()
            if before.size > SourceFile.maximumSize { return .failed(.tooLarge(size: before.size)) }
            // One byte more than expected: a full buffer means that there is more.
            let capacity = max(before.size, least) + 1
            let bytes = try SecretBytes(capacity: capacity) { (buffer) throws(LinuxError) in
                var count = 0
                while count < buffer.count {
                    let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
                    let read = try file.read(into: rest, at: count)
                    if read == 0 { break }
                    count += read
                }
                return count
            }
            guard bytes.count < capacity else {
                if bytes.count > SourceFile.maximumSize { return .failed(.tooLarge(size: bytes.count)) }
                least = SourceFile.maximumSize
                continue
            }
            guard try file.status() == before else { continue }
            let read = SourceFile(bytes)
            if let known = previous.snapshot?.files[path], known == read { return known }
            return read
        }
        return .failed(.unreadable(reason: "changes while it is read"))
    }

    private static let smallestBuffer = 4096
}
