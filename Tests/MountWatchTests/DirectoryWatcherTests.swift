import Glibc
import LinuxIO
import MountWatch
import TestSupport
import TestTraits
import Testing

/// Tests with the real kernel: inotify queues an event before the call that causes it returns, so almost nothing here
/// waits.
///
/// The exceptions are IN_DELETE_SELF and IN_CLOSE_WRITE, which arrive when the last descriptor is closed. A child
/// process that another test starts at that moment holds all descriptors of this process until it executes its program,
/// even those that are closed then (O_CLOEXEC).
@Suite(.tags(.unsafeMemory)) struct DirectoryWatcherTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    /// A watcher of the folder `root` that has already read all events so far.
    private func watcher(_ root: String) -> MountReader {
        let watched = MountReader(DirectoryWatcher(root: folder(root)))
        watched.repair()
        return watched
    }

    @Test func `no event occurs without a change`() throws {
        try makeDirectory(folder("root"))
        // Created without opening it for writing: its IN_CLOSE_WRITE could arrive late.
        try require("mknod", folder("root/a"), mknod(folder("root/a"), S_IFREG | 0o600, 0))
        let watcher = watcher("root")
        let file = open(folder("root/a"), O_RDONLY)
        close(file)
        #expect(!watcher.drain())
        #expect(watcher.problem == nil)
    }

    @Test func `the swap of a volume is noticed`() throws {
        let volume = try AtomicVolume(folder("root"))
        try volume.write(["a": "1"])
        let next = try volume.writeGeneration(["a": Array("2".utf8)])
        let watcher = watcher("root")
        try volume.swap(to: next)
        #expect(watcher.drain())
    }

    @Test func `changes in place, by rename and by removal are noticed`() throws {
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

    @Test func `at depth 0, changes in subfolders are ignored`() throws {
        try makeDirectory(folder("root/sub"))
        let watcher = MountReader(DirectoryWatcher(root: folder("root"), depth: 0))
        watcher.repair()
        try writeFile(folder("root/sub/a"), "1")
        #expect(!watcher.drain())
        try writeFile(folder("root/a"), "1")
        #expect(watcher.drain())
    }

    @Test func `a new subfolder is watched, including its own subfolders`() throws {
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

    @Test func `a subfolder that is moved out is no longer watched`() throws {
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

    @Test func `generations of a volume are not watched as subfolders`() throws {
        try makeDirectory(folder("root/..2026"))
        let watcher = watcher("root")
        try writeFile(folder("root/..2026/a"), "1")
        #expect(!watcher.drain())
    }

    @Test func `attribute changes are noticed in the current generation, its folders and the next one`() throws {
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

    @Test func `reading a generation, and the removal of the previous one, are not changes`() throws {
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

    @Test func `a volume in a folder is watched as a volume`() throws {
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

    @Test func `a root that is created later, with its parents, is watched`() throws {
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

    @Test func `a root that is moved away is watched again when it returns`() throws {
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

    @Test func `after an overflow the whole tree is watched again`() throws {
        try makeDirectory(folder("root"))
        let watcher = watcher("root")
        // fs.inotify.max_queued_events is 16384; successive equal events are merged, so two events alternate.
        try writeFile(folder("root/a"), "")
        try writeFile(folder("root/b"), "")
        for _ in 0..<9000 {
            chmod(folder("root/a"), 0o600)
            chmod(folder("root/b"), 0o600)
        }
        // The event of this folder is lost.
        try makeDirectory(folder("root/late"))
        #expect(watcher.drain())
        try writeFile(folder("root/late/a"), "1")
        #expect(watcher.drain())
    }

    @Test func `without inotify it reports the reason, and recovers when inotify is available`() throws {
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

/// A wrapper for `#expect`, whose macro cannot use values that are not copyable.
private final class MountReader {
    private var watcher: DirectoryWatcher

    init(_ watcher: consuming DirectoryWatcher) { self.watcher = watcher }

    var problem: LinuxError? { watcher.problem }
    var hasDescriptor: Bool { watcher.rawValue != nil }

    func repair() { watcher.repair() }

    /// The number of watches in the kernel: proc_pid_fdinfo(5) has a line for each.
    func kernelWatches() throws -> Int {
        guard let descriptor = watcher.rawValue else { return 0 }
        let file = try Directory(path: "/proc/self/fdinfo").openBeneath("\(descriptor)")
        var text = [UInt8](repeating: 0, count: 65536)
        let count = try text.withUnsafeMutableBytes { try file.read(into: $0) }
        return String(decoding: text[..<count], as: UTF8.self).split(separator: "\n").count {
            $0.hasPrefix("inotify wd:")
        }
    }

    /// Reads all events; a repair may cause events of its own.
    func drain() -> Bool {
        var changed = false
        while watcher.drain() { changed = true }
        return changed
    }
}
