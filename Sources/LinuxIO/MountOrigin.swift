import Glibc

/// What of a file system is mounted where an open directory lies: the field `root` of proc_pid_mountinfo(5).
///
/// A volume's `subPath` is mounted by the kubelet from within the generation that was current then,
/// `/..2026_11_21_08_30_00.123456789/certs`, and stays there when the volume goes on to the next.
package struct MountOrigin: Sendable, Equatable {
    /// As the kernel writes it; ends in `//deleted` once what is mounted is deleted.
    package let root: String

    package init(root: String) { self.root = root }

    /// Nil if /proc does not tell, as for a mount of another namespace.
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

    /// The generation of an atomically written volume that it lies in; nil: in none.
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
