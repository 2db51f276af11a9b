import Glibc
import LinuxIO
import MountWatch
import TestSupport
import Testing

/// Files of unmounted volumes that are kept, and the limits for them.
@Suite struct KeptFilesTests {
    private let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
        try makeDirectory(folder("mount"))
        try writeFile(folder("mount/plain"), "1")
    }

    /// Without limits, a vault that creates one volume after another would fill the memory with kept files.
    @Test func `volumes that appear and disappear are kept up to the limits of a mount, and not beyond`() throws {
        var reader = SnapshotReader(path: folder("mount"))
        var snapshot = try #require(reader.read().snapshot)
        var reason: String?
        for number in 0..<40 where reason == nil {
            let volume = try AtomicVolume(folder("mount/volume-\(number)"))
            try volume.write(["a": [UInt8](repeating: 7, count: 1 << 20)])
            for _ in 0..<2 {
                switch reader.read(previous: snapshot) {
                case .snapshot(let next): snapshot = next
                case .absent(let text), .lost(let text): reason = text
                }
                volume.tearDown()
            }
        }
        #expect(reason?.contains("with the last content of its absent volumes, exceeds") == true)
        #expect(snapshot.files.count <= 33)
        #expect(snapshot.texts["plain"] == "1")
    }

    /// After a first successful reading, they are kept as unreadable.
    @Test func `files of folders that become unreadable count as files`() throws {
        var reader = SnapshotReader(path: folder("mount"))
        var snapshot = try #require(reader.read().snapshot)
        var reason: String?
        for number in 0..<12 where reason == nil {
            try makeDirectory(folder("real"))
            for file in 0..<1000 { try writeFile(folder("real/\(file)"), "1") }
            try rename(folder("real"), to: folder("mount/real-\(number)"))
            try makeLink(folder("mount/link-\(number)"), to: "real-\(number)")
            for _ in 0..<2 {
                switch reader.read(previous: snapshot) {
                case .snapshot(let next): snapshot = next
                case .absent(let text), .lost(let text): reason = text
                }
                removeTree(folder("mount/real-\(number)"))
            }
        }
        #expect(reason?.contains("holds more than 10000 files") == true)
        #expect(snapshot.files.count <= 10_000)
    }

    @Test func `of a folder with very many names, no more are read than the limit requires`() throws {
        for number in 0..<200 { try writeFile(folder("mount/\(number)"), "") }
        let mount = try Directory(path: folder("mount"))
        #expect(try mount.entries(limit: 50).entries.count == 50)
        #expect(try mount.entries().entries.count == 201)
    }
}
