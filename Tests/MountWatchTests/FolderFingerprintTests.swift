import Glibc
import MountWatch
import TestSupport
import TestTraits
import Testing

@Suite(.tags(.unsafeMemory)) struct FolderFingerprintTests {
    private let folder: TemporaryDirectory
    private var path: String { folder("mount") }

    init() throws {
        folder = try TemporaryDirectory()
        try makeDirectory(folder("mount/sub"))
        try writeFile(folder("mount/a"), "1")
        try writeFile(folder("mount/sub/b"), "1")
        try makeLink(folder("mount/link"), to: "..hidden")
        try writeFile(folder("mount/..hidden"), "1")
        try folder.passClockTick()
    }

    @Test func `without a change the fingerprint is the same`() {
        #expect(FolderFingerprint(path: path) == FolderFingerprint(path: path))
        #expect(FolderFingerprint(path: folder("none")) == FolderFingerprint(path: folder("nor this")))
        #expect(FolderFingerprint(path: path) != FolderFingerprint(path: folder("none")))
    }

    @Test(arguments: ["rewrite", "rename", "add", "remove", "mode", "linked"])
    func `a change in a plain folder changes the fingerprint`(change: String) throws {
        let before = FolderFingerprint(path: path)
        switch change {
        case "rewrite": try writeFile(folder("mount/sub/b"), "2")
        case "rename": try rename(folder("mount/a"), to: folder("mount/c"))
        case "add": try writeFile(folder("mount/sub/c"), "")
        case "remove": unlink(folder("mount/sub/b"))
        case "mode": chmod(folder("mount/sub/b"), 0o600)
        default: try writeFile(folder("mount/..hidden"), "2")
        }
        #expect(FolderFingerprint(path: path) != before)
    }

    @Test func `at depth 0, the content of subfolders is ignored`() throws {
        let before = FolderFingerprint(path: path, depth: 0)
        try writeFile(folder("mount/sub/b"), "22")
        #expect(FolderFingerprint(path: path, depth: 0) == before)
        try writeFile(folder("mount/a"), "22")
        #expect(FolderFingerprint(path: path, depth: 0) != before)
    }

    @Test func `the swap of a volume changes the fingerprint, even if everything else is the same`() throws {
        let volume = try AtomicVolume(folder("volume"))
        try volume.write(["a": "1"])
        let before = FolderFingerprint(path: folder("volume"))
        try volume.write(["a": "1"])
        #expect(FolderFingerprint(path: folder("volume")) != before)
    }

    @Test func `the swap of a volume in a folder, or beside the links of a volume, changes the fingerprint`() throws {
        let inner = try AtomicVolume(folder("mount/sub/azure"))
        try inner.write(["a": "1"])
        let outer = try AtomicVolume(folder("volume"))
        try outer.write(["a": "1"])
        for name in ["volume/certs", "volume/certs/eu"] { try makeDirectory(folder(name)) }
        let beside = try AtomicVolume(folder("volume/azure"))
        try beside.write(["a": "1"])
        let deeper = try AtomicVolume(folder("volume/certs/eu/aws"))
        try deeper.write(["a": "1"])
        for (volume, path) in [(inner, path), (beside, folder("volume")), (deeper, folder("volume"))] {
            let before = FolderFingerprint(path: path)
            #expect(FolderFingerprint(path: path) == before)
            try volume.write(["a": "1"])
            #expect(FolderFingerprint(path: path) != before)
        }
    }

    @Test func `replacing a folder with an equal one changes the fingerprint`() throws {
        try AtomicVolume(folder("one")).write(["a": "1"])
        let before = FolderFingerprint(path: folder("one"))
        try rename(folder("one"), to: folder("other"))
        try AtomicVolume(folder("one")).write(["a": "1"])
        #expect(FolderFingerprint(path: folder("one")) != before)
    }
}
