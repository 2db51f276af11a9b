import Glibc
import LinuxIO
import MountWatch
import Snapshots
import TestSupport
import TestTraits
import Testing

/// Plain folders, and all kinds of entries in them.
@Suite(.tags(.unsafeMemory)) struct SnapshotReaderFolderTests {
    private let folder: TemporaryDirectory
    private var path: String { folder("mount") }

    init() throws {
        folder = try TemporaryDirectory()
        try makeDirectory(folder("mount"))
    }

    private func read() throws -> Snapshot { try #require(MountWatcher.read(path: path).snapshot) }

    @Test func `all files are read, by their paths`() throws {
        try makeDirectory(folder("mount/certs/deep"))
        try writeFile(folder("mount/a"), "1")
        try writeFile(folder("mount/certs/deep/er"), "2")
        #expect(try read().texts == ["a": "1", "certs/deep/er": "2"])
    }

    @Test func `names that begin with two dots belong to a volume, in any folder`() throws {
        try makeDirectory(folder("mount/sub"))
        for name in ["a", "..b", "..\u{301}", "sub/..c", "sub/e", ".d"] { try writeFile(folder("mount/\(name)"), "1") }
        #expect(Set(try read().files.keys) == ["a", "sub/e", ".d"])
    }

    @Test func `the generation changes with each change, including removals`() throws {
        try writeFile(folder("mount/a"), "1")
        try writeFile(folder("mount/b"), "1")
        let first = try read()
        #expect(first.generation.hasSuffix("Z"))
        try folder.passClockTick()
        unlink(folder("mount/b"))
        let second = try read()
        #expect(second.generation > first.generation)
        #expect(second.changedPaths(since: first) == ["b"])
    }

    @Test func `a missing folder, an empty one and a file in its place count as absent`() throws {
        #expect(MountWatcher.read(path: path).absence == "\(path) is empty")
        try makeDirectory(folder("mount/empty"))
        #expect(MountWatcher.read(path: path).absence == "\(path) is empty")
        #expect(MountWatcher.read(path: folder("none")).absence?.contains("No such file") == true)
        try writeFile(folder("file"), "1")
        #expect(MountWatcher.read(path: folder("file")).absence?.contains("Not a directory") == true)
    }

    @Test func `links inside the mount are followed, across subfolders too`() throws {
        try makeDirectory(folder("mount/one"))
        try makeDirectory(folder("mount/two"))
        try writeFile(folder("mount/two/a"), "1")
        try makeLink(folder("mount/one/a"), to: "../two/a")
        try makeLink(folder("mount/three"), to: "two")
        #expect(try read().texts == ["one/a": "1", "two/a": "1", "three/a": "1"])
    }

    @Test(arguments: [
        "../secret", "../../../../../../../../etc/hostname", "sub/../../secret", "/etc/hostname", "ABSOLUTE",
    ])
    func `a link that leads out of the mount is rejected`(target: String) throws {
        try makeDirectory(folder("mount/sub"))
        try writeFile(folder("secret"), "x")
        try makeLink(folder("mount/link"), to: target == "ABSOLUTE" ? folder("secret") : target)
        #expect(try read().files["link"]?.error == .outsideMount)
    }

    @Test func `a folder link that leads out of the mount is rejected`() throws {
        try makeDirectory(folder("outside"))
        try writeFile(folder("outside/a"), "x")
        try makeLink(folder("mount/link"), to: "../outside")
        let snapshot = try read()
        #expect(snapshot.files["link"]?.error == .outsideMount)
        #expect(snapshot.texts.isEmpty)
    }

    @Test func `links into proc are rejected`() throws {
        try makeLink(folder("mount/root"), to: "/proc/self/root")
        try makeLink(folder("mount/cwd"), to: "/proc/self/cwd")
        try makeLink(folder("mount/environment"), to: "/proc/self/environ")
        let snapshot = try read()
        #expect(snapshot.files.count == 3)
        #expect(snapshot.files.values.allSatisfy { $0.error == .outsideMount })
    }

    @Test func `a cycle of folder links is handled`() throws {
        try makeDirectory(folder("mount/sub"))
        try writeFile(folder("mount/sub/a"), "1")
        try makeLink(folder("mount/sub/up"), to: "../sub")
        try makeLink(folder("mount/sub/top"), to: "..")
        try makeLink(folder("mount/self"), to: ".")
        try makeLink(folder("mount/one"), to: "two")
        try makeLink(folder("mount/two"), to: "one")
        let snapshot = try read()
        #expect(snapshot.texts == ["sub/a": "1"])
        #expect(snapshot.files["one"]?.error?.description.contains("symbolic links") == true)
    }

    @Test func `an entry that is not a regular file fails at once, without blocking`() throws {
        try require("mkfifo", "fifo", mkfifo(folder("mount/fifo"), 0o644))
        try makeLink(folder("mount/link"), to: "fifo")
        try writeFile(folder("mount/a"), "1")
        let snapshot = try read()
        #expect(snapshot.files["fifo"]?.error == .notRegular)
        #expect(snapshot.files["link"]?.error == .notRegular)
        #expect(snapshot.texts == ["a": "1"])
    }

    @Test func `a file of the size of a Secret is read, a larger one is not`() throws {
        try writeFile(folder("mount/fits"), [UInt8](repeating: 7, count: SourceFile.maximumSize))
        try writeFile(folder("mount/large"), [UInt8](repeating: 7, count: SourceFile.maximumSize + 1))
        let snapshot = try read()
        #expect(snapshot.files["fits"]?.bytes?.count == SourceFile.maximumSize)
        #expect(snapshot.files["large"]?.error == .tooLarge(size: SourceFile.maximumSize + 1))
    }

    @Test func `a huge file uses no memory`() throws {
        try writeFile(folder("mount/huge"), "")
        try require("truncate", "huge", truncate(folder("mount/huge"), 1 << 40))
        #expect(try read().files["huge"]?.error == .tooLarge(size: 1 << 40))
    }

    @Test(.enabled(if: geteuid() != 0, "root can read all files"))
    func `an unreadable file fails alone`() throws {
        try writeFile(folder("mount/a"), "1")
        try writeFile(folder("mount/b"), "2")
        chmod(folder("mount/b"), 0)
        let snapshot = try read()
        #expect(snapshot.files["b"]?.error == .unreadable(reason: "Permission denied"))
        #expect(snapshot.texts == ["a": "1"])
    }

    @Test func `the files of a folder that becomes unreadable are unreadable, not removed`() throws {
        try makeDirectory(folder("mount/certs"))
        try writeFile(folder("mount/certs/tls.crt"), "1")
        var reader = SnapshotReader(path: path)
        let first = try #require(reader.read().snapshot)
        removeTree(folder("mount/certs"))
        try makeLink(folder("mount/certs"), to: "certs")
        let second = try #require(reader.read(previous: first).snapshot)
        #expect(second.files["certs/tls.crt"]?.error == second.files["certs"]?.error)
        #expect(second.files["certs/tls.crt"]?.error != nil)
    }

    @Test func `files whose names only look the same are not confused`() throws {
        for name in ["\u{e9}", "e\u{301}", "plain"] { try writeFile(folder("mount/\(name)"), name) }
        for name in ["\u{e9}", "e\u{301}"] {
            try makeDirectory(folder("mount/\(name)-folder"))
            try writeFile(folder("mount/\(name)-folder/a"), name)
        }
        let snapshot = try read()
        #expect(snapshot.texts == ["plain": "plain"])
        #expect(snapshot.files["\u{e9}"]?.error == .ambiguousName)
        #expect(snapshot.files["\u{e9}-folder/a"]?.error == .ambiguousName)
    }

    @Test func `the names below a folder are compared by bytes, like in the kernel`() throws {
        try makeDirectory(folder("mount/certs"))
        try writeFile(folder("mount/certs/\u{301}"), "1")
        var reader = SnapshotReader(path: path)
        let first = try #require(reader.read().snapshot)
        removeTree(folder("mount/certs"))
        try makeLink(folder("mount/certs"), to: "certs")
        let second = try #require(reader.read(previous: first).snapshot)
        #expect(second.files["certs/\u{301}"]?.error != nil)
    }

    @Test func `a link into an unmounted volume is recognized by its bytes`() throws {
        try makeLink(folder("mount/\u{301}"), to: "..data/\u{301}")
        #expect(MountWatcher.read(path: path).absence == "\(path) has links into ..data but no ..data")
    }

    @Test func `each file and folder reports progress during a reading`() throws {
        try makeDirectory(folder("mount/certs"))
        for name in ["a", "certs/tls.crt", "certs/tls.key"] { try writeFile(folder("mount/\(name)"), "1") }
        let steps = LineRecorder()
        var reader = SnapshotReader(path: path) { steps.add("step") }
        #expect(reader.read().texts?.count == 3)
        #expect(steps.lines.count == 4)
    }

    @Test func `names that are not UTF-8 are ignored and counted`() throws {
        try writeFile(folder("mount/a"), "1")
        let bytes = Array(folder("mount/").utf8CString.dropLast()) + [CChar(bitPattern: 0xff), 0]
        close(open(bytes, O_WRONLY | O_CREAT, 0o644))
        var reader = SnapshotReader(path: path)
        #expect(reader.read().texts == ["a": "1"])
        #expect(reader.remarks.undecodableNames == 1)
        unlink(bytes)
    }

    @Test(arguments: ["mount/a", "mount/..generation/a"])
    func `a file that is being written is never read half, in a volume neither`(name: String) throws {
        let size = 64 << 10
        if name != "mount/a" {
            try makeDirectory(folder("mount/..generation"))
            try makeLink(folder("mount/..data"), to: "..generation")
        }
        try writeFile(folder(name), [UInt8](repeating: 0, count: size))
        let isDone = Switch(false)
        let file = folder(name)
        let writer = try OwnedThread(name: "writer") {
            for number in 0..<200 {
                try? writeFile(file, [UInt8](repeating: UInt8(number), count: size))
                // The interval of the writer; nothing waits for it. Without it, the file would almost always be
                // incomplete.
                usleep(2000)
            }
            isDone.isOn = true
        }
        var whole = 0
        var torn = 0
        while !isDone.isOn {
            guard let bytes = MountWatcher.read(path: path).snapshot?.files["a"]?.bytes else { continue }
            // An empty file is a state that really existed.
            let isWhole = bytes.count == 0 || bytes.count == size && bytes.withUnsafeBytes { Set($0).count == 1 }
            if isWhole { whole += 1 } else { torn += 1 }
        }
        writer.join()
        #expect(whole > 0)
        #expect(torn == 0)
    }

    @Test func `a folder behind a link that is replaced is never read half`() throws {
        let names = (0..<16).map { "file\($0)" }
        let link = folder("link")
        @Sendable func exchange(_ number: Int) throws {
            try makeDirectory("\(link)-\(number)")
            for name in names { try writeFile("\(link)-\(number)/\(name)", "\(number)") }
            try makeLink(link + ".next", to: "link-\(number)")
            try rename(link + ".next", to: link)
        }
        try exchange(0)
        let isDone = Switch(false)
        let writer = try OwnedThread(name: "writer") {
            for number in 1...200 {
                try? exchange(number)
                for name in names.dropFirst(8) { unlink("\(link)-\(number - 1)/\(name)") }
                // The interval of the writer: the time in which half of it is visible.
                usleep(300)
                removeTree("\(link)-\(number - 1)")
                usleep(300)
            }
            isDone.isOn = true
        }
        var (seen, wrong) = (0, 0)
        while !isDone.isOn {
            guard let texts = MountWatcher.read(path: link).texts else { continue }
            seen += 1
            if Set(texts.values).count != 1 || texts.count != names.count { wrong += 1 }
        }
        writer.join()
        #expect(seen > 0)
        #expect(wrong == 0)
    }

    @Test func `files that are replaced one after another are read in a state that existed`() throws {
        let names = (0..<10).map { "file\($0)" }
        for name in names { try writeFile(folder("mount/\(name)"), "0") }
        let isDone = Switch(false)
        let folder = folder
        let writer = try OwnedThread(name: "writer") {
            for number in 1...60 {
                for name in names {
                    try? writeFile(folder("next"), "\(number)")
                    try? rename(folder("next"), to: folder("mount/\(name)"))
                }
                // The interval of the writer, as above.
                usleep(1000)
            }
            isDone.isOn = true
        }
        var wrong = 0
        var seen = 0
        while !isDone.isOn {
            guard let texts = MountWatcher.read(path: path).texts else { continue }
            let numbers = names.compactMap { texts[$0].flatMap { Int($0) } }
            seen += 1
            // At any time, the first files have the next number, and the others the one before.
            let isState = numbers == numbers.sorted(by: >) && (numbers.first ?? 0) - (numbers.last ?? 0) <= 1
            if numbers.count != names.count || !isState { wrong += 1 }
        }
        writer.join()
        #expect(seen > 0)
        #expect(wrong == 0)
    }
}

@Suite struct SnapshotSizeTests {
    @Test func `a folder with more bytes than Secrets can have counts as absent, and is not kept in memory`() throws {
        let folder = try TemporaryDirectory()
        let megabyte = [UInt8](repeating: 7, count: 1 << 20)
        for number in 0..<33 { try writeFile(folder("file-\(number)"), megabyte) }
        guard case .absent(let reason) = MountWatcher.read(path: folder("")) else {
            Issue.record("it was read")
            return
        }
        #expect(reason.contains("holds more than 33554432 bytes"))
    }
}
