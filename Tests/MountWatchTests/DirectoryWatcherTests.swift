import Glibc
import LinuxIO
import MountWatch
import TestSupport
import TestTraits
import Testing

/// Against the kernel: inotify queues events before the call that causes them returns, so almost nothing here waits.
///
/// The exceptions are IN_DELETE_SELF and IN_CLOSE_WRITE, which arrive when the last descriptor is closed. A child process
/// that another test starts at that moment has all descriptors of this process until it executes its program, also those
/// that are closed then (O_CLOEXEC).
@Suite(.tags(.unsafeMemory)) struct DirectoryWatcherTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    /// A watcher of the folder `root`, in which all that happened so far has been seen.
    private func watcher(_ root: String) -> MountReader {
        let watched = MountReader(DirectoryWatcher(root: folder(root)))
        watched.repair()
        return watched
    }

    @Test func `nothing happens without a change`() throws {
        try makeDirectory(folder("root"))
        // Without a descriptor that is opened for writing: its IN_CLOSE_WRITE could arrive late.
        try require("mknod", folder("root/a"), mknod(folder("root/a"), S_IFREG | 0o600, 0))
        let watcher = watcher("root")
        let file = open(folder("root/a"), O_RDONLY)
        close(file)
        #expect(!watcher.drain())
        #expect(watcher.problem == nil)
    }

    @Test func `the swap of a volume is seen`() throws {
        let volume = try AtomicVolume(folder("root"))
        try volume.write(["a": "1"])
        let next = try volume.writeGeneration(["a": Array("2".utf8)])
        let watcher = watcher("root")
        try volume.swap(to: next)
        #expect(watcher.drain())
    }

    @Test func `changes in place, by rename and by removal are seen`() throws {
        try makeDirectory(folder("root"))
        try writeFile(folder("root/a"), "1")
        let watcher = watcher("root")
        try writeFile(folder("root/a"), "2")
        #expect(watcher.drain())
        try writeFile(folder("b"), "3")
        try rename(folder("b"), to: folder("root/a"))
        #expect(watcher.drain())
        chmod(folder("root/a"), 0o600)
        #expect(watcher.drain())
        unlink(folder("root/a"))
        #expect(watcher.drain())
    }

    @Test func `at depth 0 what happens in subfolders is not seen`() throws {
        try makeDirectory(folder("root/sub"))
        let watcher = MountReader(DirectoryWatcher(root: folder("root"), depth: 0))
        watcher.repair()
        try writeFile(folder("root/sub/a"), "1")
        #expect(!watcher.drain())
        try writeFile(folder("root/a"), "1")
        #expect(watcher.drain())
    }

    @Test func `a subfolder that appears later is watched, with those in it`() throws {
        try makeDirectory(folder("root"))
        let watcher = watcher("root")
        try makeDirectory(folder("root/one/two"))
        #expect(watcher.drain())
        try writeFile(folder("root/one/two/a"), "1")
        #expect(watcher.drain())
    }

    @Test func `a subfolder that is moved in is watched`() throws {
        try makeDirectory(folder("root"))
        try makeDirectory(folder("other/two"))
        let watcher = watcher("root")
        try rename(folder("other"), to: folder("root/one"))
        #expect(watcher.drain())
        try writeFile(folder("root/one/two/a"), "1")
        #expect(watcher.drain())
    }

    @Test func `a subfolder that is moved out is not watched any more`() throws {
        try makeDirectory(folder("root/one/two"))
        let watcher = watcher("root")
        try rename(folder("root/one"), to: folder("one"))
        #expect(watcher.drain())
        try writeFile(folder("one/two/a"), "1")
        try writeFile(folder("one/a"), "1")
        #expect(!watcher.drain())
        #expect(try watcher.kernelWatches() == 1)
    }

    @Test func `a subfolder that is removed and recreated is watched`() throws {
        try makeDirectory(folder("root/one"))
        let watcher = watcher("root")
        removeTree(folder("root/one"))
        try makeDirectory(folder("root/one"))
        #expect(watcher.drain())
        try writeFile(folder("root/one/a"), "1")
        #expect(watcher.drain())
    }

    @Test func `generations of a volume are not entered`() throws {
        try makeDirectory(folder("root/..2026"))
        let watcher = watcher("root")
        try writeFile(folder("root/..2026/a"), "1")
        #expect(!watcher.drain())
    }

    @Test func `attributes in the present generation are seen, those of its folders and of the next one too`() throws {
        let volume = try AtomicVolume(folder("root"))
        let files: [String: [UInt8]] = ["a": Array("1".utf8), "certs/deep/crt": Array("1".utf8)]
        try volume.write(files)
        let watcher = watcher("root")
        for _ in 0..<2 {
            for file in ["a", "certs/deep/crt", "certs/deep"] {
                chmod(folder("root/..data/\(file)"), 0o700)
                #expect(watcher.drain(), "\(file)")
            }
            let kernelWatches = try watcher.kernelWatches()
            #expect(kernelWatches == 4)
            try volume.write(files)
            #expect(watcher.drain())
        }
    }

    @Test func `the reading of a generation, and the removal of the last one, is no change`() throws {
        let volume = try AtomicVolume(folder("root"))
        let files: [String: [UInt8]] = ["a": Array("1".utf8), "certs/crt": Array("1".utf8)]
        try volume.write(files)
        let watcher = watcher("root")
        #expect(readText(folder("root/certs/crt")) == "1")
        #expect(names(in: folder("root/certs/")) == ["crt"])
        #expect(!watcher.drain())
        let old = try #require(volume.dataTarget)
        try volume.swap(to: try volume.writeGeneration(files))
        #expect(watcher.drain())
        removeTree(folder("root/\(old)/certs"))
        unlink(folder("root/\(old)/a"))
        #expect(!watcher.drain())
    }

    @Test func `a volume in a folder is watched as one`() throws {
        let volume = try AtomicVolume(folder("root/sub/azure"))
        try volume.write(["a": "1"])
        let watcher = watcher("root")
        try volume.swap(to: try volume.writeGeneration(["a": Array("2".utf8)]))
        #expect(watcher.drain())
        chmod(folder("root/sub/azure/..data/a"), 0o600)
        #expect(watcher.drain())
        _ = try volume.writeGeneration(["a": Array("3".utf8)])
        #expect(watcher.drain(), "a name in the folder")
        let hidden = names(in: folder("root/sub/azure")).filter { $0.hasPrefix("..2026") }
        for name in hidden where name != volume.dataTarget { try writeFile(folder("root/sub/azure/\(name)/a"), "4") }
        #expect(!watcher.drain())
    }

    @Test func `a root that is made later, its parents too, is watched`() throws {
        let watcher = watcher("deep/er/root")
        try writeFile(folder("unrelated"), "1")
        #expect(!watcher.drain())
        try makeDirectory(folder("deep"))
        #expect(watcher.drain())
        try makeDirectory(folder("deep/er"))
        #expect(watcher.drain())
        try makeDirectory(folder("deep/er/root"))
        #expect(watcher.drain())
        try writeFile(folder("deep/er/root/a"), "1")
        #expect(watcher.drain())
        #expect(watcher.problem == nil)
    }

    @Test func `a root that is removed and recreated is watched`() async throws {
        try makeDirectory(folder("root"))
        let watcher = watcher("root")
        removeTree(folder("root"))
        #expect(await eventually { watcher.drain() })
        try makeDirectory(folder("root"))
        #expect(watcher.drain())
        try writeFile(folder("root/a"), "1")
        #expect(watcher.drain())
    }

    @Test func `a root that is moved away is waited for`() throws {
        try makeDirectory(folder("root"))
        let watcher = watcher("root")
        try rename(folder("root"), to: folder("elsewhere"))
        #expect(watcher.drain())
        try writeFile(folder("elsewhere/a"), "1")
        #expect(!watcher.drain())
        try rename(folder("elsewhere"), to: folder("root"))
        #expect(watcher.drain())
        try writeFile(folder("root/a"), "2")
        #expect(watcher.drain())
    }

    @Test func `after an overflow the tree is watched anew`() throws {
        try makeDirectory(folder("root"))
        let watcher = watcher("root")
        // fs.inotify.max_queued_events is 16384; equal events in a row are merged, so two take turns.
        try writeFile(folder("root/a"), "")
        try writeFile(folder("root/b"), "")
        for _ in 0..<9000 {
            chmod(folder("root/a"), 0o600)
            chmod(folder("root/b"), 0o600)
        }
        // Its event is the one that gets lost.
        try makeDirectory(folder("root/late"))
        #expect(watcher.drain())
        try writeFile(folder("root/late/a"), "1")
        #expect(watcher.drain())
    }

    @Test func `without inotify it says why, and goes on when there is one again`() throws {
        try makeDirectory(folder("root"))
        let isAvailable = Switch(false)
        let watcher = MountReader(
            DirectoryWatcher(root: folder("root")) { () throws(LinuxError) in
                if !isAvailable.isOn { throw LinuxError("start", "inotify", code: EMFILE) }
                return try Inotify()
            })
        watcher.repair()
        #expect(watcher.problem?.code == EMFILE)
        #expect(!watcher.hasDescriptor)
        #expect(!watcher.drain())
        isAvailable.isOn = true
        watcher.repair()
        #expect(watcher.problem == nil)
        try writeFile(folder("root/a"), "1")
        #expect(watcher.drain())
    }
}

/// A watcher that `#expect` can look at: its macro cannot take values without copies.
private final class MountReader {
    private var watcher: DirectoryWatcher

    init(_ watcher: consuming DirectoryWatcher) { self.watcher = watcher }

    var problem: LinuxError? { watcher.problem }
    var hasDescriptor: Bool { watcher.rawValue != nil }

    func repair() { watcher.repair() }

    /// How many watches the kernel holds for it: proc_pid_fdinfo(5) has a line for each.
    func kernelWatches() throws -> Int {
        guard let descriptor = watcher.rawValue else { return 0 }
        let file = try Directory(path: "/proc/self/fdinfo").openBeneath("\(descriptor)")
        var text = [UInt8](repeating: 0, count: 65536)
        let count = try text.withUnsafeMutableBytes { try file.read(into: $0) }
        return String(decoding: text[..<count], as: UTF8.self).split(separator: "\n").count {
            $0.hasPrefix("inotify wd:")
        }
    }

    /// Drains to the end: a repair may cause events of its own.
    func drain() -> Bool {
        var changed = false
        while watcher.drain() { changed = true }
        return changed
    }
}
