import Glibc

/// The directory within its file system that is mounted where an open directory is: the field `root` of
/// proc_pid_mountinfo(5).
///
/// The kubelet mounts a `subPath` of a volume from the generation that is current at that time, for example
/// `/..2026_11_21_08_30_00.123456789/certs`. The mount does not follow the volume to later generations.
package struct MountOrigin: Sendable, Equatable {
    /// The field as the kernel writes it. It ends in `//deleted` once the directory has been deleted.
    package let root: String

    package init(root: String) { self.root = root }

    /// Returns nil if /proc has no entry, as for a mount of another namespace.
    package init?(of directory: borrowing Directory) {
        guard let info = Self.text("fdinfo/\(directory.descriptor.rawValue)"),
            let id = info.split(separator: "\n").first(where: { $0.hasPrefix("mnt_id:") })?
                .split(whereSeparator: \.isWhitespace).last,
            let mounts = Self.text("mountinfo")
        else { return nil }
        for line in mounts.split(separator: "\n") {
            // ID, parent's ID, device, root, mount point, ...
            let fields = line.split(separator: " ", maxSplits: 4)
            guard fields.count == 5, fields[0] == id else { continue }
            root = String(fields[3])
            return
        }
        return nil
    }

    /// The generation of an atomically written volume that the directory belongs to; nil if there is none.
    package var generation: String? {
        root.split(separator: "/").first { $0.utf8.starts(with: "..".utf8) }.map(String.init)
    }

    package var isDeleted: Bool { root.hasSuffix("//deleted") }

    private static func text(_ name: String) -> String? {
        guard let file = try? FileDescriptor(reading: "/proc/self/\(name)"),
            let bytes = try? file.content(limit: 16 << 20)
        else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
