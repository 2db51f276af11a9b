import Glibc
import LinuxIO
import MountWatch
import Observability
import TestSupport
import TestTraits
import Testing

/// Volumes with atomic updates.
@Suite(.tags(.unsafeMemory)) struct SnapshotReaderVolumeTests {
    private let folder: TemporaryDirectory
    private let volume: AtomicVolume
    private var path: String { folder("mount") }

    init() throws {
        folder = try TemporaryDirectory()
        volume = try AtomicVolume(folder("mount"))
    }

    @Test func `all files of the generation are read, by their paths`() throws {
        let name = try volume.write(["a": "1", "certs/tls.crt": "2", "certs/deep/er": "3", "empty": ""])
        let snapshot = try #require(MountWatcher.read(path: path).snapshot)
        #expect(snapshot.texts == ["a": "1", "certs/tls.crt": "2", "certs/deep/er": "3", "empty": ""])
        #expect(snapshot.generation == name)
        #expect(snapshot.createdAt > Timestamp(seconds: 1_700_000_000))
    }

    @Test func `an unchanged file shares its bytes with the previous snapshot`() throws {
        try volume.write(["a": "1", "b": "2"])
        var reader = SnapshotReader(path: path)
        let first = try #require(reader.read().snapshot)
        try volume.write(["a": "1", "b": "3"])
        let second = try #require(reader.read(previous: first).snapshot)
        #expect(second.generation != first.generation)
        #expect(second.changedPaths(since: first) == ["b"])
        #expect(first.files["a"]?.bytes != nil)
        #expect(first.files["a"]?.bytes === second.files["a"]?.bytes)
    }

    @Test func `files are added and removed with their generation`() throws {
        try volume.write(["a": "1", "b": "2"])
        var reader = SnapshotReader(path: path)
        let first = try #require(reader.read().snapshot)
        try volume.write(["b": "2", "c/d": "3"])
        let second = try #require(reader.read(previous: first).snapshot)
        #expect(second.texts == ["b": "2", "c/d": "3"])
        #expect(second.changedPaths(since: first) == ["a", "c/d"])
    }

    @Test func `a generation before its swap is ignored`() throws {
        try volume.write(["a": "1"])
        let next: [String: [UInt8]] = ["a": Array("2".utf8), "b": Array("2".utf8)]
        let generation = try volume.writeGeneration(next)
        try volume.addLinks(for: next)
        #expect(MountWatcher.read(path: path).texts == ["a": "1"])
        try volume.swap(to: generation)
        #expect(MountWatcher.read(path: path).texts == ["a": "2", "b": "2"])
    }

    @Test func `a volume before its first swap is absent`() throws {
        #expect(MountWatcher.read(path: path).absence?.contains("empty") == true)
        let files: [String: [UInt8]] = ["a": Array("1".utf8)]
        _ = try volume.writeGeneration(files)
        #expect(MountWatcher.read(path: path).absence != nil)
        try volume.addLinks(for: files)
        #expect(MountWatcher.read(path: path).absence?.contains("no ..data") == true)
    }

    @Test func `a volume without files is absent`() throws {
        try volume.write([String: String]())
        #expect(MountWatcher.read(path: path).absence?.contains("empty") == true)
    }

    @Test func `a volume that is being unmounted is never read as a generation, at any step`() throws {
        let name = try volume.write(["a": "1", "b": "2", "c/d": "3"])
        var reader = SnapshotReader(path: path)
        let first = try #require(reader.read().snapshot)
        for step in ["\(name)/a", "\(name)/c/d", "\(name)/c", "\(name)/b", name, "b", "..data", "a", "c", ""] {
            removeTree(folder("mount/\(step)"))
            #expect(reader.read(previous: first).absence != nil, "after the removal of \(step)")
        }
    }

    @Test func `a volume that loses its link first is never read as a plain folder`() throws {
        try volume.write(["a": "1"])
        var reader = SnapshotReader(path: path)
        let first = try #require(reader.read().snapshot)
        unlink(folder("mount/..data"))
        unlink(folder("mount/a"))
        try writeFile(folder("mount/stray"), "x")
        #expect(reader.read(previous: first).absence != nil)
        try volume.write(["a": "2"])
        #expect(reader.read(previous: first).texts == ["a": "2"])
    }

    @Test func `a generation link that leads out of the mount is not followed`() throws {
        try makeDirectory(folder("outside"))
        try writeFile(folder("outside/a"), "x")
        try makeLink(folder("mount/..data"), to: "../outside")
        #expect(MountWatcher.read(path: path).absence != nil)
        unlink(folder("mount/..data"))
        try makeLink(folder("mount/..data"), to: folder("outside"))
        #expect(MountWatcher.read(path: path).absence != nil)
    }

    @Test func `a dangling link in a generation fails that file alone`() throws {
        let name = try volume.write(["a": "1"])
        try makeLink(folder("mount/\(name)/b"), to: "nowhere")
        let snapshot = try #require(MountWatcher.read(path: path).snapshot)
        #expect(snapshot.files["b"]?.error == .unreadable(reason: "No such file or directory"))
        #expect(snapshot.texts == ["a": "1"])
    }

    @Test func `a link in a generation cannot lead to another generation`() throws {
        let old = try volume.writeGeneration(["key": Array("old".utf8)])
        let name = try volume.write(["a": "1"])
        try makeLink(folder("mount/\(name)/key"), to: "../\(old)/key")
        let snapshot = try #require(MountWatcher.read(path: path).snapshot)
        #expect(snapshot.files["key"]?.error == .outsideMount)
    }

    @Test func `generations are never mixed, however often they are swapped meanwhile`() throws {
        let swaps = 300
        let names = (0..<8).flatMap { ["file\($0)", "sub\($0)/one", "sub\($0)/two"] }
        @Sendable func files(_ number: Int) -> [String: [UInt8]] {
            Dictionary(uniqueKeysWithValues: names.map { ($0, Array("\(number)".utf8)) })
        }
        try volume.write(files(0))
        let isDone = Switch(false)
        let path = path
        let writer = try OwnedThread(name: "kubelet") {
            defer { isDone.isOn = true }
            guard let volume = try? AtomicVolume(path, firstNumber: 1000) else { return }
            for number in 1...swaps {
                // Half of the old generation is removed first, and for a moment it looks complete: only `..data` shows
                // the difference.
                guard let old = volume.dataTarget, let new = try? volume.writeGeneration(files(number)) else { return }
                try? volume.swap(to: new)
                for folder in 0..<8 { removeTree("\(path)/\(old)/sub\(folder)/two") }
                // The interval of the writer: the time in which half of it is visible.
                usleep(300)
                removeTree("\(path)/\(old)")
                // The reader gives up after some attempts, so give it some time.
                usleep(300)
            }
        }
        var reader = SnapshotReader(path: path)
        var seen: Set<String> = []
        var mixed = 0
        while !isDone.isOn {
            // Without the previous snapshot, which would show that files of a known generation are missing.
            guard let snapshot = reader.read().snapshot else { continue }
            let values = Set(snapshot.texts.values)
            if values.count != 1 || snapshot.files.count != names.count { mixed += 1 }
            seen.formUnion(values)
        }
        writer.join()
        #expect(mixed == 0)
        #expect(seen.count > 10)
        #expect(MountWatcher.read(path: path).texts?["file0"] == "\(swaps)")
    }
}
