import LinuxIO

/// What an agent is called in the Lease that it holds: `<host>_<random>`; in a pod whose UID is known
/// `<host>_<uid>_<random>`, with `<uid>.<container>` where the mounts show the container.
///
/// UID and container are what tells an earlier process of the same container, which is dead, from everybody else. The host's
/// name does not: two agents on one machine share it, and so does a StatefulSet's pod with its successor on another node.
/// Some runtimes (gVisor, Kata Containers) show no mounts of the kubelet; then only the pod is known, by its UID.
package struct AgentIdentity: Sendable, Equatable {
    /// No other process's.
    package let text: String
    /// How the identities of earlier processes of the same container start; nil if that is not known.
    package let predecessors: String?
    /// Whether they start with the container's name too. Else those of the pod's other containers start so as well.
    package let namesContainer: Bool

    /// - Parameters:
    ///   - podUID: nil: as `mounts` show it.
    ///   - mounts: proc_pid_mountinfo(5).
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

    /// Empty if there is no /proc.
    package static var mounts: String {
        let content = try? FileDescriptor(reading: "/proc/self/mountinfo").content(limit: 1 << 20)
        return content.flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

/// What the kubelet's mounts show of the container that this process runs in.
private struct Container {
    private(set) var podUID: String?
    private(set) var name: String?

    /// The kubelet mounts `<its folder>/pods/<uid>/etc-hosts` over /etc/hosts, and
    /// `<its folder>/pods/<uid>/containers/<name>/<number>` as the termination message's file.
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

    /// A static pod's is 32 digits.
    private static func isUID(_ text: String) -> Bool {
        [32, 36].contains(text.utf8.count) && text.allSatisfy { $0.isHexDigit || $0 == "-" }
    }
}
