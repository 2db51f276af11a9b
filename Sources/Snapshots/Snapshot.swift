package import Observability

/// All source files of the mount, those of each volume of one generation, read together.
package struct Snapshot: Sendable {
    /// By folder relative to the mount; "" is the mount itself, which is none of them if all its files lie in others.
    package var volumes: [String: Volume]
    /// When it was first noticed that there is something new; nil if nobody watches.
    package var noticedAt: ContinuousClock.Instant?
    /// By path relative to the mount, `certs/tls.crt`.
    package var files: [String: SourceFile]
    /// Folders that hold nothing and have not been seen to hold anything: a volume may be mounted there yet.
    package var emptyFolders: Set<String> = []

    package init(volumes: [String: Volume], files: [String: SourceFile]) {
        self.volumes = volumes
        self.files = files
    }

    /// Of a mount without other volumes in it.
    package init(generation: String, createdAt: Timestamp, files: [String: SourceFile]) {
        self.init(volumes: ["": Volume(generation: generation, createdAt: createdAt)], files: files)
    }

    /// The generations of all volumes, as `MountGeneration` writes them.
    package var generation: String { generation(of: []) }

    /// When the newest generation came to be.
    package var createdAt: Timestamp { createdAt(of: []) }

    /// The file at exactly this path. To Swift, texts are equal that only look the same (`é` in one scalar and in two);
    /// to the kernel, and to who may read what, they are the names of different files.
    package func file(exactly path: String) -> SourceFile? {
        guard let index = files.index(forKey: path), files[index].key.utf8.elementsEqual(path.utf8) else { return nil }
        return files[index].value
    }

    /// There is something at exactly this path that cannot be read: a file, or a folder.
    package func isFailed(_ path: String) -> Bool {
        if case .failed? = file(exactly: path) { true } else { false }
    }

    /// The paths whose content differs between `old` and this snapshot: added, removed, changed, become readable or
    /// unreadable. All paths if there is no old one.
    package func changedPaths(since old: Snapshot?) -> Set<String> {
        guard let old else { return Set(files.keys) }
        var changed = Set(files.keys.filter { old.files[$0] != files[$0] })
        for path in old.files.keys where files[path] == nil { changed.insert(path) }
        return changed
    }
}

/// One source file of a snapshot: its content, or why there is none.
package enum SourceFile: Sendable, Equatable {
    case content(SecretBytes, Digest)
    case failed(SourceError)

    /// The largest content of a Secret, over all its keys: 1 MiB (Kubernetes API, `v1.MaxSecretSize`).
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

/// Why a source file of a snapshot has no content; an error of that file alone.
package enum SourceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Larger than a Secret can be; `size` in bytes.
    case tooLarge(size: Int)
    /// The kernel refused; `reason` is strerror(3)'s text.
    case unreadable(reason: String)
    /// A symbolic link that leads out of the mount.
    case outsideMount
    /// A directory, device, FIFO or socket.
    case notRegular
    /// Another file has a name that is the same text in another Unicode form.
    case ambiguousName

    package var description: String {
        switch self {
        case .tooLarge(let size): "is \(size) bytes, more than the \(SourceFile.maximumSize) that a Secret can hold"
        case .unreadable(let reason): "cannot be read: \(reason)"
        case .outsideMount: "is a link that leads out of the mount"
        case .notRegular: "is not a regular file"
        case .ambiguousName: "has a name that another file has too, in another Unicode form"
        }
    }
}
