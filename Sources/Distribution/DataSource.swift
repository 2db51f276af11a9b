/// One entry of `spec.dataFrom`: a source of many data keys.
package struct DataSource: Sendable, Hashable {
    package enum Format: String, Sendable, CaseIterable {
        case json = "JSON"
        case dotenv = "Dotenv"
        case properties = "Properties"
    }

    package enum Content: Sendable, Hashable {
        /// One key for each member of a file. `decode` and `pointer` are applied to the file first.
        case file(SourcePath, Format, Derivation)
        /// One key for each file of a folder.
        case folder(SourceFolder)
    }

    /// How its keys are renamed: `trimPrefix`, then `prefix`, then each of `replace`.
    package struct Rename: Sendable, Hashable {
        package var trimPrefix = ""
        package var prefix = ""
        /// Each replaces all occurrences of a text.
        package var replace: [Replacement] = []

        package struct Replacement: Sendable, Hashable {
            package let from: String
            package let to: String
        }

        /// Bytes. A replacement can make a key many times longer.
        private static let longest = 4096

        /// The new name; nil if it becomes longer than any key, also in between.
        package func apply(_ key: String) -> String? {
            var key = key
            if !trimPrefix.isEmpty, key.utf8.starts(with: trimPrefix.utf8) {
                key = String(Substring(key.utf8.dropFirst(trimPrefix.utf8.count)))
            }
            key = prefix + key
            for replacement in replace {
                guard key.utf8.count <= Self.longest else { return nil }
                key = key.replacing(replacement.from, with: replacement.to)
            }
            return key.utf8.count <= Self.longest ? key : nil
        }
    }

    /// The index in `spec.dataFrom`.
    package var index: Int
    package var content: Content
    package var rename: Rename?

    /// The file that it names; empty for a folder.
    package var files: [SourcePath] { if case .file(let path, _, _) = content { [path] } else { [] } }

    package var folder: SourceFolder? { if case .folder(let folder) = content { folder } else { nil } }

    /// The source in messages: a path in quotes.
    package var description: String {
        switch content {
        case .file(let path, _, _): shown(path.text)
        case .folder(let folder): shown(folder.path.isEmpty ? "." : folder.path)
        }
    }
}

/// A folder of the mount, and which of its files are used.
package struct SourceFolder: Sendable, Hashable {
    /// Relative to the mount; "" is the mount itself.
    package let path: String
    /// Patterns of paths relative to the folder, as text: compiled patterns take many times the memory.
    package let include: [ExactText]
    package let exclude: [ExactText]

    package init(_ path: String, include: [ExactText], exclude: [ExactText]) {
        self.path = path
        self.include = include
        self.exclude = exclude
    }

    package static func == (left: SourceFolder, right: SourceFolder) -> Bool {
        left.path.isSame(as: right.path) && left.include == right.include && left.exclude == right.exclude
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(path)
        hasher.combine(include)
        hasher.combine(exclude)
    }

    /// The files among `paths`, which are relative to the mount: path and key, which is the path relative to the
    /// folder. Sorted by path. Without `include`, the files directly in the folder.
    package func files(among paths: some Sequence<String>) -> [(path: SourcePath, key: String)] {
        let isIncluded = include.isEmpty ? { !$0.utf8.contains(UInt8(ascii: "/")) } : Self.matcher(include)
        let isExcluded = exclude.isEmpty ? { _ in false } : Self.matcher(exclude)
        let start = path.isEmpty ? "" : "\(path)/"
        var files: [(path: SourcePath, key: String)] = []
        for path in paths where path.utf8.starts(with: start.utf8) {
            let key = String(Substring(path.utf8.dropFirst(start.utf8.count)))
            guard isIncluded(key), !isExcluded(key), let source = try? SourcePath(path) else { continue }
            files.append((source, key))
        }
        return files.sorted { $0.path.text.utf8.lexicographicallyPrecedes($1.path.text.utf8) }
    }

    /// Whether files of the volume in `other`, another folder, may be files of this folder.
    package func mayContainFiles(of other: String) -> Bool {
        let start = path.isEmpty ? "" : "\(path)/"
        // The folder is in the volume, or the volume is in the folder and `include` reaches into it.
        return "\(path)/".utf8.starts(with: "\(other)/".utf8)
            || (!include.isEmpty && other.utf8.starts(with: start.utf8))
    }

    /// The first of `failed` that may be, or contain, a file of the folder: whether a path that cannot be read is a file or
    /// a folder is not known.
    package func uncertain(among failed: some Sequence<String>) -> SourcePath? {
        let isExcluded = exclude.isEmpty ? { _ in false } : Self.matcher(exclude)
        let start = path.isEmpty ? "" : "\(path)/"
        let found = failed.filter { failed in
            guard failed.utf8.starts(with: start.utf8) else { return false }
            let key = String(Substring(failed.utf8.dropFirst(start.utf8.count)))
            return (!include.isEmpty || !key.utf8.contains(UInt8(ascii: "/"))) && !isExcluded(key)
        }
        return found.min().flatMap { try? SourcePath($0) }
    }

    private static func matcher(_ texts: [ExactText]) -> (String) -> Bool {
        let patterns = texts.compactMap { try? Pattern($0.text, for: .file) }
        let automaton = PatternAutomaton(patterns)
        let all = automaton.selection(of: patterns.indices)
        let ends = automaton.ends(of: patterns.indices)
        return { automaton.run($0, all).meets(ends) }
    }
}
