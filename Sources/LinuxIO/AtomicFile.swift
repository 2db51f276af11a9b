import Glibc

/// Replaces files atomically: readers find the old content or the new, even after a crash.
package enum AtomicFile {
    /// Writes `bytes` to the file `name` in `directory`, and replaces an existing file.
    ///
    /// - Parameters:
    ///   - name: one path component.
    ///   - attributes: the mode and the group, which the file has before it becomes visible.
    /// - Throws: `LinuxError`. The old content is unchanged, and no temporary file remains.
    package static func write(
        _ bytes: UnsafeRawBufferPointer, named name: String, in directory: borrowing Directory,
        _ attributes: FileAttributes = FileAttributes(mode: 0o600)
    ) throws(LinuxError) {
        let object = "\(directory.path)/\(name)"
        guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")) else {
            throw LinuxError("write", object, code: EINVAL)
        }
        let folder = directory.descriptor.rawValue
        let temporary = "\(prefix)\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let file = FileDescriptor(
            owning: try checked("create a file beside", object) {
                openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            })
        do throws(LinuxError) {
            try file.write(all: bytes)
            try file.apply(attributes, to: object)
            // Without fsync(2), a crash can leave the new name without content.
            try checked("save", object) { fsync(file.rawValue) }
            try checked("replace", object) { renameat(folder, temporary, folder, name) }
        } catch {
            unlinkat(folder, temporary, 0)
            throw LinuxError(error.operation, object, code: error.code)
        }
        try checked("save the directory of", object) { fsync(folder) }
    }

    /// Removes the file `name` from `directory`. Returns false if it does not exist.
    package static func remove(named name: String, in directory: borrowing Directory) throws(LinuxError) -> Bool {
        let folder = directory.descriptor.rawValue
        let object = "\(directory.path)/\(name)"
        do throws(LinuxError) {
            try checked("remove", object) { unlinkat(folder, name, 0) }
        } catch  where error.code == ENOENT {
            return false
        }
        try checked("save the directory of", object) { fsync(folder) }
        return true
    }

    /// Whether `name` is a temporary file of `write`, which remains if the process is killed.
    package static func isTemporary(_ name: String) -> Bool { name.hasPrefix(prefix) }

    private static let prefix = ".secrets-distributor-tmp-"
}
