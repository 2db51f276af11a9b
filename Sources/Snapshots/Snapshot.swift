package import Observability

/// All source files of the mount, read together. The files of each volume are from one generation.
package struct Snapshot: Sendable {
    /// The volumes by folder relative to the mount. "" is the mount itself, which is missing if all its files belong to
    /// other volumes.
    package var volumes: [String: Volume]
    /// The time when the change was first noticed; nil if the mount is not watched.
    package var noticedAt: ContinuousClock.Instant?
    /// The files by path relative to the mount, for example `certs/tls.crt`.
    package var files: [String: SourceFile]
    /// Folders that are empty and have been empty so far: a volume may still be mounted there.
    package var emptyFolders: Set<String> = []

    package init(volumes: [String: Volume], files: [String: SourceFile]) {
        self.volumes = volumes
        self.files = files
    }

    /// Creates the snapshot of a mount that contains no other volumes.
    package init(generation: String, createdAt: Timestamp, files: [String: SourceFile]) {
        self.init(volumes: ["": Volume(generation: generation, createdAt: createdAt)], files: files)
    }

    /// The generations of all volumes in the text form of `MountGeneration`.
    package var generation: String { generation(of: []) }

    /// The creation time of the newest generation.
    package var createdAt: Timestamp { createdAt(of: []) }

    /// The file at exactly this path. In Swift, strings that only look the same are equal (`é` in one scalar and in
    /// two). For the kernel, and for the access policy, they are names of different files.
    package func file(exactly path: String) -> SourceFile? {
        guard let index = files.index(forKey: path), files[index].key.utf8.elementsEqual(path.utf8) else { return nil }
        return files[index].value
    }

    /// Whether there is an unreadable file or folder at exactly this path.
    package func isFailed(_ path: String) -> Bool {
        if case .failed? = file(exactly: path) { true } else { false }
    }

    /// The paths whose content differs between `old` and this snapshot: added, removed or changed, or changed between
    /// readable and unreadable. All paths if `old` is nil.
    package func changedPaths(since old: Snapshot?) -> Set<String> {
        guard let old else { return Set(files.keys) }
        var changed = Set(files.keys.filter { old.files[$0] != files[$0] })
        for path in old.files.keys where files[path] == nil { changed.insert(path) }
        return changed
    }
}

/// A source file of a snapshot: its content, or the reason why there is none.
package enum SourceFile: Sendable, Equatable {
    case content(SecretBytes, Digest)
    case failed(SourceError)

    /// The maximum size of a Secret's content, over all keys: 1 MiB (Kubernetes API, `v1.MaxSecretSize`).
    package static let maximumSize = 1 << 20

    package init(_ bytes: SecretBytes) { self = .content(bytes, Digest(of: bytes)) }

    package static func == (left: SourceFile, right: SourceFile) -> Bool {
        switch (left, right) {
        case (.content(_, let one), .content(_, let other)): one == other
        case (.failed(let one), .failed(let other)): one == other
        default: false
        }
    }
}

/// The reason why a source file has no content. Concerns that file only.
package enum SourceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Larger than a Secret can be. `size` is in bytes.
    case tooLarge(size: Int)
    /// The kernel reported an error; `reason` is strerror(3)'s text.
    case unreadable(reason: String)
    /// A symbolic link that leads out of the mount.
    case outsideMount
    /// A directory, device, FIFO or socket.
    case notRegular
    /// Another file has the same name in a different Unicode form.
    case ambiguousName

    package var description: String {
        switch self {
        case .tooLarge(let size): "is \(size) bytes, more than the \(SourceFile.maximumSize) that a Secret can hold"
        case .unreadable(let reason): "cannot be read: \(reason)"
        case .outsideMount: "is a link that leads out of the mount"
        case .notRegular: "is not a regular file"
        case .ambiguousName: "has the same name as another file in a different Unicode form"
        }
    }
}
