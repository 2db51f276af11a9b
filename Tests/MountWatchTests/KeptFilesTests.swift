import Glibc
import LinuxIO
import MountWatch
import Snapshots
import TestSupport
import Testing

/// What stays of volumes that have gone, and how much of it.
@Suite struct KeptFilesTests {
    private let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
        try makeDirectory(folder("mount"))
        try writeFile(folder("mount/plain"), "1")
    }

    /// A vault that makes volume after volume would fill all memory otherwise: what they held stays.
    @Test func `volumes that come and go are kept up to the limits of a mount and no further`() throws {
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

    /// Read once, they are kept as what cannot be read.
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

    @Test func `of a folder of very many names no more are taken than matter`() throws {
        for number in 0..<200 { try writeFile(folder("mount/\(number)"), "") }
        let mount = try Directory(path: folder("mount"))
        #expect(try mount.entries(limit: 50).entries.count == 50)
        #expect(try mount.entries().entries.count == 201)
    }
}
