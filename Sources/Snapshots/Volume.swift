package import Observability

extension Snapshot {
    /// A part of the mount that has generations of its own: the mount itself, or a folder in it with a `..data` link.
    package struct Volume: Sendable, Equatable {
        /// The generation's name: in an atomically written volume the directory that `..data` points to, in a plain
        /// folder the time of its newest change (RFC 3339, nanoseconds).
        package var generation: String
        /// When the generation came to be, by the file system's clock: the last change of `..data`, or the newest change.
        package var createdAt: Timestamp
        /// A generation is written as a whole. If not (a plain folder), files change one by one, and those that belong
        /// together can be read as a mixture of old and new.
        package var isAtomic: Bool
        /// Why it has no generation at present, so that its files are those of the last one; nil if it has one.
        package var absence: String?
        /// It never gets another generation: it was mounted by `subPath`, and what was mounted is deleted.
        package var isLost = false

        package init(generation: String, createdAt: Timestamp, isAtomic: Bool = true) {
            self.generation = generation
            self.createdAt = createdAt
            self.isAtomic = isAtomic
        }
    }

    /// The folder of the volume that a file at `path` lies in; "" is the mount itself.
    package func volume(of path: String) -> String {
        path.foldersAbove.first { folder in
            // Equal to Swift is not enough: it may be another folder to the kernel.
            volumes.index(forKey: folder).map { volumes[$0].key.utf8.elementsEqual(folder.utf8) } ?? false
        } ?? ""
    }

    /// The volumes that files at `paths` lie in, those alone that have a generation; all if there are none.
    private func volumes(of paths: some Sequence<String>) -> [String: Volume] {
        if volumes.count < 2 { return volumes }
        let folders = Set(paths.map(volume))
        let used = volumes.filter { folders.contains($0.key) }
        return used.isEmpty ? volumes : used
    }

    /// The generations that files at `paths` come from, as `MountGeneration` writes them.
    package func generation(of paths: some Sequence<String>) -> String {
        if volumes.count == 1, let own = volumes[""] { return own.generation }
        return MountGeneration(volumes(of: paths).mapValues(\.generation)).description
    }

    /// When the newest of the generations that files at `paths` come from came to be.
    package func createdAt(of paths: some Sequence<String>) -> Timestamp {
        volumes(of: paths).values.map(\.createdAt).max() ?? Timestamp(seconds: 0)
    }
}

extension String {
    /// The folders that lead to this path, the innermost first: of `a/b/c`, `a/b` and `a`.
    package var foldersAbove: some Sequence<String> {
        sequence(state: utf8[...]) { rest in
            // By bytes: with a combining mark behind it, a slash is another character to Swift.
            guard let slash = rest.lastIndex(of: UInt8(ascii: "/")) else { return nil }
            rest = rest[..<slash]
            return String(Substring(rest))
        }
    }
}
