import Glibc

/// A directory for one test, removed with its content when the object is released.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws(POSIXFailure) {
        var template = Array("/tmp/secrets-distributor-test-XXXXXX".utf8CString)
        guard let made = template.withUnsafeMutableBufferPointer({ $0.baseAddress.flatMap { mkdtemp($0) } }) else {
            throw POSIXFailure("mkdtemp", "/tmp")
        }
        path = String(cString: made)
    }

    deinit { removeTree(path) }

    /// The path of `name` in the directory.
    package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }
}

/// A failed call that a test needed.
package struct POSIXFailure: Error, CustomStringConvertible {
    package let description: String

    init(_ call: String, _ object: String) {
        description = "\(call) \(object): errno \(errno)"
    }
}

/// Throws if `result` is -1.
package func require(_ call: String, _ object: String, _ result: Int32) throws(POSIXFailure) {
    if result == -1 { throw POSIXFailure(call, object) }
}

/// Writes `bytes` to the file at `path` in place, as `open(2)` with `O_TRUNC` does.
package func writeFile(_ path: String, _ bytes: [UInt8]) throws(POSIXFailure) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    try require("open", path, file)
    defer { close(file) }
    var offset = 0
    while offset < bytes.count {
        let count = bytes[offset...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        try require("write", path, Int32(count))
        offset += count
    }
}

package func writeFile(_ path: String, _ text: String) throws(POSIXFailure) {
    try writeFile(path, Array(text.utf8))
}

/// Creates the directory and missing directories above it.
package func makeDirectory(_ path: String) throws(POSIXFailure) {
    if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
        throw POSIXFailure("mkdir", path)
    }
    try makeDirectory(String(path[..<slash]))
    try require("mkdir", path, mkdir(path, 0o755))
}

package func makeLink(_ path: String, to target: String) throws(POSIXFailure) {
    try require("symlink", path, symlink(target, path))
}

package func rename(_ old: String, to new: String) throws(POSIXFailure) {
    try require("rename", old, Glibc.rename(old, new))
}

/// Removes `path` and everything below it; a missing path is no error.
package func removeTree(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
        unlink(path)
        return
    }
    for name in names(in: path) { removeTree("\(path)/\(name)") }
    rmdir(path)
}

/// The names in the directory at `path`, in the order of readdir(3).
package func names(in path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}

extension TemporaryDirectory {
    /// Waits until the file system's clock has advanced, so that later changes get a later time. File times have the
    /// resolution of the kernel's clock tick.
    package func passClockTick() throws {
        let probe = self(".clock")
        try writeFile(probe, "")
        let first = try changeTime(probe)
        while try changeTime(probe) == first { try writeFile(probe, "") }
    }

    private func changeTime(_ path: String) throws(POSIXFailure) -> [Int] {
        var status = stat()
        try require("stat", path, stat(path, &status))
        return [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }
}
