import Glibc
import LinuxIO
import MountWatch
import TestSupport
import TestTraits
import Testing

/// Folders of the mount that are volumes themselves: several vaults in one mount.
@Suite(.tags(.unsafeMemory)) struct NestedVolumeTests {
    private let folder: TemporaryDirectory
    private let azure: AtomicVolume
    private var path: String { folder("mount") }

    init() throws {
        folder = try TemporaryDirectory()
        try makeDirectory(folder("mount/sub"))
        azure = try AtomicVolume(folder("mount/sub/azure"))
    }

    @Test func `each volume is read with its own generation, and each file counts once`() throws {
        let name = try azure.write(["pw": "1", "certs/crt": "2"])
        let aws = try AtomicVolume(folder("mount/aws"), firstNumber: 50).write(["pw": "3"])
        try writeFile(folder("mount/plain"), "4")
        let snapshot = try #require(MountWatcher.read(path: path).snapshot)
        #expect(snapshot.texts == ["sub/azure/pw": "1", "sub/azure/certs/crt": "2", "aws/pw": "3", "plain": "4"])
        #expect(snapshot.volumes.count == 3)
        #expect(snapshot.volumes["sub/azure"]?.generation == name)
        #expect(snapshot.volumes["sub/azure"]?.isAtomic == true)
        #expect(snapshot.volumes[""]?.isAtomic == false)
        #expect(snapshot.generation(of: ["sub/azure/pw"]) == "sub/azure/\(name)")
        #expect(snapshot.generation(of: ["aws/pw", "sub/azure/gone"]) == "aws/\(aws), sub/azure/\(name)")
        #expect(snapshot.generation(of: ["plain"]) == snapshot.volumes[""]?.generation)
    }

    @Test func `a mount that has only volumes is valid`() throws {
        try azure.write(["pw": "1"])
        let snapshot = try #require(MountWatcher.read(path: path).snapshot)
        #expect(snapshot.texts == ["sub/azure/pw": "1"])
        #expect(Set(snapshot.volumes.keys) == ["sub/azure"])
    }

    @Test func `a volume does not change the generation of the plain folder around it`() throws {
        try azure.write(["pw": "1"])
        try writeFile(folder("mount/plain"), "1")
        var reader = SnapshotReader(path: path)
        let first = try #require(reader.read().snapshot)
        try folder.passClockTick()
        try azure.write(["pw": "2"])
        let second = try #require(reader.read(previous: first).snapshot)
        #expect(second.volumes[""] == first.volumes[""])
        #expect(second.volumes["sub/azure"] != first.volumes["sub/azure"])
        #expect(second.changedPaths(since: first) == ["sub/azure/pw"])
    }

    @Test func `unmounting a volume loses no file at any step, and the rest of the mount is read`() throws {
        let name = try azure.write(["a": "1", "b": "2", "c/d": "3"])
        try writeFile(folder("mount/plain"), "0")
        var reader = SnapshotReader(path: path)
        var last = try #require(reader.read().snapshot)
        let before = last.volumes["sub/azure"]
        var texts = try #require(last.texts.isEmpty ? nil : last.texts)
        let steps = ["\(name)/a", "\(name)/c/d", "\(name)/c", "\(name)/b", name, "b", "..data", "a", "c", ""]
        for (number, step) in steps.enumerated() {
            removeTree(folder("mount/sub/azure/\(step)"))
            try writeFile(folder("mount/plain"), "\(number)")
            texts["plain"] = "\(number)"
            last = try #require(reader.read(previous: last).snapshot)
            #expect(last.texts == texts, "after the removal of \(step)")
            #expect(last.volumes["sub/azure"]?.absence != nil)
            #expect(last.volumes["sub/azure"]?.generation == before?.generation)
            #expect(reader.remarks.absences.keys.contains("sub/azure"))
        }
        let next = try AtomicVolume(folder("mount/sub/azure"), firstNumber: 10).write(["a": "5"])
        last = try #require(reader.read(previous: last).snapshot)
        #expect(last.texts == ["plain": "\(steps.count - 1)", "sub/azure/a": "5"])
        #expect(last.volumes["sub/azure"]?.generation == next)
        #expect(last.volumes["sub/azure"]?.absence == nil)
        #expect(reader.remarks.absences.isEmpty)
    }

    @Test func `an unreadable volume that was never read fails like its folder`() throws {
        let files: [String: [UInt8]] = ["pw": Array("1".utf8)]
        let next = try azure.writeGeneration(files)
        try azure.addLinks(for: files)
        try writeFile(folder("mount/plain"), "1")
        var reader = SnapshotReader(path: path)
        let first = try #require(reader.read().snapshot)
        #expect(first.texts == ["plain": "1"])
        #expect(first.files["sub/azure"]?.error?.description.contains("no ..data") == true)
        #expect(first.volumes["sub/azure"] == nil)
        try azure.swap(to: next)
        let second = try #require(reader.read(previous: first).snapshot)
        #expect(second.texts == ["plain": "1", "sub/azure/pw": "1"])
        #expect(second.files.count == 2)
    }

    @Test func `a plain folder that replaces it is read`() throws {
        try azure.write(["pw": "1"])
        var reader = SnapshotReader(path: path)
        let first = try #require(reader.read().snapshot)
        try rename(folder("mount/sub/azure"), to: folder("away"))
        try makeDirectory(folder("mount/sub/azure"))
        let second = try #require(reader.read(previous: first).absence)
        #expect(second.contains("azure is empty or gone"))
        try writeFile(folder("mount/sub/azure/new"), "2")
        #expect(reader.read(previous: first).texts == ["sub/azure/new": "2"])
    }

    @Test func `a plain mount without files of its own keeps them while it contains a volume`() throws {
        try azure.write(["pw": "1"])
        try writeFile(folder("mount/plain"), "1")
        var reader = SnapshotReader(path: path)
        let first = try #require(reader.read().snapshot)
        unlink(folder("mount/plain"))
        let second = try #require(reader.read(previous: first).snapshot)
        #expect(second.texts == first.texts)
        #expect(second.volumes[""]?.absence?.contains("is empty") == true)
    }

    @Test func `a folder beside the links of a volume is a volume if it has generations`() throws {
        let mount = try AtomicVolume(folder("both"), firstNumber: 20)
        try mount.write(["own": "1", "folder/own": "2"])
        try makeDirectory(folder("both/stray"))
        try writeFile(folder("both/stray/file"), "x")
        let name = try AtomicVolume(folder("both/azure"), firstNumber: 30).write(["pw": "3"])
        var reader = SnapshotReader(path: folder("both"))
        let first = try #require(reader.read().snapshot)
        #expect(first.texts == ["own": "1", "folder/own": "2", "azure/pw": "3"])
        #expect(first.volumes["azure"]?.generation == name)
        removeTree(folder("both/azure"))
        try mount.write(["own": "2"])
        let second = try #require(reader.read(previous: first).snapshot)
        #expect(second.texts == ["own": "2", "azure/pw": "3"])
        removeTree(folder("both/..data"))
        #expect(reader.read(previous: second).absence?.contains("lost its ..data") == true)
    }

    @Test func `a volume in a folder beside the links of a volume is read, at any depth`() throws {
        let mount = try AtomicVolume(folder("both"), firstNumber: 20)
        try mount.write(["own": "1"])
        try makeDirectory(folder("both/certs"))
        try makeDirectory(folder("both/certs/eu"))
        try writeFile(folder("both/certs/stray"), "x")
        let azure = try AtomicVolume(folder("both/certs/eu/azure"), firstNumber: 30)
        let name = try azure.write(["pw": "3"])
        var reader = SnapshotReader(path: folder("both"))
        let first = try #require(reader.read().snapshot)
        #expect(first.texts == ["own": "1", "certs/eu/azure/pw": "3"])
        #expect(first.volumes["certs/eu/azure"]?.generation == name)
        try azure.write(["pw": "4"])
        let second = try #require(reader.read(previous: first).snapshot)
        #expect(second.changedPaths(since: first) == ["certs/eu/azure/pw"])
        azure.tearDown()
        let third = try #require(reader.read(previous: second).snapshot)
        #expect(third.texts == second.texts)
        #expect(third.volumes["certs/eu/azure"]?.absence != nil)
    }

    @Test func `a volume whose generation link leads out of it is not read`() throws {
        try makeDirectory(folder("mount/other"))
        try writeFile(folder("mount/other/pw"), "x")
        try makeLink(folder("mount/sub/azure/..data"), to: "../../other")
        let snapshot = try #require(MountWatcher.read(path: path).snapshot)
        #expect(snapshot.texts == ["other/pw": "x"])
        #expect(snapshot.files["sub/azure"]?.error != nil)
    }

    @Test func `volumes whose names only look the same are not confused`() throws {
        for (number, name) in ["\u{e9}", "e\u{301}"].enumerated() {
            try AtomicVolume(folder("mount/\(name)"), firstNumber: 10 * number).write(["pw": name])
        }
        try writeFile(folder("mount/plain"), "1")
        let snapshot = try #require(MountWatcher.read(path: path).snapshot)
        #expect(snapshot.texts == ["plain": "1"])
        #expect(snapshot.files["\u{e9}"]?.error == .ambiguousName)
    }

    @Test func `a folder that was always empty differs from one that was emptied`() throws {
        try writeFile(folder("mount/plain"), "1")
        try makeDirectory(folder("mount/certs"))
        try writeFile(folder("mount/certs/ca"), "1")
        var reader = SnapshotReader(path: path)
        let first = try #require(reader.read().snapshot)
        #expect(first.emptyFolders == ["sub/azure"])
        unlink(folder("mount/certs/ca"))
        let second = try #require(reader.read(previous: first).snapshot)
        #expect(second.emptyFolders == ["sub/azure"])
        #expect(second.texts == ["plain": "1"])
        #expect(MountWatcher.read(path: path).snapshot?.emptyFolders == ["sub/azure", "certs"])
    }

    @Test func `generations are never mixed, however often the volume and its neighbours change meanwhile`() throws {
        let names = (0..<8).flatMap { ["file\($0)", "sub\($0)/one"] }
        @Sendable func files(_ number: Int) -> [String: [UInt8]] {
            Dictionary(uniqueKeysWithValues: names.map { ($0, Array("\(number)".utf8)) })
        }
        try azure.write(files(0))
        try writeFile(folder("mount/plain"), "0")
        let isDone = Switch(false)
        let folder = folder
        let writer = try OwnedThread(name: "driver") {
            defer { isDone.isOn = true }
            guard let volume = try? AtomicVolume(folder("mount/sub/azure"), firstNumber: 1000) else { return }
            for number in 1...200 {
                guard let old = volume.dataTarget, let new = try? volume.writeGeneration(files(number)) else { return }
                try? volume.swap(to: new)
                for index in 0..<4 { removeTree(folder("mount/sub/azure/\(old)/sub\(index)")) }
                // The interval of the writer.
                usleep(300)
                removeTree(folder("mount/sub/azure/\(old)"))
                try? writeFile(folder("mount/plain"), "\(number)")
                usleep(300)
            }
        }
        var reader = SnapshotReader(path: path)
        var seen: Set<String> = []
        var mixed = 0
        while !isDone.isOn {
            guard let snapshot = reader.read().snapshot, snapshot.volumes["sub/azure"] != nil else { continue }
            var texts = snapshot.texts
            texts["plain"] = nil
            if Set(texts.values).count != 1 || texts.count != names.count { mixed += 1 }
            seen.formUnion(texts.values)
        }
        writer.join()
        #expect(mixed == 0)
        #expect(seen.count > 10)
        #expect(MountWatcher.read(path: path).texts?["sub/azure/file0"] == "200")
    }
}
