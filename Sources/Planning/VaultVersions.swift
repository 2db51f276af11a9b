package import Distribution

/// The versions of the vault's objects in the mount, as the Secrets Store CSI driver reports them.
package struct VaultVersions: Sendable, Equatable {
    package struct Version: Sendable, Equatable {
        package let object: String
        package let version: String

        package init(object: String, version: String) { (self.object, self.version) = (object, version) }
    }

    /// By source file.
    package let files: [String: Version]
    /// The generation of the mount with which they were read.
    package let generation: String

    package init(files: [String: Version], generation: String) {
        (self.files, self.generation) = (files, generation)
    }

    /// Those of the files that a distribution reads, sorted by file; at most `SourceVersion.most`.
    ///
    /// - Parameter stored: those in its status. An entry whose version is still the same is kept with its generation, so
    ///   that neither another generation nor another agent causes a new status.
    package func sources(of paths: [SourcePath], keeping stored: [SourceVersion]) -> [SourceVersion] {
        Set(paths.map(\.text)).filter { files[$0] != nil }.sorted().prefix(SourceVersion.most).compactMap { path in
            guard let version = files[path] else { return nil }
            let new = SourceVersion(
                from: path, object: version.object, version: version.version, generation: generation)
            return stored.first { $0.isSame(as: new) } ?? new
        }
    }

    /// The files whose versions differ from those in `other`.
    package func changes(since other: VaultVersions?) -> Set<String> {
        Set(files.keys).union(other?.files.keys.map { $0 } ?? []).filter { files[$0] != other?.files[$0] }
    }
}

extension SourceVersion {
    /// Whether it is the same version of the same object, whenever it was read.
    fileprivate func isSame(as other: SourceVersion) -> Bool {
        from == other.from && object == other.object && version == other.version
    }
}
