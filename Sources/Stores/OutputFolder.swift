import Distribution
import Glibc
import LinuxIO
import Observability

/// The folder of targets. It is kept open.
///
/// Files below it are opened relative to its descriptor, one path component at a time, without following links.
/// Replacing a folder or a file with a link, at any time, therefore has no effect outside the folder.
final class OutputFolder: Sendable {
    let path: String
    private let root: Directory
    /// Whether it has a folder for each namespace. Otherwise all targets are in the root, and have the namespace
    /// `ObjectKey.outputNamespace`.
    private let hasNamespaces: Bool

    /// The maximum size of a file in it, in bytes.
    static let largestFile = 4 << 20

    private init(_ root: consuming Directory, path: String, hasNamespaces: Bool) {
        self.root = root
        self.path = path
        self.hasNamespaces = hasNamespaces
    }

    /// Opens the folder.
    ///
    /// - Parameter creates: whether to create it with mode 0700 if it is missing.
    /// - Returns: nil if it is missing and `creates` is false.
    /// - Throws: `ConfigurationError` if others own it or may write to it, if it is not a folder, or if another process
    ///   uses it for files without namespaces; otherwise `LinuxError`.
    static func open(_ path: String, hasNamespaces: Bool = true, creates: Bool) throws -> OutputFolder? {
        guard let root = try openRoot(path, creates: creates) else { return nil }
        // Two processes would remove each other's unfinished files. A dry run writes none.
        if creates, !hasNamespaces, try !root.lock() {
            throw ConfigurationError(
                source: "environment", field: "OUTPUT_PATH", value: path,
                expected: "a folder that no other secrets-distributor uses")
        }
        return OutputFolder(root, path: path, hasNamespaces: hasNamespaces)
    }

    private static func openRoot(_ path: String, creates: Bool) throws -> Directory? {
        let refused = { (reason: String) in
            ConfigurationError(
                source: "environment", field: "OUTPUT_PATH", value: path,
                expected: "a folder that root and the agent's user alone may write: \(reason)")
        }
        do throws(TrustedPathError) {
            return try Directory.openTrusted(path, creates: creates)
        } catch {
            switch error {
            case .untrusted(let reason): throw refused(reason)
            case .failed(let failure) where [ENOTDIR, ELOOP].contains(failure.code): throw refused("\(failure)")
            case .failed(let failure) where failure.code == ENOENT && !creates: return nil
            case .failed(let failure): throw failure
            }
        }
    }

    /// The namespaces that have a folder, sorted.
    ///
    /// - Throws: `.unavailable` if its path no longer leads to it, or if it cannot be read.
    func namespaces() throws(StoreError) -> [String] {
        try checkPlace()
        guard hasNamespaces else { return [ObjectKey.outputNamespace] }
        return try orUnavailable { () throws(LinuxError) in try root.visible().filter { $0.kind == .directory } }
            .map(\.name).sorted()
    }

    /// The folder of a namespace; nil if there is none.
    ///
    /// - Throws: `.rejected` if it is not a folder, or if others may write to it; `.unavailable` if the root's path no
    ///   longer leads to the root, or if the folder cannot be opened.
    func namespace(_ name: String, creates: Bool = false) throws(StoreError) -> Directory? {
        try checkPlace()
        guard let folder = try find(name, creates: creates) else { return nil }
        if let untrustedReason = try orUnavailable({ () throws(LinuxError) in try folder.status().untrustedReason }) {
            throw .rejected("\(folder.path) is not used: \(untrustedReason)")
        }
        return folder
    }

    private func find(_ name: String, creates: Bool) throws(StoreError) -> Directory? {
        do throws(LinuxError) {
            guard hasNamespaces else {
                return Directory(descriptor: try root.openEntry(".", flags: O_RDONLY | O_DIRECTORY), path: path)
            }
            if creates { try root.createSubdirectory(name, mode: 0o700) }
            let opened = try root.openEntry(name, flags: O_RDONLY | O_DIRECTORY)
            return Directory(descriptor: opened, path: "\(path)/\(name)")
        } catch {
            switch error.code {
            case ENOENT: return nil
            case EXDEV, ENOTDIR, EACCES: throw .rejected(error.description)
            default: throw .unavailable(error.description, retryAfter: nil)
            }
        }
    }

    /// Completes or discards what a process that was killed has left behind.
    ///
    /// - Parameter failed: called with the error for each folder that cannot be read or cleaned.
    func recover(_ layout: any OutputLayout, failed: (String) -> Void) throws(StoreError) {
        for name in try namespaces() {
            do {
                if let folder = try namespace(name) { try layout.recover(folder) }
            } catch {
                failed("\(error)")
            }
        }
    }

    /// Restores modes, groups and links.
    ///
    /// - Parameter failed: called with the error for each folder in which something cannot be restored.
    func restoreAll(_ layout: any OutputLayout, failed: (String) -> Void) throws(StoreError) {
        for name in try namespaces() {
            do {
                if let folder = try namespace(name) { try layout.restoreAll(in: folder) }
            } catch {
                failed("\(error)")
            }
        }
    }

    /// Gives the folder the group that the files are to have.
    ///
    /// - Throws: `ConfigurationError` if the agent's user may not (chown(2)), or if the user namespace has no such group
    ///   (EINVAL); otherwise `LinuxError`.
    func check(_ group: UInt32) throws {
        do throws(LinuxError) {
            let mode = try root.status().permissions & 0o777
            try root.descriptor.apply(FileAttributes(mode: mode, group: group), to: path)
        } catch {
            guard error.code == EPERM || error.code == EINVAL else { throw error }
            throw ConfigurationError(
                source: "environment", field: "OUTPUT_GROUP", value: "\(group)",
                expected: "a group of which the agent's user is a member, for \(path): \(error.reason)")
        }
    }

    /// Whether an application has not been notified of new content, also of a previous process.
    func isNotificationDue() throws(StoreError) -> Bool {
        try checkPlace()
        return try orUnavailable { () throws(LinuxError) in try TargetMetadata.isNotificationDue(in: root) }
    }

    func setNotificationDue(_ isDue: Bool) throws(StoreError) {
        try checkPlace()
        try orUnavailable { () throws(LinuxError) in try TargetMetadata.setNotificationDue(isDue, in: root) }
    }

    /// Checks that the path still leads to this folder.
    ///
    /// - Throws: `.unavailable` if it does not, because nobody would find the written files.
    private func checkPlace() throws(StoreError) {
        let isInPlace = try orUnavailable { () throws(LinuxError) in
            do throws(LinuxError) {
                return try Directory(path: path).status().identity == root.status().identity
            } catch  where [ENOENT, ENOTDIR, ELOOP, EACCES].contains(error.code) {
                return false
            }
        }
        guard isInPlace else {
            throw .unavailable(
                "\(path) was moved, removed or replaced since startup: restore it or restart the agent",
                retryAfter: nil)
        }
    }
}

func orUnavailable<Value>(_ body: () throws(LinuxError) -> Value) throws(StoreError) -> Value {
    do throws(LinuxError) {
        return try body()
    } catch {
        throw .unavailable(error.description, retryAfter: nil)
    }
}
