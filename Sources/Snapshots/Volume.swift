package import Observability

extension Snapshot {
    /// A part of the mount with its own generations: the mount itself, or a folder in it with a `..data` link.
    package struct Volume: Sendable, Equatable {
        /// The name of the generation: for an atomically written volume, the directory that `..data` points to; for a
        /// plain folder, the time of its newest change (RFC 3339, nanoseconds).
        package var generation: String
        /// The creation time of the generation by the file system's clock: the last change of `..data`, or the newest
        /// change.
        package var createdAt: Timestamp
        /// Whether each generation is written as a whole. If not (a plain folder), files change one by one, and a
        /// reading can contain old and new files that belong together.
        package var isAtomic: Bool
        /// The reason why the volume has no generation now; its files are then those of the last one. Nil if it has
        /// one.
        package var absence: String?
        /// Whether no other generation can arrive: the volume was mounted with `subPath`, and its source was deleted.
        package var isLost = false

        package init(generation: String, createdAt: Timestamp, isAtomic: Bool = true) {
            self.generation = generation
            self.createdAt = createdAt
            self.isAtomic = isAtomic
        }
    }

    /// The folder of the volume that contains the file at `path`; "" is the mount itself.
    package func volume(of path: String) -> String {
        path.foldersAbove.first { folder in
            // Compares bytes: for the kernel, a folder whose name is equal in Swift may be a different one.
            volumes.index(forKey: folder).map { volumes[$0].key.utf8.elementsEqual(folder.utf8) } ?? false
        } ?? ""
    }

    /// The volumes with a generation that contain the files at `paths`; all volumes if there are none.
    private func volumes(of paths: some Sequence<String>) -> [String: Volume] {
        if volumes.count < 2 { return volumes }
        let folders = Set(paths.map(volume))
        let used = volumes.filter { folders.contains($0.key) }
        return used.isEmpty ? volumes : used
    }

    /// The generations of the files at `paths` in the text form of `MountGeneration`.
    package func generation(of paths: some Sequence<String>) -> String {
        if volumes.count == 1, let own = volumes[""] { return own.generation }
        return MountGeneration(volumes(of: paths).mapValues(\.generation)).description
    }

    /// The creation time of the newest generation among those of the files at `paths`.
    package func createdAt(of paths: some Sequence<String>) -> Timestamp {
        volumes(of: paths).values.map(\.createdAt).max() ?? Timestamp(seconds: 0)
    }
}

extension String {
    /// The parent folders of this path, innermost first: for `a/b/c`, `a/b` and `a`.
    package var foldersAbove: some Sequence<String> {
        sequence(state: utf8[...]) { rest in
            // Uses bytes: in Swift, a slash followed by a combining mark is a different character.
            guard let slash = rest.lastIndex(of: UInt8(ascii: "/")) else { return nil }
            rest = rest[..<slash]
            return String(Substring(rest))
        }
    }
}
