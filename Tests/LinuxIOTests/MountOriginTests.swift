import LinuxIO
import TestSupport
import TestTraits
import Testing

@Suite(.tags(.unsafeMemory)) struct MountOriginTests {
    @Test(
        arguments: [
            ("/", nil, false), ("/var/lib/kubelet/pods/1/volumes/kubernetes.io~configmap/c", nil, false),
            ("/..2026_11_21_08_30_00.123/certs", "..2026_11_21_08_30_00.123", false),
            ("/volumes/v/..2026_11_21_08_30_00.123/a/b//deleted", "..2026_11_21_08_30_00.123", true),
            ("/plain//deleted", nil, true), ("/a..b/.c", nil, false),
        ] as [(String, String?, Bool)])
    func `the root of a mount shows its generation`(root: String, generation: String?, isDeleted: Bool) {
        let origin = MountOrigin(root: root)
        #expect(origin.generation == generation)
        #expect(origin.isDeleted == isDeleted)
    }

    @Test func `the mount of an open directory is found`() throws {
        let folder = try TemporaryDirectory()
        #expect(MountOrigin(of: try Directory(path: folder.path))?.root.hasPrefix("/") == true)
        #expect(MountOrigin(of: try Directory(path: "/proc/self"))?.root == "/")
    }
}
