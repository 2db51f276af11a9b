import LinuxIO

/// The names that an atomically written volume keeps for itself (Kubernetes, `pkg/volume/util/atomic_writer.go`).
enum VolumeNames {
    /// The link to the current generation.
    static let data = "..data"

    /// Whether a name is none of a source file, in any folder: any may be a volume.
    static func isReserved(_ name: String) -> Bool { name.utf8.starts(with: "..".utf8) }
}

extension Directory {
    /// Where `..data` leads; nil if there is no such link.
    var dataTarget: String? { try? linkTarget(VolumeNames.data) }

    /// Its entries, as far as they matter: with more than that the mount holds too much.
    func listing() throws(LinuxError) -> DirectoryListing { try entries(limit: 2 * MountLimits.files) }

    /// A volume without `..data`: not yet written, or half removed.
    func hasLinksIntoData(_ listing: DirectoryListing) -> Bool {
        listing.entries.contains { entry in
            guard entry.kind == .link, let target = try? linkTarget(entry.name) else { return false }
            return target.utf8.starts(with: (VolumeNames.data + "/").utf8)
        }
    }
}
