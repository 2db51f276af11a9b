import Glibc
import LinuxIO
import Snapshots

/// Reads all files below one open directory, and nothing outside it.
struct TreeReader {
    private let previous: Snapshot?
    private let progress: @Sendable () -> Void
    private(set) var files: [String: SourceFile] = [:]
    private(set) var remarks = ReadingRemarks()
    /// The newest change of a file or directory. The change time alone: the modification time can be set at will.
    private(set) var newest: FileTime?
    /// A name was listed and gone when it was opened.
    private(set) var hasVanished = false
    private var visited = 0
    /// Bytes of what was read.
    private var size = 0

    /// - Parameter progress: called before each file or directory is opened.
    init(previous: Snapshot?, progress: @escaping @Sendable () -> Void) {
        self.previous = previous
        self.progress = progress
    }

    /// - Throws: `Absence` if the directory itself cannot be listed, or holds more than can be meant.
    mutating func read(_ root: borrowing Directory) throws(Absence) {
        do throws(LinuxError) {
            try visit(root, root: root, prefix: "", above: [])
        } catch {
            throw Absence("\(error)")
        }
        if visited > MountLimits.files {
            throw Absence("\(root.path) holds more than \(MountLimits.files) files")
        }
        if size > MountLimits.bytes {
            throw Absence("\(root.path) holds more than \(MountLimits.bytes) bytes")
        }
    }

    /// - Parameters:
    ///   - prefix: the directory's path below the root, with a slash at its end; empty for the root.
    ///   - above: the directories that lead here; links to one of them are not entered.
    private mutating func visit(
        _ directory: borrowing Directory, root: borrowing Directory, prefix: String, above: [FileIdentity]
    ) throws(LinuxError) {
        let here = try directory.status()
        if above.contains(here.identity) { return }
        note(here)
        let listing = try directory.entries()
        remarks.undecodableNames += listing.undecodable
        for entry in listing.entries where !VolumeNames.isReserved(entry.name, depth: above.count) {
            progress()
            visited += 1
            if visited > MountLimits.files || size > MountLimits.bytes { return }
            let path = prefix + entry.name
            // Equal to Swift, not to the kernel: neither may pass for the other.
            guard files[path] == nil else {
                files[path] = .failed(.ambiguousName)
                continue
            }
            if entry.kind == .special {
                files[path] = .failed(.notRegular)
                continue
            }
            do throws(LinuxError) {
                // By the path below the root: a link of a subfolder may lead to another subfolder.
                let opened = try root.openBeneath(path)
                let status = try opened.status()
                switch status.kind {
                case .file:
                    note(status)
                    if status.links == 0 || opened.isMountRoot { remarks.frozen.append(path) }
                    let file = try content(of: opened, path: path)
                    if case .content(let bytes, _) = file { size += bytes.count }
                    files[path] = file
                case .directory where above.count >= MountLimits.depth:
                    files[path] = .failed(.unreadable(reason: "nested too deeply"))
                case .directory:
                    let below = Directory(descriptor: opened, path: "\(root.path)/\(path)")
                    try visit(below, root: root, prefix: path + "/", above: above + [here.identity])
                case .link, .special:
                    files[path] = .failed(.notRegular)
                }
            } catch {
                if let status = try? directory.status(of: entry.name) { note(status) }
                fail(path, error, isLink: entry.kind == .link)
            }
        }
    }

    private mutating func fail(_ path: String, _ error: LinuxError, isLink: Bool) {
        let reason: SourceError
        switch error.code {
        // openat2(2): the link leads out of the root.
        case EXDEV: reason = .outsideMount
        // open(2): a socket, or a device without a driver.
        case ENXIO: reason = .notRegular
        case ENOENT where !isLink, ESTALE:
            hasVanished = true
            return
        default: reason = .unreadable(reason: error.reason)
        }
        files[path] = .failed(reason)
        // The files of a directory that cannot be read are not gone, they cannot be read either.
        for known in previous?.files.keys ?? [:].keys where known.utf8.starts(with: (path + "/").utf8) {
            files[known] = .failed(reason)
        }
    }

    private mutating func note(_ status: FileStatus) {
        newest = max(newest ?? status.changed, status.changed)
    }

    /// Reads the file until it did not change meanwhile.
    private func content(of file: borrowing FileDescriptor, path: String) throws(LinuxError) -> SourceFile {
        for _ in 0..<MountLimits.tries {
            let before = try file.status()
            if before.size > SourceFile.maximumSize { return .failed(.tooLarge(size: before.size)) }
            // One byte more than there should be: a full buffer says that the file has grown.
            let capacity = max(before.size, Self.smallestBuffer) + 1
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
            guard bytes.count < capacity, try file.status() == before else { continue }
            let read = SourceFile(bytes)
            if let known = previous?.files[path], known == read { return known }
            return read
        }
        return .failed(.unreadable(reason: "changes while it is read"))
    }

    /// Some file systems say 0 for the size of a file that has content.
    private static let smallestBuffer = 4096
}
