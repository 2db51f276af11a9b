import KubeRuntime
import Testing

struct AgentIdentityTests {
    private static let uid = "0f1c3ab2-1111-4222-8333-0123456789ab"

    /// The mounts of a container in a pod, with the kubelet's folder on `/`.
    private static let mounts = """
        700 600 0:120 / / rw,relatime - overlay overlay rw
        701 700 0:130 / /proc rw - proc proc rw
        720 700 8:1 /var/lib/kubelet/pods/\(uid)/volumes/kubernetes.io~csi/vault/mount /mnt/secrets ro - ext4 /dev/sda1 rw
        721 700 8:1 /var/lib/kubelet/pods/\(uid)/etc-hosts /etc/hosts rw - ext4 /dev/sda1 rw
        722 700 8:1 /var/lib/kubelet/pods/\(uid)/containers/secrets-distributor/8f9e1c2d /dev/termination-log rw - ext4 /x rw
        """

    @Test(
        "is the host's name and a unique part; with the pod's UID it includes that",
        arguments: [
            (nil, "", nil),
            ("u-1", "", "h_u-1_"),
            (nil, mounts, "h_\(uid).secrets-distributor_"),
            (uid, mounts, "h_\(uid).secrets-distributor_"),
            // The variable has another value: a container name of another pod proves nothing.
            ("u-1", mounts, "h_u-1_"),
            // The kubelet's folder is a separate file system, and the path of the message differs.
            (nil, "1 2 0:1 /pods/\(uid)/etc-hosts /etc/hosts rw - ext4 /x rw", "h_\(uid)_"),
            (
                nil, "1 2 0:1 /pods/0123456789abcdef0123456789abcdef/etc-hosts /etc/hosts rw - ext4 /x rw",
                "h_0123456789abcdef0123456789abcdef_"
            ),
            // Another place, or no UID.
            (nil, "1 2 0:1 /var/lib/docker/containers/0123/hosts /etc/hosts rw - ext4 /x rw", nil),
            (nil, "1 2 0:1 /pods/\(uid)/etc-hosts /etc/other rw - ext4 /x rw", nil),
            (nil, "1 2 0:1 /pods/x/etc-hosts /etc/hosts rw - ext4 /x rw", nil),
            (nil, "1 2 0:1 /etc-hosts /etc/hosts", nil),
            (nil, "\n \n1 2 3\n", nil),
        ] as [(String?, String, String?)])
    func identity(podUID: String?, mounts: String, predecessors: String?) {
        let first = AgentIdentity(podUID: podUID, host: "h", mounts: mounts)
        let second = AgentIdentity(podUID: podUID, host: "h", mounts: mounts)
        #expect(first.predecessors == predecessors)
        #expect(first.text.hasPrefix(predecessors ?? "h_"))
        #expect(first.text != second.text)
        #expect(first.namesContainer == (predecessors?.contains(".secrets-distributor_") == true))
    }
}
