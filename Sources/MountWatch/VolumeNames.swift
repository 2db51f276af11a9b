import LinuxIO

/// The names that an atomically written volume reserves (Kubernetes, `pkg/volume/util/atomic_writer.go`).
enum VolumeNames {
    /// The link to the current generation.
    static let data = "..data"

    /// Whether a name is reserved. Applies to any folder, because any folder may be a volume.
    static func isReserved(_ name: String) -> Bool { name.utf8.starts(with: "..".utf8) }
}

extension Directory {
    /// The target of `..data`; nil if there is no such link.
    var dataTarget: String? { try? linkTarget(VolumeNames.data) }

    /// Lists the directory, up to a number that exceeds the limit for a mount.
    func listing() throws(LinuxError) -> DirectoryListing { try entries(limit: 2 * MountLimits.files) }

    /// Whether the directory contains links into `..data`. A volume that has them but no `..data` is not yet written,
    /// or half removed.
    func hasLinksIntoData(_ listing: DirectoryListing) -> Bool {
        listing.entries.contains { entry in
            guard entry.kind == .link, let target = try? linkTarget(entry.name) else { return false }
            return target.utf8.starts(with: (VolumeNames.data + "/").utf8)
        }
    }
}
