import LinuxIO

/// The identity of an agent in its Lease: `<host>_<random>`, in a pod whose UID is known `<host>_<uid>_<random>`, and
/// `<host>_<uid>.<container>_<random>` if the mounts also show the container.
///
/// UID and container distinguish an earlier process of the same container, which is dead, from all other processes. The
/// host name does not: two agents on one machine share it, and so do a pod of a StatefulSet and its successor on
/// another node. Some runtimes (gVisor, Kata Containers) do not show the mounts of the kubelet. Then only the UID of
/// the pod is known.
package struct AgentIdentity: Sendable, Equatable {
    /// Unique to this process.
    package let text: String
    /// The common prefix of the identities of earlier processes of the same container; nil if it is not known.
    package let predecessors: String?
    /// Whether the prefix includes the name of the container. If not, other containers of the pod have the same prefix.
    package let namesContainer: Bool

    /// - Parameters:
    ///   - podUID: nil to take it from `mounts`.
    ///   - mounts: the content of proc_pid_mountinfo(5).
    package init(podUID: String?, host: String = HostName.current, mounts: String = Self.mounts) {
        let random = String(UInt64.random(in: UInt64.min...UInt64.max), radix: 16)
        let container = Container(mounts: mounts)
        guard let uid = podUID ?? container.podUID else {
            text = "\(host)_\(random)"
            predecessors = nil
            namesContainer = false
            return
        }
        let name = container.podUID == uid ? container.name : nil
        let start = "\(host)_\(uid)\(name.map { ".\($0)" } ?? "")_"
        text = start + random
        predecessors = start
        namesContainer = name != nil
    }

    /// The UID of this pod, as the mounts of the kubelet show it; nil if they do not.
    package static var podUID: String? { Container(mounts: mounts).podUID }

    /// The mounts of this process; empty if they cannot be read.
    package static var mounts: String {
        let content = try? FileDescriptor(reading: "/proc/self/mountinfo").content(limit: 1 << 20)
        return content.flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

/// The pod and container of this process, as far as the mounts of the kubelet show them.
private struct Container {
    private(set) var podUID: String?
    private(set) var name: String?

    /// The kubelet mounts `<its folder>/pods/<uid>/etc-hosts` over /etc/hosts, and
    /// `<its folder>/pods/<uid>/containers/<name>/<number>` as the file of the termination message.
    init(mounts: String) {
        for line in mounts.utf8.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count > 4 else { continue }
            let root = fields[3].split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
            if root.last == "etc-hosts", fields[4].elementsEqual("/etc/hosts".utf8) {
                podUID = Self.uid(in: root, before: root.count - 1)
            } else if root.count >= 5, root[root.count - 3] == "containers", root.contains("pods"),
                Self.uid(in: root, before: root.count - 3) != nil
            {
                name = root[root.count - 2]
            }
        }
    }

    private static func uid(in root: [String], before end: Int) -> String? {
        guard end >= 2, root[end - 2] == "pods", isUID(root[end - 1]) else { return nil }
        return root[end - 1]
    }

    /// The UID of a static pod has 32 hexadecimal digits without dashes.
    private static func isUID(_ text: String) -> Bool {
        [32, 36].contains(text.utf8.count) && text.allSatisfy { $0.isHexDigit || $0 == "-" }
    }
}
