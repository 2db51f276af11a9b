import Glibc
import JSON
import LinuxIO

/// The metadata of targets whose files have no place for it, and what is still to be done: labels, annotations, owner references and the type, never a
/// value or its digest. Files `<secret>.json` in the hidden folder `.secrets-distributor` below `OUTPUT_PATH`, with modes
/// 0600 and 0700.
///
/// If it is lost or damaged, the target is adopted, and the next comparison writes it again.
enum TargetMetadata {
    private static let folder = ".secrets-distributor"
    private static let suffix = ".json"
    private static let largest = 1 << 20
    /// An empty file that exists while an application has to be notified of new content.
    private static let notification = ".notification-due"

    /// The metadata and the type as members of a Secret; nil if there is none, or if it cannot be used.
    static func read(_ name: String, in root: borrowing Directory) throws(LinuxError) -> JSONValue? {
        guard let folder = try open(in: root) else { return nil }
        do throws(LinuxError) {
            guard let file = try folder.content(of: name + suffix, limit: largest),
                let kept = try? JSONValue(json: file.bytes), kept["metadata"]?.object != nil,
                kept["type"]?.string != nil
            else { return nil }
            return kept
        } catch  where error.code == ENOENT || error.code == EXDEV {
            return nil
        }
    }

    /// A text that changes whenever the metadata changes.
    static func version(of name: String, in root: borrowing Directory) throws(LinuxError) -> String {
        guard let folder = try open(in: root) else { return "" }
        do throws(LinuxError) {
            return try folder.version(of: name + suffix)
        } catch  where error.code == ENOENT || error.code == EXDEV {
            return ""
        }
    }

    /// Writes the metadata of a Secret, unless it is the same.
    static func write(_ secret: JSONValue, _ name: String, in root: borrowing Directory) throws(LinuxError) {
        let kept: JSONValue = ["metadata": secret["metadata"] ?? [:], "type": secret["type"] ?? "Opaque"]
        guard try read(name, in: root) != kept else { return }
        try root.createSubdirectory(folder, mode: 0o700)
        guard let folder = try open(in: root) else { throw LinuxError("open", "\(root.path)/\(folder)", code: ENOENT) }
        let bytes = kept.encoded()
        try bytes.withUnsafeBufferPointer { (buffer) throws(LinuxError) in
            try AtomicFile.write(UnsafeRawBufferPointer(buffer), named: name + suffix, in: folder)
        }
    }

    static func remove(_ name: String, in root: borrowing Directory) throws(LinuxError) {
        guard let folder = try open(in: root) else { return }
        _ = try AtomicFile.remove(named: name + suffix, in: folder)
    }

    /// Removes the metadata of targets that do not exist, and what interrupted writes have left behind.
    static func removeAll(except names: Set<String>, in root: borrowing Directory) throws(LinuxError) {
        guard let folder = try open(in: root) else { return }
        for entry in try folder.entries().entries
        where entry.kind != .directory && entry.name != notification {
            if entry.name.hasSuffix(suffix), names.contains(String(entry.name.dropLast(suffix.count))) { continue }
            _ = try AtomicFile.remove(named: entry.name, in: folder)
        }
    }

    static func isNotificationDue(in root: borrowing Directory) throws(LinuxError) -> Bool {
        guard let folder = try open(in: root) else { return false }
        do throws(LinuxError) {
            _ = try folder.status(of: notification)
            return true
        } catch  where error.code == ENOENT {
            return false
        }
    }

    static func setNotificationDue(_ isDue: Bool, in root: borrowing Directory) throws(LinuxError) {
        guard try isNotificationDue(in: root) != isDue else { return }
        if isDue { try root.createSubdirectory(folder, mode: 0o700) }
        guard let folder = try open(in: root) else { return }
        if isDue {
            try AtomicFile.write(UnsafeRawBufferPointer(start: nil, count: 0), named: notification, in: folder)
        } else {
            _ = try AtomicFile.remove(named: notification, in: folder)
        }
    }

    private static func open(in root: borrowing Directory) throws(LinuxError) -> Directory? {
        do throws(LinuxError) {
            return Directory(
                descriptor: try root.openEntry(folder, flags: O_RDONLY | O_DIRECTORY),
                path: "\(root.path)/\(folder)")
        } catch  where error.code == ENOENT {
            return nil
        }
    }
}
